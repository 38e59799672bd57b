"""What each group may do is decided by request, and not by which buttons it is shown."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from claims.models import AuditEvent, Entitlement
from tests.factories import make_campaign, make_entitlement

pytestmark = pytest.mark.django_db

Staff = Callable[[str], Client]
GROUPS = ("nobody", "support", "ops", "owners")


@pytest.fixture
def owed() -> Entitlement:
    return make_entitlement()


def address(name: str, owed: Entitlement) -> str:
    """The desk's pages that are reached by name, and the admin's pages by their path."""
    places = {
        "player": [owed.player_id],
        "search": [],
        "retry": [owed.claim.account_id],
        "refetch": [owed.claim.account_id],
        "grant": [owed.player_id],
        "revoke": [owed.player_id],
        "unlink": [owed.player_id, "kick"],
    }
    return reverse(f"desk:{name}", args=places[name]) if name in places else name


def client_of(group: str, staff: Staff) -> Client:
    if group != "nobody":
        return staff(group)
    client = Client()
    client.force_login(User.objects.create(username="just-staff", is_staff=True))
    return client


# What is asked for -> the lowest group that may.
ASKED_FOR = [
    ("get", "player", "support"),
    ("get", "search", "support"),
    ("post", "retry", "support"),
    ("get", "grant", "ops"),
    ("post", "grant", "ops"),
    ("get", "revoke", "ops"),
    ("post", "revoke", "ops"),
    ("get", "unlink", "ops"),
    ("post", "unlink", "ops"),
    ("get", "/admin/desk/campaigns/none", "support"),
    ("get", "/admin/desk/preflight/none", "support"),
    ("get", "/admin/desk/mapping", "support"),
    ("get", "/admin/desk/jobs/1", "support"),
    ("get", "/admin/desk/mapping/none", "ops"),
    ("post", "/admin/desk/mapping/none", "ops"),
    ("get", "/admin/desk/pause/campaign/none", "ops"),
    ("post", "/admin/desk/pause/reward/none", "ops"),
    ("post", "/admin/desk/resume/reward/none", "ops"),
    ("get", "/admin/desk/catalogue", "ops"),
    ("post", "/admin/desk/catalogue", "ops"),
    ("post", "/admin/desk/catalogue/export", "ops"),
    ("get", "/admin/claims/claim/", "support"),
    ("get", "/admin/claims/auditevent/", "support"),
    ("get", "/admin/claims/bulkjob/", "support"),
    ("get", "/admin/claims/claimhour/", "owners"),
    ("get", "/admin/claims/rewardfunnel/", "owners"),
    ("get", "/admin/claims/campaign/", "support"),
    ("get", "/admin/claims/campaign/add/", "ops"),
    ("get", "/admin/claims/reward/add/", "ops"),
    ("get", "/admin/claims/item/add/", "ops"),
    ("get", "/admin/claims/apikey/", "owners"),
    ("get", "/admin/claims/apikey/add/", "owners"),
    ("get", "/admin/auth/user/", "owners"),
    ("get", "/admin/auth/user/add/", "owners"),
    ("get", "/admin/auth/group/add/", "owners"),
]


@pytest.mark.parametrize(("method", "place", "lowest"), ASKED_FOR)
def test_request_is_refused_to_each_lower_group(
    staff: Staff, owed: Entitlement, method: str, place: str, lowest: str
) -> None:
    url = address(place, owed)

    for group in GROUPS:
        answer = getattr(client_of(group, staff), method)(url)

        is_allowed = GROUPS.index(group) >= GROUPS.index(lowest)
        assert (answer.status_code != 403) == is_allowed, group


def test_acts_that_are_refused_change_nothing(support: Client, owed: Entitlement) -> None:
    pair = make_campaign().pairs.get()
    fields = {"reason": "mischief", "pair": pair.pk, "grant_id": uuid.uuid4()}

    for name in ("grant", "revoke", "unlink"):
        support.post(address(name, owed), fields | {"entitlements": [owed.pk]})

    owed.refresh_from_db()
    assert (owed.status, Entitlement.objects.count()) == ("GRANTED", 1)
    assert owed.player.accounts.exists()
    assert not AuditEvent.objects.exists()


def test_asking_kick_is_refused_without_a_group(staff: Staff, owed: Entitlement) -> None:
    answer = client_of("nobody", staff).post(address("refetch", owed))

    assert answer.status_code == 403


@pytest.mark.parametrize("name", ["player", "grant", "retry"])
def test_strangers_are_sent_to_the_login(client: Client, owed: Entitlement, name: str) -> None:
    answer = (
        client.post(address(name, owed)) if name == "retry" else client.get(address(name, owed))
    )

    assert answer.status_code == 302
    assert answer.url.startswith("/admin/login/")  # type: ignore[attr-defined]


def test_nobody_can_change_the_audit(admin_client: Client, owed: Entitlement) -> None:
    admin_client.post(address("retry", owed))
    event = AuditEvent.objects.get()
    page = reverse("admin:claims_auditevent_change", args=[event.pk])

    answers: list[Any] = [
        admin_client.post(page, {"reason": "another"}),
        admin_client.post(reverse("admin:claims_auditevent_delete", args=[event.pk])),
        admin_client.get(reverse("admin:claims_auditevent_add")),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert AuditEvent.objects.get() == event


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "change", [lambda rows: rows.update(reason="x"), lambda rows: rows.delete()]
)
def test_database_itself_keeps_the_audit(
    admin_client: Client, owed: Entitlement, change: Any
) -> None:
    admin_client.post(address("retry", owed))

    with pytest.raises(DatabaseError, match="only ever added"), transaction.atomic():
        change(AuditEvent.objects.all())

    assert AuditEvent.objects.get().reason == ""


def test_groups_have_permissions_of_existing_models_only() -> None:
    granted = Permission.objects.exclude(group=None).select_related("content_type")

    assert granted
    assert [one for one in granted if one.content_type.model_class() is None] == []


class TestOwnersAndSuperusers:
    """An owner manages staff, but can neither become a superuser nor take one over."""

    @pytest.fixture
    def root(self) -> User:
        return User.objects.create_superuser("root", password="a-long-password")

    @pytest.fixture
    def owner(self, staff: Staff) -> Client:
        return staff("owners")

    def test_superusers_are_not_shown(self, owner: Client, root: User) -> None:
        assert "root" not in owner.get("/admin/auth/user/").content.decode()

    @pytest.mark.parametrize("page", ["change", "password", "delete"])
    def test_superusers_are_out_of_reach(self, owner: Client, root: User, page: str) -> None:
        answer = owner.post(f"/admin/auth/user/{root.pk}/{page}/", {"password1": "x"})

        assert answer.status_code in (302, 403, 404)
        root.refresh_from_db()
        assert root.check_password("a-long-password")

    def test_owner_does_not_become_one(self, owner: Client) -> None:
        me = User.objects.get(is_superuser=False)
        form = {"username": me.username, "is_staff": "on", "is_superuser": "on"}

        owner.post(f"/admin/auth/user/{me.pk}/change/", form)

        me.refresh_from_db()
        assert not me.is_superuser
