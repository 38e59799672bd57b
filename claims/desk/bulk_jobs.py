"""Runs bulk jobs one after the other, in steps. Each step is one transaction.

A job stops between two steps. Completed steps aren't undone.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import PlatformAccount
from claims.desk import actions
from claims.desk.actions import ActionContext
from claims.desk.audit import Subject, make_row
from claims.ledger import reconsider_reward
from claims.models import AuditEvent, BulkJob
from core.clock import Clock
from core.leases import HeldLease, lease
from core.logs import log_event
from core.platform_errors import PlatformError

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
    """Run all unfinished jobs, oldest first. Returns how many ended.

    Returns 0 if another worker holds the lease. On a repeat a job continues where it stopped.
    """
    ended = 0
    with lease("bulk_jobs", clock=clock) as held:
        while held and (job := BulkJob.objects.filter(ended_at=None).order_by("pk").first()):
            _run(job, held=held)
            ended += 1
    return ended


def _run(job: BulkJob, *, held: HeldLease) -> None:
    BulkJob.objects.filter(pk=job.pk).update(outcome=Outcome.RUNNING)
    outcome, error = Outcome.DONE, ""
    try:
        if not _work(job, held=held):
            outcome = Outcome.STOPPED
    except PlatformError as failure:
        outcome, error = Outcome.FAILED, str(failure)
    BulkJob.objects.filter(pk=job.pk).update(outcome=outcome, error=error, ended_at=held.clock())
    log_event(logger, "bulk_job", job=job.pk, kind=job.kind, outcome=outcome.value, error=error)


def _work(job: BulkJob, *, held: HeldLease) -> bool:
    """Returns False if the job was stopped."""
    if _is_stopped(job):
        return False
    for done, changed in STEPS[BulkJob.Kind(job.kind)](job, held.clock):
        held.renew()
        BulkJob.objects.filter(pk=job.pk).update(
            done=F("done") + done, changed=F("changed") + changed
        )
        if _is_stopped(job):
            return False
    return True


def _is_stopped(job: BulkJob) -> bool:
    return BulkJob.objects.filter(pk=job.pk, stop_asked_at__isnull=False).exists()


def _grant_mapped(job: BulkJob, clock: Clock) -> Iterator[Progress]:
    for changed in reconsider_reward(reward_id=job.reward_id, now=clock()):
        yield changed, changed


def _retry(job: BulkJob, clock: Clock) -> Iterator[Progress]:
    for account in _accounts(job):
        yield 1, actions.retry_claims(account=account, act=_act(job, clock))


def _refetch(job: BulkJob, clock: Clock) -> Iterator[Progress]:
    for account in _accounts(job):
        tally = actions.refetch(account=account, act=_act(job, clock))
        yield 1, tally.recorded


def _revoke(job: BulkJob, clock: Clock) -> Iterator[Progress]:
    left = job.subjects[job.done :]
    for start in range(0, len(left), REVOKED_AT_A_STEP):
        ids = [int(pk) for pk in left[start : start + REVOKED_AT_A_STEP]]
        done = actions.revoke(entitlement_ids=ids, act=_act(job, clock))
        yield len(ids), done.revoked + done.noted


STEPS: dict[BulkJob.Kind, Callable[[BulkJob, Clock], Iterator[Progress]]] = {
    BulkJob.Kind.GRANT_MAPPED: _grant_mapped,
    BulkJob.Kind.RETRY: _retry,
    BulkJob.Kind.REFETCH: _refetch,
    BulkJob.Kind.REVOKE: _revoke,
}


def _accounts(job: BulkJob) -> Iterator[PlatformAccount]:
    """The remaining accounts in the job's order. Each is loaded just before its step."""
    for account_id in job.subjects[job.done :]:
        yield PlatformAccount.objects.select_related("player").get(pk=account_id)


def _act(job: BulkJob, clock: Clock) -> ActionContext:
    return ActionContext(actor=job.actor, reason=job.reason, now=clock())
