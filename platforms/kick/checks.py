"""Kick's own checks of a deployment, for `doctor`."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from core.checks import Check, Found, Verdict, passed, register_check
from platforms.kick import WEBHOOK_PATH
from platforms.kick.models import MisdirectedEvent

RECENT = timedelta(days=1)


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


def register_checks() -> None:
    register_check(Check(gettext_noop("kick events"), check_misdirected_events, is_on_home=True))
