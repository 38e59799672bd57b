"""Kick's own checks of a deployment, for `doctor`."""

from collections import Counter
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.checks import Check, Found, Verdict, passed, register_check
from platforms.kick import EVENTS_PATH, WEBHOOK_PATH
from platforms.kick.event_subscriptions import needed_by_offers, silent_channels
from platforms.kick.models import EventSubscription, MisdirectedEvent

RECENT = timedelta(days=1)
CHECKED_WITHIN = timedelta(hours=1)
SHOWN = 3
NEAR_THE_LIMIT = 9000


def check_misdirected_events(now: datetime) -> Found:
    """Whether Kick sends other events to the drops URL."""
    recent = MisdirectedEvent.objects.filter(last_at__gte=now - RECENT).order_by("pk")
    names = ", ".join(recent.values_list("pk", flat=True))
    if not names:
        return passed(_("Kick sends only drops claims to the drops URL."))
    message = _("Kick sent other events to the drops URL in the last day: %(names)s. Ignored.")
    next_step = _(
        "The event webhook URL of your app (kick.com/settings/developer) must not be %(path)s. "
        "That URL belongs to your organization, for drops claims only: Kick's staff enter it."
    )
    return Verdict.WARN, message % {"names": names}, next_step % {"path": WEBHOOK_PATH}


def check_event_subscriptions(now: datetime) -> Found:
    """Whether Kick sends us the events that offers need."""
    wanted = needed_by_offers(now=now)
    if not wanted:
        return passed(_("No offer needs events of a Kick channel."))
    rows = {(one.user_id, one.event): one for one in EventSubscription.objects.all()}
    missing = [
        f"{event} ({user_id})"
        for user_id, event in sorted(wanted)
        if (user_id, event) not in rows or not rows[user_id, event].subscription_id
    ]
    if missing:
        reasons = sorted({one.error for one in rows.values() if one.error})
        message = _("Kick doesn't send %(count)d of %(all)d events that offers need: %(names)s.")
        message %= {
            "count": len(missing),
            "all": len(wanted),
            "names": ", ".join(missing[:SHOWN]) + "".join(f" Kick said: {one}." for one in reasons),
        }
        next_step = _(
            "Check that webhooks are switched on for your app (kick.com/settings/developer), with "
            "the URL %(path)s. The worker tries again within 15 minutes."
        )
        return Verdict.FAIL, message, next_step % {"path": EVENTS_PATH}
    oldest = min(one.checked_at for one in rows.values())
    if now - oldest > CHECKED_WITHIN:
        message = _("The event subscriptions weren't checked since %(at)s.")
        next_step = _("Check that the worker and the scheduler run, and that Kick answers.")
        return Verdict.WARN, message % {"at": f"{oldest:%Y-%m-%d %H:%M} UTC"}, next_step
    if silent := silent_channels():
        message = _("Kick's API shows these channels on air, but Kick sent no event: %(names)s.")
        next_step = _(
            "Other events may be lost, too. Check the event webhook URL of your app "
            "(kick.com/settings/developer), and that your firewall lets Kick in."
        )
        return Verdict.WARN, message % {"names": ", ".join(silent[:SHOWN])}, next_step
    crowded = [
        event
        for event, number in Counter(one.event for one in rows.values()).items()
        if number >= NEAR_THE_LIMIT
    ]
    if crowded:
        message = _("Kick allows 10,000 subscriptions to an event. Near that limit: %(names)s.")
        next_step = _("Mark partner channels that you no longer need as not active.")
        return Verdict.WARN, message % {"names": ", ".join(sorted(crowded))}, next_step
    lost = [one for one in rows.values() if one.lost_at and now - one.lost_at < RECENT]
    if lost:
        message = _(
            "Kick had ended %(count)d event subscriptions in the last day. They were made again, "
            "but events in between are lost."
        )
        next_step = _(
            "Kick does this after a day of failed deliveries, or if webhooks are switched off. "
            "Another deployment with the same client ID does it, too: each needs its own app."
        )
        return Verdict.WARN, message % {"count": len(lost)}, next_step
    return passed(_("Kick sends all %(count)d events that offers need.") % {"count": len(wanted)})


def register_checks() -> None:
    register_check(
        Check(gettext_noop("kick subscriptions"), check_event_subscriptions, is_on_home=True)
    )
    register_check(Check(gettext_noop("kick events"), check_misdirected_events, is_on_home=True))
