"""A message a day to staff while a campaign runs: the claims of the last 24 hours."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from claims.desk import figures
from claims.desk.funnels import funnels_of
from claims.models import Campaign
from core.models import Alert, AlertMessage
from studio_drops.monitoring.notify import channels, queue_message

# UTC. A digest that is late is sent the same day.
SENT_FROM_HOUR = 8


def queue_digest(*, now: datetime) -> None:
    """Queue the day's digest once, if it's time and a campaign is running."""
    key = f"digest:{now:%Y-%m-%d}"
    is_done = now.hour < SENT_FROM_HOUR or AlertMessage.objects.filter(key=key).exists()
    if is_done or not channels():
        return
    if running := figures.running_campaigns(now=now):
        subject = _("[%(game)s drops] Daily digest") % {"game": settings.GAME_NAME}
        text = write_digest([one.campaign for one in running], now=now)
        queue_message(key=key, subject=subject, text=text, now=now)


def write_digest(campaigns: list[Campaign], *, now: datetime) -> str:
    """Plain text: the last 24 hours, each campaign so far, and the number of open alerts."""
    hours = figures.claims_per_hour(now=now)
    claims = sum(hour.granted_at_once + hour.held_first for hour in hours)
    by_webhook = sum(hour.by_webhook for hour in hours)
    lines = [
        ngettext(
            "%(count)s claim in the last 24 hours.",
            "%(count)s claims in the last 24 hours.",
            claims,
        )
        % {"count": f"{claims:,}"}
    ]
    if claims:
        share = _("%(share)d %% came by webhook, the rest was found by reconcile.")
        lines.append(share % {"share": round(100 * by_webhook / claims)})
    for campaign in campaigns:
        rows = funnels_of(campaign_id=campaign.pk, now=now).values()
        of_campaign = _(
            "%(campaign)s so far: %(claimed)s claimed, %(granted)s granted,"
            " %(fulfilled)s delivered."
        )
        lines.append(
            of_campaign
            % {
                "campaign": campaign,
                "claimed": f"{sum(row.claimed for row in rows):,}",
                "granted": f"{sum(row.granted for row in rows):,}",
                "fulfilled": f"{sum(row.fulfilled for row in rows):,}",
            }
        )
    opened = Alert.objects.filter(resolved_at=None).exclude(announced=[]).count()
    lines.append(
        ngettext("%(count)d alert is open.", "%(count)d alerts are open.", opened)
        % {"count": opened}
        if opened
        else _("No alert is open.")
    )
    lines.append(settings.PUBLIC_URL + reverse("admin:index"))
    return "\n".join(lines)
