"""Looks over a deployment, check by check, each with its cure. `manage.py doctor` prints it."""

import enum
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from claims.models import Claim
from platforms.kick.protocol.errors import KickError, KickUnavailable
from platforms.kick.protocol.oauth import OAuthClient
from studio_drops.monitoring import indicators

# It begins every ten seconds while worker and scheduler are alive. Nobody else wakes it, unlike
# healing, which the admin does, so that it tells of a scheduler that is gone, too.
HEARTBEAT = "confirm_claims"
SILENT_AFTER = timedelta(minutes=5)
CATCH_UP_OVERDUE_AFTER = timedelta(minutes=30)
WRITE_OVERDUE_AFTER = timedelta(minutes=15)
UNCONFIRMED_OVERDUE_AFTER = timedelta(hours=1)


class Verdict(enum.IntEnum):
    PASS = 0
    WARN = 1
    FAIL = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `cure` says what to do unless it passed."""

    check: str
    verdict: Verdict
    message: str
    cure: str = ""


def examine(*, oauth: OAuthClient, now: datetime, only: Collection[str] = ()) -> Iterator[Finding]:
    """Run every check of CHECKS, or those that `only` names, each on its own: one that cannot be
    made is a finding, too."""
    for name, check in CHECKS.items():
        if not only or name in only:
            yield _check(name, partial(check, oauth, now))


Found = tuple[Verdict, str, str]


def _check(name: str, check: Callable[[], Found]) -> Finding:
    try:
        verdict, message, cure = check()
    except DatabaseError as error:
        cure = "Mend the database first: see the checks above."
        return Finding(name, Verdict.FAIL, f"Could not be checked ({type(error).__name__}).", cure)
    return Finding(name, verdict, message, cure)


def _passed(message: str) -> Found:
    return Verdict.PASS, message, ""


def check_database() -> Found:
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        return (
            Verdict.WARN,
            "SQLite: one machine, one writer at a time.",
            "For a launch, set DATABASE_URL to PostgreSQL.",
        )
    return _passed(f"{connection.display_name} answers.")


def check_migrations() -> Found:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        return Verdict.FAIL, f"{len(missing)} are missing.", "Run `python manage.py migrate`."
    return _passed("All are applied.")


def check_credentials(oauth: OAuthClient) -> Found:
    try:
        oauth.client_credentials()
    except KickUnavailable as error:
        cure = "Nothing is lost: claims are recorded without Kick, and caught up with later."
        return Verdict.FAIL, str(error), cure
    except KickError as error:
        cure = "Compare KICK_CLIENT_ID and KICK_CLIENT_SECRET with your app's on dev.kick.com."
        return Verdict.FAIL, f"Kick gives no app token. {error}", cure
    return _passed("Kick gives an app token.")


def check_worker(now: datetime) -> Found:
    began_at = indicators.job_began_at(HEARTBEAT)
    if began_at is None or now - began_at > SILENT_AFTER:
        last = f"{began_at:%Y-%m-%d %H:%M} UTC" if began_at else "never"
        return (
            Verdict.FAIL,
            f"No scheduled job has begun for {_minutes(SILENT_AFTER)} (last: {last}).",
            "Start `celery -A studio_drops worker` and `celery -A studio_drops beat`.",
        )
    return _passed(f"The last job began {int((now - began_at).total_seconds())} s ago.")


def _minutes(span: timedelta) -> str:
    return f"{span.total_seconds() / 60:.0f} min"


def check_reconcile(now: datetime) -> Found:
    run = indicators.last_run()
    ended_at = indicators.job_ended_at("catch_up")
    if run and run.error:
        cure = "Nothing is lost: it goes on where it stopped. If it lasts, ask Kick's support."
        return Verdict.WARN, f"The last run was interrupted. {run.error}", cure
    if ended_at is None or now - ended_at > CATCH_UP_OVERDUE_AFTER:
        cure = "Run `python manage.py reconcile`, and see whether a worker is alive."
        last = f"for {_minutes(CATCH_UP_OVERDUE_AFTER)}" if ended_at else "yet"
        return Verdict.WARN, f"No catch-up has ended {last}.", cure
    return _passed("Catch-up is up to date.")


def check_webhook(now: datetime) -> Found:
    """Silent while reconcile finds claims: that is how a broken webhook URL looks."""
    missed = indicators.recently_missed(now=now)
    delivered = indicators.recent_claims(now=now).get(Claim.Source.WEBHOOK, 0)
    if missed and not delivered:
        return (
            Verdict.FAIL,
            f"Silent for an hour, while reconcile found {missed} claims that it should have had.",
            "Check the webhook URL on dev.kick.com, and the way from the internet to this server.",
        )
    if missed > delivered:
        cure = "Look for errors and time-outs of the web processes; Kick waits about 3 seconds."
        return Verdict.WARN, f"Missed {missed} claims of the last hour, had {delivered}.", cure
    return _passed(f"{delivered} claims in the last hour, {missed} missed.")


def check_unconfirmed(now: datetime) -> Found:
    for held in indicators.held_by_reason():
        is_old = now - held.oldest_at > UNCONFIRMED_OVERDUE_AFTER
        if held.reason == Claim.HoldReason.UNCONFIRMED and is_old:
            return (
                Verdict.WARN,
                f"{held.shown} claims wait for Kick's claims API to show them.",
                "Either another organization's claims are replayed here, which is harmless, or"
                " this app belongs to another organization than the campaign: compare them.",
            )
    return _passed("None waits for long.")


def check_mapping() -> Found:
    for held in indicators.held_by_reason():
        if held.reason == Claim.HoldReason.UNMAPPED_REWARD:
            cure = "Map their rewards to items in the admin; they are granted within a minute."
            return Verdict.WARN, f"{held.shown} claims are of rewards without items.", cure
    return _passed("Every claimed reward maps to items.")


def check_write_back(now: datetime) -> Found:
    unwritten = indicators.unwritten()
    if unwritten.refused:
        cure = "See the log for `write_back_refused`; they are tried again by themselves."
        return Verdict.WARN, f"Kick refuses the status of {unwritten.refused} claims.", cure
    if unwritten.oldest_at and now - unwritten.oldest_at > WRITE_OVERDUE_AFTER:
        cure = "See whether a worker is alive and Kick can be reached."
        return Verdict.WARN, f"{unwritten.count} delivered claims are not yet told to Kick.", cure
    return _passed("Kick knows what was delivered.")


def check_deliveries(now: datetime) -> Found:
    count = indicators.recent_unusable_deliveries(now=now)
    if count:
        cure = "Look at them in the admin, under Deliveries."
        return Verdict.WARN, f"{count} signed deliveries of the last day were unusable.", cure
    return _passed("No unusable ones in the last day.")


def check_campaigns() -> Found:
    count = indicators.campaigns_without_category()
    if count:
        cure = "Name it in the admin: API keys that are limited to categories do not see it."
        return Verdict.WARN, f"{count} campaigns have no category.", cure
    return _passed("Each has its category.")


def check_revocations(now: datetime) -> Found:
    count = indicators.revocations_overdue(now=now)
    if count:
        cure = "See whether a worker is alive; they are tried again until Kick answers."
        return Verdict.WARN, f"{count} ended links are still alive at Kick after a day.", cure
    return _passed("None is overdue.")


CHECKS: dict[str, Callable[[OAuthClient, datetime], Found]] = {
    "database": lambda _oauth, _now: check_database(),
    "migrations": lambda _oauth, _now: check_migrations(),
    "kick credentials": lambda oauth, _now: check_credentials(oauth),
    "worker and scheduler": lambda _oauth, now: check_worker(now),
    "reconcile": lambda _oauth, now: check_reconcile(now),
    "webhook": lambda _oauth, now: check_webhook(now),
    "unconfirmed claims": lambda _oauth, now: check_unconfirmed(now),
    "mapping": lambda _oauth, _now: check_mapping(),
    "write-back": lambda _oauth, now: check_write_back(now),
    "deliveries": lambda _oauth, now: check_deliveries(now),
    "campaigns": lambda _oauth, _now: check_campaigns(),
    "revocations": lambda _oauth, now: check_revocations(now),
}
