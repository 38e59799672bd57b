"""A campaign's preflight page: each check with its result and its fix."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from claims.desk.preflight import PreflightDeps, examine_campaign
from claims.desk.views.decorators import LOOK, show, staff_page
from claims.models import Campaign
from core.checks import Verdict

# The tones of the badges.
TONES = {Verdict.PASS: "good", Verdict.WARN: "wait", Verdict.FAIL: "bad"}


@require_safe
@staff_page(*LOOK, "claims.view_campaign", "claims.refetch")
def preflight(request: HttpRequest, *, campaign_id: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    deps = PreflightDeps.from_settings()
    findings = list(examine_campaign(campaign=campaign, deps=deps, clock=timezone.now))
    labels = {"good": _("passed"), "wait": _("warning"), "bad": _("failed")}
    rows = [(TONES[one.verdict], labels[TONES[one.verdict]], one) for one in findings]
    counts = [(tone, labels[tone], sum(row[0] == tone for row in rows)) for tone in labels]
    return show(
        request,
        "preflight.html",
        title=_("Preflight: %(campaign)s") % {"campaign": campaign},
        campaign=campaign,
        rows=rows,
        counts=counts,
        worst=TONES[max(one.verdict for one in findings)],
        at=timezone.now(),
    )
