"""A campaign's launch, live: a page for the wall, updated every five seconds."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from claims.desk.attention import alarms
from claims.desk.funnels import STEPS, funnels_of
from claims.desk.live import read_live_figures
from claims.desk.views.decorators import LOOK, show, staff_page
from claims.models import Campaign

WATCH = (*LOOK, "claims.view_campaign")


@require_safe
@staff_page(*WATCH)
def live(request: HttpRequest, *, campaign_id: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    title = _("Live: %(campaign)s") % {"campaign": campaign}
    return show(request, "live.html", title=title, **_figures(campaign))


@require_safe
@never_cache
@staff_page(*WATCH)
def live_figures(request: HttpRequest, *, campaign_id: str) -> HttpResponse:
    """The part of the page that changes."""
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    return render(request, "admin/desk/live_figures.html", _figures(campaign))


def _figures(campaign: Campaign) -> dict[str, Any]:
    now = timezone.now()
    funnels = funnels_of(campaign_id=campaign.pk, now=now).values()
    return {
        "campaign": campaign,
        "figures": read_live_figures(campaign=campaign, now=now),
        "totals": {step: sum(getattr(one, step) for one in funnels) for step in STEPS},
        "counted_at": min((one.counted_at for one in funnels), default=None),
        "alarms": alarms(now=now),
        "now": now,
    }
