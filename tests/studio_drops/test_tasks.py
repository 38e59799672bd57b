"""The scheduled tasks: each is there, each does its work, none minds that Kick is down."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.utils import timezone

from accounts.models import Authorization, Deauthorization
from accounts.tokens import encrypt
from claims.models import Claim, RewardItem
from claims.source import Source
from core.leases import HeldLease
from core.models import Lease
from core.platform_errors import PlatformUnavailable
from core.request_budget import Priority
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.oauth import OAuthClient
from studio_drops import tasks
from studio_drops.celery import app
from studio_drops.schedule import JOBS, task_name
from tests.claims.kick_claims import claims_at_kick
from tests.claims.ledger_assertions import receive, record
from tests.factories import (
    make_account,
    make_campaign,
    make_claim,
    make_item,
    make_player,
    make_report,
    make_reward,
)
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db

NAMES = [job.name for job in JOBS]


@pytest.fixture
def kick(local_kick: LocalKick, settings: Any) -> LocalKick:
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    return local_kick


@pytest.mark.parametrize("name", NAMES)
def test_every_scheduled_task_is_registered_and_runs(kick: LocalKick, name: str) -> None:
    app.loader.import_default_modules()

    app.tasks[task_name(name)].apply(throw=True)


@pytest.mark.parametrize("name", NAMES)
def test_no_scheduled_task_minds_that_kick_is_down(settings: Any, name: str) -> None:
    settings.KICK_ID_URL = settings.KICK_API_URL = "http://127.0.0.1:1"
    record(receive(campaign_id="c", reward_id="r"))

    app.tasks[task_name(name)].apply(throw=True)


def test_catch_up_and_heal_tasks_grant_what_is_owed(kick: LocalKick) -> None:
    kick.make_viewer("Ada", user_id=7)
    make_account(user_id="7", player=make_player())
    claims_at_kick(kick, user_id=7)
    tasks.catch_up()
    reward = Claim.objects.get().reward
    RewardItem.objects.create(reward=reward, item=make_item(), quantity=1)

    tasks.heal_claims()

    assert Claim.objects.get().status == "GRANTED"


def test_failure_of_one_platform_does_not_stop_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    done: list[str] = []

    def source(name: str) -> Source:
        made = Source()
        made.name = made.platform = name
        return made

    def work(part: Source) -> None:
        if part.name == "down":
            raise PlatformUnavailable("It is down.")
        if part.name == "buggy":
            raise KeyError("a bug")
        done.append(part.name)

    parts = [source(name) for name in ("down", "buggy", "fine")]
    with pytest.raises(KeyError):
        tasks.for_each("sweep", parts, work, priority=Priority.SWEEP)

    assert done == ["fine"]
    assert [record.fields["part"] for record in caplog.records] == ["down", "buggy"]  # type: ignore[attr-defined]


def test_heal_task_leaves_the_work_to_whoever_holds_its_lease() -> None:
    reward = make_reward()
    campaign = make_campaign(rewards=[reward])
    make_account(user_id="7", player=make_player())
    record(receive(campaign))
    RewardItem.objects.create(reward=reward, item=make_item(), quantity=1)
    tasks.heal_claims()
    Claim.objects.update(status="HELD", hold_reason="NOT_LINKED", granted_at=None)
    Lease.objects.update(owner="another", expires_at="2100-01-01T00:00Z")

    tasks.heal_claims()

    assert Claim.objects.get().status == "HELD"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_task_after_one_whose_connection_died_runs_on_a_new_one() -> None:
    other = connection.copy()
    with connection.cursor() as cursor, other.cursor() as other_cursor:
        cursor.execute("SELECT pg_backend_pid()")
        other_cursor.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
    other.close()
    with pytest.raises(DatabaseError):
        tasks.heal_claims()

    tasks.heal_claims()

    assert Lease.objects.get(job="heal_claims").last_ended_at


# The lease of each job that calls a platform: one per source or platform.
LEASES = {
    "catch_up": "catch_up:kick_drops",
    "confirm_claims": "confirm_claims:kick_drops",
    "send_reports": "reports:kick_drops",
    "send_deauthorizations": "send_deauthorizations:kick",
    "refresh_authorizations": "refresh_authorizations:kick",
}


def run(name: str) -> Lease:
    """Run a job as its schedule does, and return its lease even if the job failed."""
    app.loader.import_default_modules()
    app.tasks[task_name(name)].apply(throw=False)
    return Lease.objects.get(job=LEASES.get(name, name))


@pytest.fixture
def owing(kick: LocalKick) -> LocalKick:
    """Each job that calls Kick has something to do."""
    record(receive(campaign_id="c", reward_id="r"))
    make_report(make_claim(status="GRANTED"))
    now = timezone.now()
    Deauthorization.objects.create(
        account=make_account(),
        created_at=now,
        next_attempt_at=now,
        encrypted_refresh_token=encrypt("a-token"),
    )
    Authorization.objects.create(
        account=make_account(player=make_player()),
        encrypted_refresh_token=encrypt("another-token"),
        scope="",
        authorized_at=now,
        obtained_at=now,
        next_refresh_at=now,
    )
    return kick


ROW_BY_ROW = ["confirm_claims", "send_reports", "send_deauthorizations", "refresh_authorizations"]
CALLING_KICK = ["catch_up", *ROW_BY_ROW]


@pytest.mark.parametrize("name", ["heal_claims", *ROW_BY_ROW])
def test_a_job_renews_its_lease(
    owing: LocalKick, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = []
    renew = HeldLease.renew

    def note(held: HeldLease) -> None:
        renewed.append(held.job)
        renew(held)

    monkeypatch.setattr(HeldLease, "renew", note)
    make_claim(account=make_account(player=make_player()))  # held, but linked

    run(name)

    assert renewed == [LEASES.get(name, name)]


@pytest.mark.parametrize("name", CALLING_KICK)
def test_a_job_waits_and_says_so_while_kick_is_unavailable(owing: LocalKick, name: str) -> None:
    owing.set_faults(api={"status": 429, "retry_after": 100, "path_prefix": "/"})

    first = run(name)
    second = run(name)

    assert first.platform_error
    wait = first.not_before - timezone.now()
    assert timedelta(seconds=80) < wait <= timedelta(seconds=100)
    assert second.last_began_at == first.last_began_at


@pytest.mark.parametrize("name", CALLING_KICK)
@pytest.mark.parametrize("error", [RuntimeError("a bug"), OperationalError("no connection")])
def test_a_fault_of_ours_is_not_called_kick_s(
    owing: LocalKick, name: str, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object, **_keywords: object) -> None:
        raise error

    for method in ("iter_claims", "update_claims"):
        monkeypatch.setattr(KickApi, method, fail)
    for method in ("revoke", "refresh"):
        monkeypatch.setattr(OAuthClient, method, fail)

    lease = run(name)

    assert type(error).__name__ in lease.error
    assert lease.platform_error == ""
