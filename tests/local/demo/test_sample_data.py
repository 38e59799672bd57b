"""The made-up data keeps every rule that the ledger's own rows keep, and looks like life."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, F

from accounts.models import LinkEvent, PlatformAccount, Player
from claims.ledger import heal_claims
from claims.models import Claim, Entitlement
from local.demo.sample_data import make_sample_data
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def made() -> None:
    assert list(make_sample_data(claims=2500, seed=1, now=NOW)) == [2000, 2500]


def test_data_has_every_shape_of_life(made: None) -> None:
    reasons = dict(Claim.objects.values_list("hold_reason").annotate(Count("pk")))
    statuses = dict(Entitlement.objects.values_list("status").annotate(Count("pk")))

    assert Claim.objects.count() == 2500
    assert set(reasons) == {"", "NOT_LINKED", "UNMAPPED_REWARD", "NOT_OURS", "UNCONFIRMED"}
    assert reasons[""] > 1500
    assert statuses["FULFILLED"] > 0.9 * sum(statuses.values())
    assert Claim.objects.filter(first_hold_reason="NOT_LINKED", status="GRANTED").count() > 20
    assert Claim.objects.filter(path="SYNC").count() > 20
    assert LinkEvent.objects.count() == Player.objects.count() < PlatformAccount.objects.count()


def test_data_agrees_with_the_ledger(made: None) -> None:
    assert heal_claims(now=NOW) == 0
    assert not Claim.objects.filter(recorded_at__gt=NOW).exists()
    assert not Claim.objects.filter(granted_at__lt=F("recorded_at")).exists()
    granted = Claim.objects.filter(status="GRANTED")
    assert granted.filter(entitlements=None).count() == 0
    assert not Entitlement.objects.exclude(player=F("claim__account__player")).exists()


def test_data_can_be_added_to(made: None) -> None:
    list(make_sample_data(claims=10, seed=1, now=NOW))

    assert Claim.objects.count() == 2510


def test_command_is_refused_in_production(settings) -> None:
    settings.DEBUG = False

    with pytest.raises(CommandError, match="Refused"):
        call_command("make_demo_data", claims=1, stdout=io.StringIO())


def test_command_says_what_it_made(settings) -> None:
    settings.DEBUG = True
    out = io.StringIO()

    call_command("make_demo_data", claims=5, stdout=out)

    assert "Added 5 claims." in out.getvalue()
