"""Jobs against a Kick that blocks, limits or fails: what they send, and what they mark."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from claims.desk.actions import ActionContext
from claims.desk.bulk_jobs import start_job
from claims.models import BulkJob, Claim, ReconcileRun, Report
from core.models import Lease, RequestBudget
from core.request_budget import Priority, request_priority
from platforms.kick.client import get_kick
from platforms.kick.protocol.errors import KickPaused
from studio_drops import tasks
from tests.claims.kick_claims import claims_at_kick
from tests.factories import make_account, make_campaign, make_claim, make_entitlement, make_report
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db

CLAIMS = "/public/v1/drops/claims"
JOBS = ("confirm_claims", "catch_up", "sweep", "send_reports", "refresh_authorizations")


@pytest.fixture
def kick(local_kick: LocalKick, settings: Any) -> LocalKick:
    local_kick.reset()
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    return local_kick


def run_jobs() -> None:
    for name in JOBS:
        getattr(tasks, name)()


def go_on(**span: float) -> None:
    """Let time pass for everything that waits: as if it had begun to wait earlier."""
    earlier = timedelta(**span)
    for budget in RequestBudget.objects.all():
        budget.counted_at -= earlier
        budget.paused_until = budget.paused_until and budget.paused_until - earlier
        budget.save()
    for lease in Lease.objects.all():
        lease.not_before -= earlier
        lease.save()
    for report in Report.objects.pending():
        report.next_attempt_at -= earlier
        report.save()


def deliver(claims: list[dict[str, Any]]) -> None:
    """Reports are due for these claims."""
    campaign = make_campaign()
    for one in claims:
        claim = make_claim(claim_id=one["claim_id"], campaign=campaign, status="GRANTED")
        make_entitlement(claim=claim, status="FULFILLED")
        make_report(claim, requested_at=timezone.now(), next_attempt_at=timezone.now())


@pytest.mark.parametrize("block", ["json", "html"])
def test_block_is_later_and_never_no(kick: LocalKick, block: str) -> None:
    claims = claims_at_kick(kick, count=150)
    deliver(claims[:100])
    kick.set_faults(api={"path_prefix": "/", "block": block})

    for _ in range(40):  # ten minutes
        run_jobs()
        go_on(seconds=15)
    sent = len(kick.requests())
    refused = Report.objects.refused().count()
    kick.clear_faults()
    for _ in range(8):  # two minutes
        go_on(seconds=15)
        run_jobs()

    assert sent <= 12
    assert refused == 0
    assert not Report.objects.pending().exists()
    assert Claim.objects.count() == 150
    assert not ReconcileRun.objects.filter(outcome="GIVEN_UP").exists()
    assert not RequestBudget.objects.get().paused_until


@pytest.mark.parametrize(("retry_after", "pause"), [(None, 60), (120, 120)])
def test_429_pauses_every_job(kick: LocalKick, retry_after: float | None, pause: int) -> None:
    deliver(claims_at_kick(kick, count=3))
    kick.set_faults(api={"path_prefix": CLAIMS, "status": 429, "retry_after": retry_after})

    for _ in range(pause // 10 - 1):
        run_jobs()
        go_on(seconds=10)
    limited = [one for one in kick.requests() if one["status"] == 429]
    kick.clear_faults()
    go_on(seconds=20)
    run_jobs()

    assert len(limited) == 1
    assert not Report.objects.pending().exists()


def test_budget_holds_jobs_back_but_not_players(kick: LocalKick, settings: Any) -> None:
    settings.KICK_REQUESTS_PER_MINUTE = 20
    api = get_kick().api

    def read_often() -> None:
        for _ in range(20):
            list(api.iter_claims(limit=1))

    with request_priority(Priority.SYNC), pytest.raises(KickPaused) as held:
        read_often()
    by_player = list(api.iter_claims(limit=1))

    assert held.value.is_ours
    assert 3 + 1 <= len(kick.requests()) <= 5 + 1
    assert by_player == []


def test_budget_that_is_used_up_is_no_failure_of_kick(kick: LocalKick, settings: Any) -> None:
    claims_at_kick(kick, count=3)
    settings.KICK_REQUESTS_PER_MINUTE = 2
    tasks.catch_up()
    tasks.catch_up()
    run = ReconcileRun.objects.get()
    lease = Lease.objects.get(pk="catch_up:kick_drops")

    assert (run.outcome, run.error, run.failures) == ("INTERRUPTED", "", 0)
    assert (lease.failures, lease.platform_error) == (0, "")
    assert lease.not_before > timezone.now()


class TestPoison:
    """Kick answers 500 to each batch that has one bad claim."""

    @pytest.mark.parametrize("place", [0, 61])
    def test_others_are_written_and_the_one_is_set_aside(self, kick: LocalKick, place: int) -> None:
        claims = claims_at_kick(kick, count=150)
        deliver(claims)
        poison = sorted(one["claim_id"] for one in claims)[place]
        kick.set_faults(poison=poison)

        for _ in range(20):  # five minutes
            tasks.send_reports()
            go_on(seconds=15)

        refused = Report.objects.refused().values_list("pk", flat=True)
        assert list(refused) == [poison]
        assert Report.objects.pending().count() == 1
        statuses = {one["claim_id"]: one["external_status"] for one in kick.claims()}
        assert statuses.pop(poison) == "initiated"
        assert set(statuses.values()) == {"processed"}

    @pytest.mark.parametrize("count", [1, 10])
    def test_a_kick_that_fails_at_everything_marks_nothing(
        self, kick: LocalKick, count: int
    ) -> None:
        deliver(claims_at_kick(kick, count=count))
        kick.set_faults(api={"path_prefix": CLAIMS, "method": "PATCH", "status": 500})

        for _ in range(20):
            tasks.send_reports()
            go_on(seconds=15)

        assert not Report.objects.refused().exists()
        assert len(kick.requests()) < 150


def test_bulk_refetch_waits_for_the_budget_and_goes_on(kick: LocalKick, settings: Any) -> None:
    settings.KICK_REQUESTS_PER_MINUTE = 20
    act = ActionContext(actor="ada", reason="", now=timezone.now())
    accounts = [make_account().pk for _ in range(10)]
    job = start_job(kind=BulkJob.Kind.REFETCH, subjects=accounts, act=act)

    tasks.run_bulk_jobs()
    job.refresh_from_db()
    after_one_run = job.done
    for _ in range(20):
        go_on(seconds=15)
        tasks.run_bulk_jobs()

    job.refresh_from_db()
    assert 0 < after_one_run < 10
    assert (job.outcome, job.done) == ("DONE", 10)
