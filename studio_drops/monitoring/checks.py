"""Checks a deployment. Each finding says what to do next. `manage.py doctor` prints them."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts.platform_login import all_logins
from claims.desk import figures
from claims.models import ApiKey, Claim, QuarantinedDelivery
from claims.source import listing_sources
from core.checks import Check, Found, Verdict, passed, register_check
from core.models import AlertMessage
from core.platform_errors import PlatformError, PlatformPaused, PlatformUnavailable
from core.request_budget import find_pause
from studio_drops.monitoring import indicators
from studio_drops.monitoring.notify import GIVE_UP_AFTER, channels
from studio_drops.schedule import HEARTBEAT

SILENT_AFTER = timedelta(minutes=5)
FAILURES_BEFORE_BLAMING_THE_APP = 3
CATCH_UP_OVERDUE_AFTER = timedelta(minutes=30)
REPORT_OVERDUE_AFTER = timedelta(minutes=15)
UNCONFIRMED_OVERDUE_AFTER = timedelta(hours=1)
LAUNCH_IS_NEAR = timedelta(days=2)
ENDPOINT_FAILS_FOR = timedelta(minutes=15)
MESSAGES_OVERDUE_AFTER = timedelta(minutes=2)
KEY_ENDS_SOON = timedelta(days=7)
KEY_IS_IN_USE = timedelta(days=2)


def check_database() -> Found:
    connection.ensure_connection()
    if connection.vendor == "sqlite":
        return (
            Verdict.WARN,
            _("SQLite works for one machine and one writer at a time."),
            _("For a launch, point DATABASE_URL at PostgreSQL."),
        )
    return passed(_("%(database)s is reachable.") % {"database": connection.display_name})


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
    return passed(_("All migrations are applied."))


def check_credentials() -> Found:
    """Whether each platform accepts our app's credentials."""
    for login in all_logins():
        try:
            login.check_credentials()
        except PlatformPaused:
            continue  # the check of the requests says more
        except PlatformUnavailable as error:
            next_step = _(
                "No claim is lost: webhooks are still recorded, and the rest is fetched later."
            )
            return Verdict.FAIL, str(error), next_step
        except PlatformError as error:
            message = _("%(platform)s refused to issue an app token. %(error)s")
            message %= {"platform": login.label, "error": error}
            next_step = _(
                "Compare %(prefix)s_CLIENT_ID and %(prefix)s_CLIENT_SECRET with your app on"
                " %(platform)s."
            ) % {"prefix": login.platform.upper(), "platform": login.label}
            return Verdict.FAIL, message, next_step
    return passed(_("The platforms accept this app's credentials."))


def check_requests(now: datetime) -> Found:
    """Whether a platform blocks us or asked for fewer requests."""
    for login in all_logins():
        pause = find_pause(platform=login.platform)
        if pause and pause.paused_since:
            message = _("%(reason)s Jobs have been waiting for %(minutes)d min.") % {
                "reason": pause.pause_reason,
                "minutes": _minutes(now - pause.paused_since),
            }
            next_step = _(
                "No claim is lost: one request a minute tries again, and all jobs go on once it is "
                "answered. If this lasts, tell %(platform)s's support your server's IP address."
            )
            return Verdict.WARN, message, next_step % {"platform": login.label}
    return passed(_("No platform blocks or limits our requests."))


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
    return passed(_("The last job started %(seconds)d s ago.") % {"seconds": seconds})


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)


def check_reconcile(now: datetime) -> Found:
    run = indicators.last_run()
    ended_at = indicators.caught_up_at()
    if run and run.error:
        message = _("The last run was interrupted. %(error)s") % {"error": run.error}
        next_step = _("No claim is lost: the run continues where it stopped.")
        if run.failures >= FAILURES_BEFORE_BLAMING_THE_APP:
            # The token endpoint works, or `credentials` says more.
            next_step = _(
                "No claim is lost, but the claims API has failed %(count)d times in a row. If "
                "`credentials` passes, this app is probably not associated with your organization: "
                "%(contact)s"
            ) % {"count": run.failures, "contact": contact_of(run.source)}
        return Verdict.WARN, message, next_step
    if ended_at is None or now - ended_at > CATCH_UP_OVERDUE_AFTER:
        message = _("No catch-up has finished yet.")
        if ended_at:
            message = _("No catch-up has finished for %(minutes)d min.")
            message %= {"minutes": _minutes(CATCH_UP_OVERDUE_AFTER)}
        next_step = _(
            "Check that a worker is running. To catch up now: `python manage.py reconcile`."
        )
        return Verdict.WARN, message, next_step
    return passed(_("Catch-up is up to date."))


def contact_of(source: str) -> str:
    """Whom to ask to associate the app with the organization."""
    found = {one.name: one for one in listing_sources()}.get(source)
    logins = {login.platform: login for login in all_logins()}
    return str(logins[found.platform].association_contact) if found else ""


def check_webhook(now: datetime) -> Found:
    """Judged by the share of claims that came without their webhook, however soon catch-up was."""
    arrivals = indicators.recent_arrivals(now=now)
    counts = _("Claims in the last ten minutes: %(delivered)d by webhook, %(found)d by catch-up.")
    counts %= {"delivered": arrivals.by_webhook, "found": arrivals.by_sync}
    if arrivals.is_silent:
        next_step = _(
            "No webhook arrives. Ask the platform which webhook URL it has for your organization, "
            "and check that the internet can reach this server and that no bot rule of a proxy "
            "blocks it. The preflight of a campaign tests it."
        )
        return Verdict.FAIL, counts, next_step
    if arrivals.is_lossy:
        next_step = _(
            "Check the web processes for errors and timeouts. Kick waits about 3 seconds for an"
            " answer."
        )
        return Verdict.WARN, counts, next_step
    return passed(counts)


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
    return passed(_("No claim has waited long for confirmation."))


def check_mapping() -> Found:
    for held in indicators.held_by_reason():
        if held.reason == Claim.HoldReason.UNMAPPED_REWARD:
            message = ngettext(
                "%(count)s claim is waiting for its reward to be mapped.",
                "%(count)s claims are waiting for their rewards to be mapped.",
                held.count,
            )
            next_step = _(
                "Map the rewards to items on the desk. Their claims are granted within a minute."
            )
            return Verdict.WARN, message % {"count": held.shown}, next_step
    return passed(_("Every claimed reward is mapped to items."))


def check_reports(now: datetime) -> Found:
    pending = indicators.pending_reports()
    if pending.refused:
        message = ngettext(
            "A platform rejected the report of %(count)d claim.",
            "Platforms rejected the reports of %(count)d claims.",
            pending.refused,
        )
        next_step = _("Search the log for `report_refused`. Retries are automatic.")
        return Verdict.WARN, message % {"count": pending.refused}, next_step
    if pending.oldest_at and now - pending.oldest_at > REPORT_OVERDUE_AFTER:
        message = ngettext(
            "%(count)d delivered claim hasn't been reported to its platform yet.",
            "%(count)d delivered claims haven't been reported to their platforms yet.",
            pending.count,
        )
        next_step = _("Check that a worker is running and that the platform can be reached.")
        return Verdict.WARN, message % {"count": pending.count}, next_step
    return passed(_("All delivered claims are reported to their platforms."))


def check_deliveries(now: datetime) -> Found:
    count = QuarantinedDelivery.objects.recent_unusable(now=now).count()
    if count:
        message = ngettext(
            "%(count)d signed delivery couldn't be used in the last day.",
            "%(count)d signed deliveries couldn't be used in the last day.",
            count,
        )
        return Verdict.WARN, message % {"count": count}, _("See Deliveries on the desk.")
    differing = QuarantinedDelivery.objects.recent_differing(now=now).count()
    if differing:
        message = ngettext(
            "%(count)d delivery or API entry of the last day contradicts a recorded claim.",
            "%(count)d deliveries or API entries of the last day contradict recorded claims.",
            differing,
        )
        next_step = _("See Deliveries on the desk. The recorded claims stay as they are.")
        return Verdict.WARN, message % {"count": differing}, next_step
    return passed(_("No unusable or differing deliveries in the last day."))


def check_campaigns() -> Found:
    count = indicators.campaigns_without_category()
    if count:
        message = ngettext(
            "%(count)d campaign has no category.",
            "%(count)d campaigns have no category.",
            count,
        )
        next_step = _(
            "Set it on the desk: API keys with a category limit can't see these campaigns."
        )
        return Verdict.WARN, message % {"count": count}, next_step
    return passed(_("Every campaign has a category."))


def check_authorizations(now: datetime) -> Found:
    refused, oldest_at = indicators.refused_authorizations()
    if refused and oldest_at:
        message = ngettext(
            "A platform refuses to renew the authorization of %(count)d link, since %(days)d days.",
            "Platforms refuse to renew the authorizations of %(count)d links, the first since "
            "%(days)d days.",
            refused,
        )
        next_step = _(
            "Claims of these links still arrive, and renewing is retried daily. After a week, a "
            "player is asked to reconnect, unless many links are refused: then contact the "
            "platform's support."
        )
        names = {"count": refused, "days": (now - oldest_at).days}
        return Verdict.WARN, message % names, next_step
    return passed(_("The platforms renew all authorizations."))


def check_channels(now: datetime) -> Found:
    """Whether partner channels can be accepted and refunded for, and whether rewards stand."""
    counts = indicators.channel_faults(now=now)
    if counts.stuck:
        message = ngettext(
            "%(count)d redemption of channel points needs a decision.",
            "%(count)d redemptions of channel points need a decision.",
            counts.stuck,
        )
        next_step = _(
            "Open the uses of offers on the desk, with the filter “needs a decision”. Each shows "
            "its error."
        )
        return Verdict.WARN, message % {"count": counts.stuck}, next_step
    if counts.waiting:
        message = _(
            "Viewers' channel points have waited for over 15 minutes in: %(channels)s. We can "
            "neither accept nor refund them."
        )
        next_step = _(
            "Check the connection of these channels on the desk. Ask the streamer to open "
            "/channel/ and to connect again."
        )
        return Verdict.FAIL, message % {"channels": ", ".join(counts.waiting)}, next_step
    if counts.rewards:
        message = _("These channel rewards aren't as their offers want: %(rewards)s.")
        next_step = _("Open the partner channel on the desk. It shows what the platform said.")
        return Verdict.WARN, message % {"rewards": ", ".join(counts.rewards)}, next_step
    return passed(_("No redemption of channel points is stuck."))


def check_deauthorizations(now: datetime) -> Found:
    count = indicators.deauthorizations_overdue(now=now)
    if count:
        message = ngettext(
            "%(count)d ended link is still authorized at its platform after a day.",
            "%(count)d ended links are still authorized at their platforms after a day.",
            count,
        )
        next_step = _(
            "Check that a worker is running. Retries are automatic until the platform answers."
        )
        return Verdict.WARN, message % {"count": count}, next_step
    return passed(_("No deauthorization is overdue."))


def check_launches(now: datetime) -> Found:
    """Campaigns that start within two days and whose claims would be held."""
    unready = [
        str(one.campaign)
        for one in figures.coming_campaigns(now=now)
        if (one.unmapped or not one.rewards)
        and one.campaign.starts_at
        and one.campaign.starts_at - now < LAUNCH_IS_NEAR
    ]
    if unready:
        message = _("Starts within two days, with rewards that aren't mapped: %(names)s.")
        next_step = _("Add the campaign's rewards, and map them to items. Then run its preflight.")
        return Verdict.WARN, message % {"names": ", ".join(unready)}, next_step
    return passed(_("The campaigns of the next two days have their rewards and items."))


def check_api_keys(now: datetime) -> Found:
    """Whether a key that is in use ends soon."""
    used = ApiKey.objects.active(now=now).filter(last_used_at__gt=now - KEY_IS_IN_USE)
    ending = used.filter(revoked_at__lt=now + KEY_ENDS_SOON).order_by("revoked_at")
    if names := ", ".join(map(str, ending)):
        message = _("API keys that are in use end within a week: %(names)s.") % {"names": names}
        next_step = _("Create new keys at the desk, and give them to the game servers.")
        return Verdict.WARN, message, next_step
    return passed(_("No API key in use ends within a week."))


def check_endpoints(now: datetime) -> Found:
    """Whether game servers take our messages."""
    found = indicators.webhook_endpoints(now=now)
    if found.disabled:
        message = _("Disabled, because the server failed for too long or is gone: %(names)s.")
        names = {"names": ", ".join(map(str, found.disabled))}
        next_step = _(
            "No item is lost: game servers can still list them. Fix the server, then enable the"
            " endpoint at the desk. All undelivered items are sent anew."
        )
        return Verdict.FAIL, message % names, next_step
    failing = [
        one
        for one in found.failing
        if one.failing_since and now - one.failing_since > ENDPOINT_FAILS_FOR
    ]
    if failing:
        message = _("Messages fail: %(names)s.") % {"names": ", ".join(map(str, failing))}
        next_step = _("Open the endpoint at the desk: it shows what the server answered.")
        return Verdict.WARN, message, next_step
    if found.overdue_since and now - found.overdue_since > MESSAGES_OVERDUE_AFTER:
        message = _("Messages to game servers have been due for %(minutes)d min.")
        message %= {"minutes": _minutes(now - found.overdue_since)}
        return Verdict.WARN, message, _("Check that a worker is running, and its log.")
    count = found.working + len(found.failing)
    said = ngettext(
        "%(count)d webhook endpoint takes messages.",
        "%(count)d webhook endpoints take messages.",
        count,
    )
    return passed(said % {"count": count})


def check_alerts(now: datetime) -> Found:
    """Whether alerts reach a person."""
    if not channels():
        if settings.DEBUG:
            return passed(_("Alerts go nowhere, because this isn't a production."))
        next_step = _("Set ALERT_WEBHOOK_URL or ALERT_EMAILS, then run `manage.py test_alert`.")
        return Verdict.WARN, _("Alerts reach no one."), next_step
    unsent = AlertMessage.objects.filter(sent_at=None, attempts__gt=0)
    failed = unsent.filter(created_at__gt=now - GIVE_UP_AFTER).order_by("-created_at").first()
    if failed:
        message = _("An alert can't be sent by %(channel)s. %(error)s")
        names = {"channel": failed.get_channel_display(), "error": failed.error}
        next_step = _("Check the address. `manage.py test_alert` sends one now.")
        return Verdict.WARN, message % names, next_step
    labels = ", ".join(str(one.label) for one in channels())
    return passed(_("Alerts are sent by %(channels)s.") % {"channels": labels})


# In the order in which to fix them. Translate the names when you show them.
CHECKS = (
    Check(gettext_noop("database"), lambda _now: check_database()),
    Check(gettext_noop("migrations"), lambda _now: check_migrations()),
    Check(gettext_noop("credentials"), lambda _now: check_credentials(), calls_platform=True),
    Check(gettext_noop("requests"), check_requests, is_on_home=True),
    Check(gettext_noop("worker and scheduler"), check_worker, is_on_home=True),
    Check(
        gettext_noop("reconcile"),
        check_reconcile,
        is_on_home=True,
        page="admin:claims_reconcilerun_changelist",
    ),
    Check(gettext_noop("webhook"), check_webhook, is_on_home=True),
    Check(gettext_noop("unconfirmed claims"), check_unconfirmed),
    Check(gettext_noop("mapping"), lambda _now: check_mapping(), page="desk:queue"),
    Check(gettext_noop("launches"), check_launches),
    Check(gettext_noop("reports"), check_reports, is_on_home=True),
    Check(
        gettext_noop("deliveries"),
        check_deliveries,
        page="admin:claims_quarantineddelivery_changelist",
    ),
    Check(
        gettext_noop("campaigns"),
        lambda _now: check_campaigns(),
        page="admin:claims_campaign_changelist",
    ),
    Check(gettext_noop("authorizations"), check_authorizations),
    Check(
        gettext_noop("channels"),
        check_channels,
        is_on_home=True,
        page="admin:claims_channel_changelist",
    ),
    Check(gettext_noop("deauthorizations"), check_deauthorizations, is_on_home=True),
    Check(gettext_noop("API keys"), check_api_keys, page="admin:claims_apikey_changelist"),
    Check(
        gettext_noop("endpoints"),
        check_endpoints,
        is_on_home=True,
        page="admin:claims_webhookendpoint_changelist",
    ),
    Check(gettext_noop("alerts"), check_alerts),
)


def register_checks() -> None:
    for check in CHECKS:
        register_check(check)
