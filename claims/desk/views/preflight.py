"""A campaign's preflight page: each check with its result and its fix."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from claims.desk.preflight import PreflightDeps, examine_campaign
from claims.desk.views.decorators import LOOK, show, staff_page
from claims.models import Campaign
from core.checks import Verdict

# The tones of the badges.
TONES = {Verdict.PASS: "good", Verdict.WARN: "wait", Verdict.FAIL: "bad"}


@dataclass(frozen=True, slots=True)
class Fix:
    """A button that leads to the page where a failed check is fixed."""

    label: str
    url: str
    permissions: tuple[str, ...]


def _fixes(campaign: Campaign) -> dict[str, Fix]:
    """By the name of the check. Some can't be fixed at the desk."""
    edit = reverse("admin:claims_campaign_change", args=[campaign.pk])
    change = ("claims.change_campaign",)
    unmapped = campaign.rewards.filter(mapping=None).values_list("pk", flat=True).first()
    fixes = {
        "dates": Fix(_("Edit the dates…"), edit, change),
        "category": Fix(_("Edit the category…"), edit, change),
        "rewards": Fix(_("Add rewards…"), edit, change),
        "grants": Fix(_("View the campaign"), reverse("desk:campaign", args=[campaign.pk]), LOOK),
        "game server": Fix(
            _("Create an API key…"), reverse("admin:claims_apikey_add"), ("claims.add_apikey",)
        ),
    }
    if unmapped:
        mapping = reverse("desk:map", args=[unmapped])
        fixes["rewards"] = Fix(_("Map the reward…"), mapping, ("claims.change_reward",))
    return fixes


@require_safe
@staff_page(*LOOK, "claims.view_campaign", "claims.refetch")
def preflight(request: HttpRequest, *, campaign_id: str) -> HttpResponse:
    campaign = get_object_or_404(Campaign, pk=campaign_id)
    deps = PreflightDeps.from_settings()
    findings = list(examine_campaign(campaign=campaign, deps=deps, clock=timezone.now))
    labels = {"good": _("passed"), "wait": _("warning"), "bad": _("failed")}
    fixes = {
        check: fix
        for check, fix in _fixes(campaign).items()
        if request.user.has_perms(fix.permissions)
    }
    rows = [
        (
            TONES[one.verdict],
            labels[TONES[one.verdict]],
            one,
            fixes.get(one.check) if one.verdict != Verdict.PASS else None,
        )
        for one in findings
    ]
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
