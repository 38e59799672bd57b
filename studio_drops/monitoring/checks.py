"""Checks a deployment. Each finding says what to do next. `manage.py doctor` prints them."""

import enum
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from claims.models import Claim
from platforms.kick.protocol.errors import KickError, KickUnavailable
from platforms.kick.protocol.oauth import OAuthClient
from studio_drops.monitoring import indicators
from studio_drops.schedule import HEARTBEAT

SILENT_AFTER = timedelta(minutes=5)
CATCH_UP_OVERDUE_AFTER = timedelta(minutes=30)
REPORT_OVERDUE_AFTER = timedelta(minutes=15)
UNCONFIRMED_OVERDUE_AFTER = timedelta(hours=1)


class Verdict(enum.IntEnum):
    PASS = 0
    WARN = 1
    FAIL = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    """The name, not translated."""
    verdict: Verdict
    message: str
    cure: str = ""
    """The next step. Empty if the check passed."""


def examine(*, oauth: OAuthClient, now: datetime, only: Collection[str] = ()) -> Iterator[Finding]:
    """Run every check of CHECKS, or only those named in `only`.

    A check that can't be made because of the database is a FAIL; the others still run.
    """
    for name, check in CHECKS.items():
        if not only or name in only:
            yield _check(name, partial(check, oauth, now))


Found = tuple[Verdict, str, str]


def _check(name: str, check: Callable[[], Found]) -> Finding:
    try:
        verdict, message, cure = check()
    except DatabaseError as error:
        message = _("The check failed with a database error (%(error)s).")
        message %= {"error": type(error).__name__}
        cure = _("Fix the database first: see the checks above.")
        return Finding(name, Verdict.FAIL, message, cure)
    return Finding(name, verdict, message, cure)


def _passed(message: str) -> Found:
    return Verdict.PASS, message, ""


def check_database() -> Found:
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        return (
            Verdict.WARN,
            _("SQLite works for one machine and one writer at a time."),
            _("For a launch, point DATABASE_URL at PostgreSQL."),
        )
    return _passed(_("%(database)s is reachable.") % {"database": connection.display_name})


def check_migrations() -> Found:
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        message = ngettext(
            "%(count)d migration isn't applied.",
            "%(count)d migrations aren't applied.",
            len(missing),
        ) % {"count": len(missing)}
        return Verdict.FAIL, message, _("Run `python manage.py migrate`.")
    return _passed(_("All migrations are applied."))


def check_credentials(oauth: OAuthClient) -> Found:
    try:
        oauth.client_credentials()
    except KickUnavailable as error:
        cure = _("No claim is lost: webhooks are still recorded, and the rest is fetched later.")
        return Verdict.FAIL, str(error), cure
    except KickError as error:
        message = _("Kick refused to issue an app token. %(error)s") % {"error": error}
        cure = _("Compare KICK_CLIENT_ID and KICK_CLIENT_SECRET with your app on dev.kick.com.")
        return Verdict.FAIL, message, cure
    return _passed(_("Kick issues an app token."))


def check_worker(now: datetime) -> Found:
    began_at = indicators.job_began_at(HEARTBEAT)
    if began_at is None or now - began_at > SILENT_AFTER:
        last = f"{began_at:%Y-%m-%d %H:%M} UTC" if began_at else _("never")
        message = _("No scheduled job has started for %(minutes)d min (last start: %(last)s).")
        return (
            Verdict.FAIL,
            message % {"minutes": _minutes(SILENT_AFTER), "last": last},
            _("Start `celery -A studio_drops worker` and `celery -A studio_drops beat`."),
        )
    seconds = int((now - began_at).total_seconds())
    return _passed(_("The last job started %(seconds)d s ago.") % {"seconds": seconds})


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)


def check_reconcile(now: datetime) -> Found:
    run = indicators.last_run()
    ended_at = indicators.caught_up_at()
    if run and run.error:
        message = _("The last run was interrupted. %(error)s") % {"error": run.error}
        cure = _(
            "No claim is lost: the run continues where it stopped. If the error persists, contact"
            " Kick's support."
        )
        return Verdict.WARN, message, cure
    if ended_at is None or now - ended_at > CATCH_UP_OVERDUE_AFTER:
        message = _("No catch-up has finished yet.")
        if ended_at:
            message = _("No catch-up has finished for %(minutes)d min.")
            message %= {"minutes": _minutes(CATCH_UP_OVERDUE_AFTER)}
        cure = _("Check that a worker is running. To catch up now: `python manage.py reconcile`.")
        return Verdict.WARN, message, cure
    return _passed(_("Catch-up is up to date."))


def check_webhook(now: datetime) -> Found:
    """No webhooks while reconcile finds claims: the webhook URL is probably broken."""
    missed = indicators.recently_missed(now=now)
    delivered = indicators.recent_claims(now=now).get(Claim.Path.WEBHOOK, 0)
    if missed and not delivered:
        message = ngettext(
            "No webhooks in the last hour, but reconcile found %(missed)d missed claim.",
            "No webhooks in the last hour, but reconcile found %(missed)d missed claims.",
            missed,
        )
        return (
            Verdict.FAIL,
            message % {"missed": missed},
            _("Check the webhook URL on dev.kick.com and that the internet can reach this server."),
        )
    counts = _("Webhooks in the last hour: %(delivered)d received, %(missed)d missed.")
    counts %= {"delivered": delivered, "missed": missed}
    if missed > delivered:
        cure = _(
            "Check the web processes for errors and timeouts. Kick waits about 3 seconds for an"
            " answer."
        )
        return Verdict.WARN, counts, cure
    return _passed(counts)


def check_unconfirmed(now: datetime) -> Found:
    for held in indicators.held_by_reason():
        is_old = now - held.oldest_at > UNCONFIRMED_OVERDUE_AFTER
        if held.reason == Claim.HoldReason.UNCONFIRMED and is_old:
            message = ngettext(
                "%(count)s claim is waiting for confirmation by Kick's claims API.",
                "%(count)s claims are waiting for confirmation by Kick's claims API.",
                held.count,
            )
            return (
                Verdict.WARN,
                message % {"count": held.shown},
                _(
                    "Check that this app and the campaign belong to the same organization. If they"
                    " do, another organization's claims were sent here, which is harmless."
                ),
            )
    return _passed(_("No claim has waited long for confirmation."))


def check_mapping() -> Found:
    for held in indicators.held_by_reason():
        if held.reason == Claim.HoldReason.UNMAPPED_REWARD:
            message = ngettext(
                "%(count)s claim is waiting for its reward to be mapped.",
                "%(count)s claims are waiting for their rewards to be mapped.",
                held.count,
            )
            cure = _(
                "Map the rewards to items on the desk. Their claims are granted within a minute."
            )
            return Verdict.WARN, message % {"count": held.shown}, cure
    return _passed(_("Every claimed reward is mapped to items."))


def check_reports(now: datetime) -> Found:
    pending = indicators.pending_reports()
    if pending.refused:
        message = ngettext(
            "A platform rejected the report of %(count)d claim.",
            "Platforms rejected the reports of %(count)d claims.",
            pending.refused,
        )
        cure = _("Search the log for `report_refused`. Retries are automatic.")
        return Verdict.WARN, message % {"count": pending.refused}, cure
    if pending.oldest_at and now - pending.oldest_at > REPORT_OVERDUE_AFTER:
        message = ngettext(
            "%(count)d delivered claim hasn't been reported to its platform yet.",
            "%(count)d delivered claims haven't been reported to their platforms yet.",
            pending.count,
        )
        cure = _("Check that a worker is running and that the platform can be reached.")
        return Verdict.WARN, message % {"count": pending.count}, cure
    return _passed(_("All delivered claims are reported to their platforms."))


def check_deliveries(now: datetime) -> Found:
    count = indicators.recent_unusable_deliveries(now=now)
    if count:
        message = ngettext(
            "%(count)d signed delivery couldn't be used in the last day.",
            "%(count)d signed deliveries couldn't be used in the last day.",
            count,
        )
        return Verdict.WARN, message % {"count": count}, _("See Deliveries on the desk.")
    return _passed(_("No unusable deliveries in the last day."))


def check_campaigns() -> Found:
    count = indicators.campaigns_without_category()
    if count:
        message = ngettext(
            "%(count)d campaign has no category.",
            "%(count)d campaigns have no category.",
            count,
        )
        cure = _("Set it on the desk: API keys with a category limit can't see these campaigns.")
        return Verdict.WARN, message % {"count": count}, cure
    return _passed(_("Every campaign has a category."))


def check_revocations(now: datetime) -> Found:
    count = indicators.revocations_overdue(now=now)
    if count:
        message = ngettext(
            "%(count)d ended link is still authorized on Kick after a day.",
            "%(count)d ended links are still authorized on Kick after a day.",
            count,
        )
        cure = _("Check that a worker is running. Retries are automatic until Kick answers.")
        return Verdict.WARN, message % {"count": count}, cure
    return _passed(_("No revocation is overdue."))


# The names are also the values of `doctor --only`. Translate them when you show them.
CHECKS: dict[str, Callable[[OAuthClient, datetime], Found]] = {
    gettext_noop("database"): lambda _oauth, _now: check_database(),
    gettext_noop("migrations"): lambda _oauth, _now: check_migrations(),
    gettext_noop("kick credentials"): lambda oauth, _now: check_credentials(oauth),
    gettext_noop("worker and scheduler"): lambda _oauth, now: check_worker(now),
    gettext_noop("reconcile"): lambda _oauth, now: check_reconcile(now),
    gettext_noop("webhook"): lambda _oauth, now: check_webhook(now),
    gettext_noop("unconfirmed claims"): lambda _oauth, now: check_unconfirmed(now),
    gettext_noop("mapping"): lambda _oauth, _now: check_mapping(),
    gettext_noop("reports"): lambda _oauth, now: check_reports(now),
    gettext_noop("deliveries"): lambda _oauth, now: check_deliveries(now),
    gettext_noop("campaigns"): lambda _oauth, _now: check_campaigns(),
    gettext_noop("revocations"): lambda _oauth, now: check_revocations(now),
}
