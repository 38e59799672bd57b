"""A campaign's report, as a page and as CSV."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from claims.desk.charts import stack_bars
from claims.desk.report import add_up, read_report, write_csv
from claims.desk.views.decorators import LOOK, show, staff_page
from claims.models import Campaign

READ = (*LOOK, "claims.view_campaign")


@require_safe
@staff_page(*READ)
def report(request: HttpRequest, *, campaign_id: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    days = read_report(campaign.pk)
    bars = [
        (date_format(one.day, "j M"), "", (one.delivered, one.claimed - one.delivered))
        for one in days
        if one.day
    ]
    return show(
        request,
        "report.html",
        title=_("Report: %(campaign)s") % {"campaign": campaign},
        campaign=campaign,
        days=days,
        total=add_up(days),
        chart=stack_bars(bars, kinds=("granted", "held")),
        at=timezone.now(),
    )


@require_safe
@staff_page(*READ)
def report_csv(request: HttpRequest, *, campaign_id: str) -> HttpResponse:  # noqa: ARG001
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    return HttpResponse(
        write_csv(read_report(campaign.pk)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="campaign-report.csv"'},
    )
