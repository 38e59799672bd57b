"""The groups of staff that a migration makes, against the models as they are."""

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group, Permission

pytestmark = pytest.mark.django_db


def test_groups_have_no_permission_on_a_model_that_is_gone() -> None:
    permissions = Permission.objects.filter(group__isnull=False).select_related("content_type")

    gone = {str(one) for one in permissions if one.content_type.model_class() is None}

    assert gone == set()


def test_support_may_view_every_model_of_the_desk_but_secrets_and_staff() -> None:
    viewed = Group.objects.get(name="support").permissions.filter(codename__startswith="view_")
    permitted = {one.content_type.model_class() for one in viewed.select_related("content_type")}

    hidden = {model._meta.label for model in set(site._registry) - permitted}

    staff = {"auth.Group", "auth.User", "claims.FailedLogin"}
    internals = {
        "accounts.Authorization",
        "accounts.Deauthorization",
        "accounts.LinkAttempt",
        "accounts.LinkTicket",
        "accounts.PendingLink",
        "accounts.WrongCodes",
        "claims.ClaimHour",
        "claims.PlayerSync",
        "claims.RewardFunnel",
        "core.AlertMessage",
        "claims.WebhookDelivery",
        "claims.WebhookMessage",
        "core.Counter",
        "core.Lease",
    }
    assert hidden == staff | internals | {"claims.ApiKey", "claims.WebhookEndpoint"}
