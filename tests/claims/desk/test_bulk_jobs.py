"""Bulk jobs: in the background, with progress, stopped between two steps, resumed after a crash."""

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.urls import reverse

from claims.desk import bulk_jobs
from claims.desk.actions import ActionContext
from claims.desk.bulk_jobs import TooMuchAtOnce, run_jobs, start_job, stop_job
from claims.entitlements import ReasonMissing
from claims.models import AuditEvent, BulkJob, Claim, Entitlement
from core.leases import lease
from core.models import Lease
from tests.factories import NOW, make_account, make_claim, make_entitlement, make_player

pytestmark = pytest.mark.django_db

ACT = ActionContext(actor="ada", reason="a wrong batch", now=NOW)
Kind = BulkJob.Kind


def run():
    return run_jobs(clock=lambda: NOW)


def waiting_claims(count):
    """Held although their Kick users are linked: a retry grants them."""
    return [make_claim(account=make_account(player=make_player())) for _ in range(count)]


def retry_of(claims):
    return start_job(kind=Kind.RETRY, subjects=[one.account_id for one in claims], act=ACT)


def test_retry_job_grants_and_counts():
    job = retry_of(waiting_claims(3))

    assert run() == 1

    job.refresh_from_db()
    assert (job.outcome, job.done, job.changed, job.ended_at) == ("DONE", 3, 3, NOW)
    assert Claim.objects.filter(status="GRANTED").count() == 3
    assert run() == 0


def test_job_is_stopped_between_two_steps(monkeypatch):
    job = retry_of(waiting_claims(3))
    renew = bulk_jobs.HeldLease.renew

    def renew_and_ask_to_stop(held):
        stop_job(job=job, actor="bo", now=NOW)
        renew(held)

    monkeypatch.setattr(bulk_jobs.HeldLease, "renew", renew_and_ask_to_stop)
    run()

    job.refresh_from_db()
    assert (job.outcome, job.done) == ("STOPPED", 1)
    assert Claim.objects.filter(status="GRANTED").count() == 1
    stopped = AuditEvent.objects.get(action="BULK", actor="bo")
    assert stopped.after == {"stopped_after": 0}


def test_job_that_was_stopped_before_it_began():
    job = retry_of(waiting_claims(1))

    assert stop_job(job=job, actor="bo", now=NOW)
    assert not stop_job(job=job, actor="bo", now=NOW)
    run()

    job.refresh_from_db()
    assert (job.outcome, job.done) == ("STOPPED", 0)


def test_job_whose_worker_died_goes_on_where_it_was():
    claims = waiting_claims(3)
    job = retry_of(claims)
    BulkJob.objects.filter(pk=job.pk).update(outcome="RUNNING", done=2, changed=2)

    run()

    job.refresh_from_db()
    assert (job.outcome, job.done) == ("DONE", 3)
    assert Claim.objects.get(status="GRANTED") == claims[-1]


class StepClock:
    """A clock that each finished step of a job moves on."""

    def __init__(self, monkeypatch, step):
        self.now = NOW
        renew = bulk_jobs.HeldLease.renew

        def renew_and_move_on(held):
            self.now += step
            renew(held)

        monkeypatch.setattr(bulk_jobs.HeldLease, "renew", renew_and_move_on)

    def __call__(self):
        return self.now


def test_job_that_takes_long_pauses_and_goes_on_where_it_was(monkeypatch):
    clock = StepClock(monkeypatch, step=timedelta(minutes=2))
    job = retry_of(waiting_claims(4))

    assert run_jobs(clock=clock) == 0
    job.refresh_from_db()
    assert (job.outcome, job.done, job.ended_at) == ("RUNNING", 3, None)

    assert run_jobs(clock=clock) == 1
    job.refresh_from_db()
    assert (job.outcome, job.done, job.changed) == ("DONE", 4, 4)
    assert AuditEvent.objects.filter(action="RETRY").count() == 4


def test_job_that_is_new_goes_before_one_that_was_begun(monkeypatch):
    long, short = waiting_claims(3), waiting_claims(1)
    begun = retry_of(long)
    new: list[BulkJob] = []
    retry = bulk_jobs.actions.retry_claims
    order = []

    def retry_and_start_another(*, account, act):
        order.append(account)
        if not new:
            new.append(retry_of(short))
        return retry(account=account, act=act)

    monkeypatch.setattr(bulk_jobs.actions, "retry_claims", retry_and_start_another)

    assert run() == 2

    assert order == [claim.account for claim in (long[0], *short, *long[1:])]
    begun.refresh_from_db()
    assert (begun.outcome, begun.done) == ("DONE", 3)


def test_job_runs_while_another_worker_is_at_a_long_one():
    begun, new = retry_of(waiting_claims(1)), retry_of(waiting_claims(1))
    BulkJob.objects.filter(pk=begun.pk).update(outcome="RUNNING")

    with lease(f"bulk_job:{begun.pk}", clock=lambda: NOW):
        assert run() == 1

    begun.refresh_from_db()
    new.refresh_from_db()
    assert (begun.outcome, new.outcome) == ("RUNNING", "DONE")


def test_job_that_has_ended_leaves_no_lease():
    retry_of(waiting_claims(1))

    run()

    assert not Lease.objects.exists()


def test_revoke_job_takes_back_with_its_reason():
    owed = [make_entitlement() for _ in range(3)]

    job = start_job(kind=Kind.REVOKE, subjects=[str(one.pk) for one in owed], act=ACT)
    run()

    job.refresh_from_db()
    assert (job.outcome, job.changed) == ("DONE", 3)
    reasons = set(Entitlement.objects.values_list("status", "revocation_reason"))
    assert reasons == {("REVOKED", "a wrong batch")}
    assert AuditEvent.objects.filter(action="REVOKE", actor="ada").count() == 3


def test_revoke_job_asks_for_a_reason():
    with pytest.raises(ReasonMissing):
        start_job(kind=Kind.REVOKE, subjects=["1"], act=ActionContext("ada", " ", NOW))


def test_job_that_kick_does_not_answer_has_failed(settings):
    settings.KICK_ID_URL = settings.KICK_API_URL = "http://127.0.0.1:9"
    (claim,) = waiting_claims(1)

    job = start_job(kind=Kind.REFETCH, subjects=[claim.account_id], act=ACT)
    run()

    job.refresh_from_db()
    assert job.outcome == "FAILED"
    assert job.error


def test_job_with_a_bug_fails_and_does_not_stop_the_next(monkeypatch):
    def fail(**_):
        raise KeyError("a bug")

    monkeypatch.setattr(bulk_jobs.actions, "refetch", fail)
    broken, waiting = waiting_claims(2)
    first = start_job(kind=Kind.REFETCH, subjects=[broken.account_id], act=ACT)
    second = retry_of([waiting])

    assert run() == 2

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.outcome, first.ended_at) == ("FAILED", NOW)
    assert first.error == "Unexpected error (KeyError). The worker's log has it."
    assert second.outcome == "DONE"


def test_job_goes_on_after_the_database_failed(monkeypatch):
    def fail(**_):
        raise OperationalError("no connection")

    job = retry_of(waiting_claims(1))
    with monkeypatch.context() as patch:
        patch.setattr(bulk_jobs.actions, "retry_claims", fail)
        with pytest.raises(OperationalError):
            run()

    assert run() == 1

    job.refresh_from_db()
    assert job.outcome == "DONE"


def test_job_of_too_much(monkeypatch):
    monkeypatch.setattr(bulk_jobs, "SUBJECTS_AT_MOST", 2)

    with pytest.raises(TooMuchAtOnce, match="at most 2 at a time, not 3"):
        start_job(kind=Kind.RETRY, subjects=["1", "2", "3"], act=ACT)


def test_page_shows_progress_and_stops(support: Client):
    job = retry_of(waiting_claims(2))
    page = reverse("desk:job", args=[job.pk])

    shown = support.get(page).content.decode()
    support.post(reverse("desk:stop_job", args=[job.pk]))

    assert "0 of 2" in shown
    assert ">Stop</button>" in shown
    job.refresh_from_db()
    assert job.stop_asked_at is not None
    assert "Stopping after the current step" in support.get(page).content.decode()


def test_job_of_ops_is_not_stopped_by_support(support: Client):
    job = start_job(kind=Kind.REVOKE, subjects=["1"], act=ACT)

    assert support.post(reverse("desk:stop_job", args=[job.pk])).status_code == 403
    job.refresh_from_db()
    assert job.stop_asked_at is None


def choose(client, model, action, *rows, **fields):
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(reverse(f"admin:claims_{model}_changelist"), chosen | fields)


@pytest.mark.parametrize("kind", ["retry", "refetch"])
def test_claims_chosen_in_the_list_are_a_job_of_their_accounts(support: Client, kind):
    first, second = waiting_claims(2)
    again = make_claim(account=first.account)

    answer = choose(support, "claim", kind, first, second, again)

    job = BulkJob.objects.get()
    assert answer["Location"] == reverse("desk:job", args=[job.pk])
    assert (job.kind, job.actor) == (kind.upper(), "support-ada")
    assert sorted(job.subjects) == sorted([first.account_id, second.account_id])


def test_actions_of_the_list_are_refused_without_permission(client, make_nobody):
    (claim,) = waiting_claims(1)
    client.force_login(make_nobody)

    assert choose(client, "claim", "retry", claim).status_code == 403
    assert not BulkJob.objects.exists()


def test_many_entitlements_are_taken_back_in_the_background(ops: Client, monkeypatch):
    monkeypatch.setattr("claims.desk.admin.entitlements.MAX_WHILE_YOU_WAIT", 1)
    owed = [make_entitlement(), make_entitlement()]

    choose(ops, "entitlement", "revoke", *owed, confirmed="yes", reason="a bug")

    job = BulkJob.objects.get()
    assert (job.kind, job.reason, job.total) == ("REVOKE", "a bug", 2)
    assert not Entitlement.objects.filter(status="REVOKED").exists()
