"""The admin's front page: items that need attention, then figures."""

from datetime import datetime

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from claims.desk import attention, figures
from claims.desk.charts import stack_bars
from claims.desk.figures import Hour
from claims.desk.views.decorators import LOOK, show, staff_page


@staff_page()
def home(request: HttpRequest) -> HttpResponse:
    """Staff who may not see claims get Django's index page."""
    if not request.user.has_perms(LOOK):
        return admin.site.index(request)
    now = timezone.now()
    hours = figures.claims_per_hour(now=now)
    rows = [
        (
            date_format(hour.began_at, "H:i"),
            _claims_since(hour.began_at, recorded_at__lt=str(hour.began_at + figures.HOUR)),
            (hour.granted_at_once, hour.held_first),
        )
        for hour in hours
    ]
    return show(
        request,
        "home.html",
        title=_("Overview"),
        held=attention.held_claims(now=now),
        alarms=attention.alarms(now=now),
        open_tasks=attention.open_tasks(now=now),
        claims=stack_bars(rows, kinds=("granted", "held")),
        arrivals=_arrivals(hours),
        waits=figures.times_to_grant(),
        fulfilment=figures.fulfilment(),
        running=figures.running_campaigns(now=now),
        coming=figures.coming_campaigns(now=now),
        newest_claims=_claims_since(hours[0].began_at),
    )


def _arrivals(hours: list[Hour]) -> dict[str, object]:
    """How the day's claims reached us, with links to their lists."""
    counts = {
        "WEBHOOK": sum(hour.by_webhook for hour in hours),
        "SYNC": sum(hour.by_sync for hour in hours),
    }
    total = sum(counts.values())
    return {
        "total": total,
        "webhook": counts["WEBHOOK"],
        "reconcile": counts["SYNC"],
        "share": round(100 * counts["WEBHOOK"] / total, 1) if total else 0,
        "webhook_url": _claims_since(hours[0].began_at, path__exact="WEBHOOK"),
        "reconcile_url": _claims_since(hours[0].began_at, path__exact="SYNC"),
    }


def _claims_since(since: datetime, **filters: str) -> str:
    query = urlencode({"recorded_at__gte": str(since), **filters})
    return f"{reverse('admin:claims_claim_changelist')}?{query}"
