"""The case page blames Kick only for Kick's own failures."""

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from core.models import Lease
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.errors import KickUnauthorized, KickUnavailable
from studio_drops import tasks
from tests.claims.ledger_assertions import receive, record
from tests.factories import make_account, make_player

pytestmark = pytest.mark.django_db

OUR_FAULTS = [
    RuntimeError("a bug of ours"),
    OperationalError("the database is gone"),
    KickUnauthorized("Kick refused our credentials."),
]


def run_failing(job: str, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_keywords: object) -> None:
        raise error

    monkeypatch.setattr(KickApi, "iter_claims", fail)
    getattr(tasks, job).apply(throw=False)
    assert Lease.objects.get(job=f"{job}:kick_drops").error


def label_of_case(client: Client) -> str:
    """What the case page says of a linked player with an unconfirmed claim."""
    account = make_account(player=make_player())
    page = client.get(reverse("desk:search"), {"find": account.pk}, follow=True)
    label: str = page.context["page"].diagnosis.label
    return label


@pytest.mark.parametrize("job", ["catch_up", "confirm_claims"])
def test_kick_is_down_when_kick_is_unavailable(
    support: Client, monkeypatch: pytest.MonkeyPatch, job: str
) -> None:
    record(receive(campaign_id="c", reward_id="r"))
    run_failing(job, KickUnavailable("Kick can't be reached."), monkeypatch)

    assert label_of_case(support) == "Kick unavailable"


@pytest.mark.parametrize("job", ["catch_up", "confirm_claims"])
@pytest.mark.parametrize("error", OUR_FAULTS, ids=lambda error: type(error).__name__)
def test_kick_is_never_down_because_of_our_own_fault(
    support: Client, monkeypatch: pytest.MonkeyPatch, job: str, error: Exception
) -> None:
    record(receive(campaign_id="c", reward_id="r"))
    run_failing(job, error, monkeypatch)

    assert label_of_case(support) == "No claim"


def test_our_fault_after_kick_s_outage_ends_the_blame(
    support: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_failing("catch_up", KickUnavailable("Kick can't be reached."), monkeypatch)
    Lease.objects.update(not_before="2020-01-01T00:00Z")
    run_failing("catch_up", RuntimeError("a bug of ours"), monkeypatch)

    assert label_of_case(support) == "No claim"
