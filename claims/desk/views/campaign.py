"""A campaign's page: its dates, its rewards, and the funnel of their claims."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from claims.desk.funnels import STEPS, funnels_of
from claims.desk.phases import draw_timeline
from claims.desk.views.decorators import LOOK, show, staff_page
from claims.models import Campaign, CampaignReward, RewardFunnel
from claims.pausing import find_pause

# For each step, the filter that lists its claims.
FILTERS: dict[str, dict[str, str]] = {
    "claimed": {},
    "linked": {"account__player__isempty": "0"},
    "granted": {"granted_at__isnull": "False"},
    "fulfilled": {"report__isnull": "False"},
    "reported": {"report__reported_at__isnull": "False"},
}


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a reward's funnel. `share` is its percentage of all claims."""

    label: str
    count: int
    share: int
    url: str


@dataclass(frozen=True, slots=True)
class RewardRow:
    pair: CampaignReward
    items: str
    steps: list[Step]


@require_safe
@staff_page(*LOOK, "claims.view_campaign")
def campaign(request: HttpRequest, *, campaign_id: str) -> HttpResponse:
    shown = get_object_or_404(Campaign, pk=campaign_id)
    now = timezone.now()
    funnels = funnels_of(campaign_id=shown.pk, now=now)
    pairs = shown.pairs.select_related("reward__pause").prefetch_related("reward__mapping__item")
    rows = [
        RewardRow(
            pair=pair,
            items=", ".join(f"{one.quantity} × {one.item}" for one in pair.reward.mapping.all()),
            steps=_steps(shown.pk, pair.reward_id, funnels.get(pair.reward_id)),
        )
        for pair in pairs.order_by("required_minutes", "reward__name")
    ]
    return show(
        request,
        "campaign.html",
        title=str(shown),
        campaign=shown,
        timeline=draw_timeline(shown, now=now),
        now=now,
        labels=_labels(),
        rows=rows,
        pause=find_pause(shown),
        counted_at=min((one.counted_at for one in funnels.values()), default=None),
        claims_url=_claims_url(shown.pk),
    )


def _steps(campaign_id: str, reward_id: str, funnel: RewardFunnel | None) -> list[Step]:
    claimed = funnel.claimed if funnel else 0
    counts = {name: getattr(funnel, name) if funnel else 0 for name in STEPS}
    return [
        Step(
            label=label,
            count=counts[name],
            share=round(100 * counts[name] / claimed) if claimed else 0,
            url=_claims_url(campaign_id, reward_id=reward_id, **FILTERS[name]),
        )
        for name, label in _labels().items()
    ]


def _labels() -> dict[str, str]:
    return {
        "claimed": _("claimed"),
        "linked": _("linked"),
        "granted": _("granted"),
        "fulfilled": _("fulfilled"),
        "reported": _("reported to Kick"),
    }


def _claims_url(campaign_id: str, **filters: str) -> str:
    query = urlencode({"campaign__campaign_id__exact": campaign_id, **filters})
    return f"{reverse('admin:claims_claim_changelist')}?{query}"
