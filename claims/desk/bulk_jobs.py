"""Runs bulk jobs in steps. Each step is one transaction.

A job stops or pauses between two steps. Completed steps aren't undone. A long job pauses for each
new job, so that it doesn't hold up a mapping's grants.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from django.db import DatabaseError, transaction
from django.db.models import Case, F, When
from django.utils.translation import gettext as _

from accounts.models import PlatformAccount
from claims.desk import actions
from claims.desk.actions import ActionContext
from claims.desk.audit import Subject, make_row
from claims.ledger import reconsider_reward
from claims.models import AuditEvent, BulkJob
from core.clock import Clock
from core.leases import AT_A_STRETCH, HeldLease, LeaseLost, lease
from core.logs import log_event
from core.models import Lease
from core.platform_errors import PlatformError, PlatformPaused

logger = logging.getLogger(__name__)

REVOKED_AT_A_STEP = 100
SUBJECTS_AT_MOST = 10_000
Outcome = BulkJob.Outcome
# (processed subjects, changed rows) of one step.
Progress = tuple[int, int]


class TooMuchAtOnce(ValueError):
    """More than 10,000 subjects in one job."""


@transaction.atomic
def start_job(
    *,
    kind: BulkJob.Kind,
    subjects: Sequence[str] = (),
    reward_id: str = "",
    total: int = 0,
    act: ActionContext,
) -> BulkJob:
    """Create a job. A worker starts it on its next run, which the caller may trigger.

    Raises TooMuchAtOnce, or ReasonMissing for a revocation without a reason.
    """
    if len(subjects) > SUBJECTS_AT_MOST:
        said = _("Select at most %(most)s at a time, not %(count)s.")
        raise TooMuchAtOnce(said % {"most": f"{SUBJECTS_AT_MOST:,}", "count": f"{len(subjects):,}"})
    if kind == BulkJob.Kind.REVOKE:
        act.demand_reason()
    job = BulkJob.objects.create(
        kind=kind,
        subjects=list(subjects),
        reward_id=reward_id,
        actor=act.actor,
        reason=act.reason.strip(),
        total=total or len(subjects),
        created_at=act.now,
    )
    _note(job, act, {"kind": kind.value, "total": job.total})
    return job


@transaction.atomic
def stop_job(*, job: BulkJob, actor: str, now: datetime) -> bool:
    """Stop a job after its current step. False if it has ended or is already stopping."""
    going_on = BulkJob.objects.filter(pk=job.pk, ended_at=None, stop_asked_at=None)
    is_asked = bool(going_on.update(stop_asked_at=now))
    if is_asked:
        _note(job, ActionContext(actor=actor, reason="", now=now), {"stopped_after": job.done})
    return is_asked


def _note(job: BulkJob, act: ActionContext, after: dict[str, object]) -> None:
    make_row(
        action=AuditEvent.Action.BULK,
        actor=act.actor,
        subject=Subject("bulkjob", str(job.pk)),
        reason=act.reason,
        after=after,
        now=act.now,
    ).save()


def run_jobs(*, clock: Clock) -> int:
    """Run the unfinished jobs, for about five minutes. Returns how many ended.

    New jobs come first, then those that were begun, oldest first. Each job has a lease, so a job
    that another worker is running is left to it. On a repeat a job continues where it stopped.
    """
    pause_at = clock() + AT_A_STRETCH
    is_begun = Case(When(outcome=Outcome.WAITING, then=0), default=1)
    jobs = BulkJob.objects.filter(ended_at=None).order_by(is_begun, "pk")
    ended = 0
    while clock() < pause_at:
        outcomes = (_run_if_free(job, clock=clock, pause_at=pause_at) for job in jobs.all())
        outcome = next((one for one in outcomes if one is not None), None)
        if outcome is None:
            break
        ended += outcome != Outcome.RUNNING
    return ended


def _run_if_free(job: BulkJob, *, clock: Clock, pause_at: datetime) -> BulkJob.Outcome | None:
    """Returns RUNNING if the job paused, and None if another worker runs it or has ended it."""
    outcome, error = None, ""
    with lease(f"bulk_job:{job.pk}", clock=clock) as held:
        unended = BulkJob.objects.filter(pk=job.pk, ended_at=None)
        if held and unended.update(outcome=Outcome.RUNNING):
            job.refresh_from_db()
            try:
                outcome = _work(job, held=held, pause_at=pause_at)
            except PlatformPaused as failure:
                held.wait_for_platform(failure)
                outcome = Outcome.RUNNING
            except PlatformError as failure:
                outcome, error = Outcome.FAILED, str(failure)
            except (LeaseLost, DatabaseError):
                raise  # the next run continues
            except Exception as failure:
                logger.exception("bulk_job", extra={"fields": {"job": job.pk}})
                outcome = Outcome.FAILED
                said = _("Unexpected error (%s). The worker's log has it.")
                error = said % type(failure).__name__
            if outcome != Outcome.RUNNING:
                unended.update(outcome=outcome, error=error, ended_at=clock())
                # Leases of ended jobs would pile up.
                Lease.objects.filter(job=held.job, owner=held.owner).delete()
            log_event(
                logger, "bulk_job", job=job.pk, kind=job.kind, outcome=outcome.value, error=error
            )
    return outcome


def _work(job: BulkJob, *, held: HeldLease, pause_at: datetime) -> BulkJob.Outcome:
    """Work step by step, until the job is done, is stopped, or has to pause (RUNNING).

    A job pauses when the stretch is over, and for a job that hasn't begun yet.
    """
    if _is_stopped(job):
        return Outcome.STOPPED
    for done, changed in STEPS[BulkJob.Kind(job.kind)](job, held.clock):
        held.renew()
        BulkJob.objects.filter(pk=job.pk).update(
            done=F("done") + done, changed=F("changed") + changed
        )
        if _is_stopped(job):
            return Outcome.STOPPED
        if held.clock() >= pause_at or BulkJob.objects.filter(outcome=Outcome.WAITING).exists():
            return Outcome.RUNNING
    return Outcome.DONE


def _is_stopped(job: BulkJob) -> bool:
    return BulkJob.objects.filter(pk=job.pk, stop_asked_at__isnull=False).exists()


def grant_mapped(job: BulkJob, clock: Clock) -> Iterator[Progress]:
    for changed in reconsider_reward(reward_id=job.reward_id, now=clock()):
        yield changed, changed


def retry_accounts(job: BulkJob, clock: Clock) -> Iterator[Progress]:
    for account in _accounts(job):
        yield 1, actions.retry_claims(account=account, act=_act(job, clock))


def refetch_accounts(job: BulkJob, clock: Clock) -> Iterator[Progress]:
    for account in _accounts(job):
        tally = actions.refetch(account=account, act=_act(job, clock))
        yield 1, tally.recorded


def revoke_in_batches(job: BulkJob, clock: Clock) -> Iterator[Progress]:
    left = job.subjects[job.done :]
    for start in range(0, len(left), REVOKED_AT_A_STEP):
        ids = [int(pk) for pk in left[start : start + REVOKED_AT_A_STEP]]
        done = actions.revoke(entitlement_ids=ids, act=_act(job, clock))
        yield len(ids), done.revoked + done.noted


STEPS: dict[BulkJob.Kind, Callable[[BulkJob, Clock], Iterator[Progress]]] = {
    BulkJob.Kind.GRANT_MAPPED: grant_mapped,
    BulkJob.Kind.RETRY: retry_accounts,
    BulkJob.Kind.REFETCH: refetch_accounts,
    BulkJob.Kind.REVOKE: revoke_in_batches,
}


def _accounts(job: BulkJob) -> Iterator[PlatformAccount]:
    """The remaining accounts in the job's order. Each is loaded just before its step."""
    for account_id in job.subjects[job.done :]:
        yield PlatformAccount.objects.select_related("player").get(pk=account_id)


def _act(job: BulkJob, clock: Clock) -> ActionContext:
    return ActionContext(actor=job.actor, reason=job.reason, now=clock())
