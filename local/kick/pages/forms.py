"""Forms of the dashboard."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from django import forms

from ..campaigning import CampaignPlan, RewardPlan
from ..models import CampaignReward, Organization
from ..refusals import Refused

if TYPE_CHECKING:
    # Generic for the type checker only.
    _ModelChoice = forms.ModelChoiceField[CampaignReward]
else:
    _ModelChoice = forms.ModelChoiceField

MAX_CLAIMS = 10_000


class RewardForm(forms.Form):
    name = forms.CharField(max_length=100)
    category = forms.CharField(max_length=100, required=False)
    external_id = forms.CharField(
        max_length=255, required=False, label="External id", help_text="Your own reference"
    )


class CampaignForm(forms.Form):
    name = forms.CharField(max_length=100)
    category = forms.CharField(max_length=100, required=False)
    info_url = forms.CharField(max_length=2000, required=False, label="Info URL")
    length_days = forms.IntegerField(
        min_value=1, max_value=365, initial=30, label="Days", help_text="From now"
    )
    grace_days = forms.IntegerField(
        min_value=0, max_value=365, initial=7, label="Grace days", help_text="For late claims"
    )
    test_mode = forms.BooleanField(
        required=False, label="Test mode", help_text="Organization members only"
    )

    def plan(self, *, now: datetime, rewards: list[RewardPlan]) -> CampaignPlan:
        values = dict(self.cleaned_data)
        ends_at = now + timedelta(days=values.pop("length_days"))
        return CampaignPlan(**values, starts_at=now, ends_at=ends_at, rewards=rewards)


class RewardChoice(_ModelChoice):
    def label_from_instance(self, attachment: CampaignReward) -> str:
        return f"{attachment.reward.name} ({attachment.campaign.name})"


class ClaimsForm(forms.Form):
    """`count` new viewers claim one of an organization's attached rewards."""

    count = forms.IntegerField(min_value=1, max_value=MAX_CLAIMS, initial=10, label="How many")
    deliver = forms.BooleanField(required=False, initial=True, label="Send webhooks")
    attachment = RewardChoice(CampaignReward.objects.none(), label="Reward", empty_label=None)

    def __init__(self, *args: Any, owner: Organization, **options: Any) -> None:
        super().__init__(*args, **options)
        attached = CampaignReward.objects.filter(campaign__organization=owner)
        choice = cast("RewardChoice", self.fields["attachment"])
        choice.queryset = attached.select_related("campaign__organization", "reward")


def checked(form: forms.Form) -> dict[str, Any]:
    """The form's values. Raises Refused with the first error."""
    if form.is_valid():
        return form.cleaned_data
    field, sentences = next(iter(form.errors.items()))
    raise Refused(f"{field}: {sentences[0]}")


def read_minutes(values: dict[str, str], owner: Organization) -> list[RewardPlan]:
    """Return the rewards of a new campaign: those with a number of minutes in the form."""
    plans = []
    for reward in owner.rewards.order_by("name"):
        minutes = values.get(f"minutes-{reward.reward_id}", "").strip()
        if not minutes:
            continue
        if not minutes.isascii() or not minutes.isdigit() or len(minutes) > 6:
            raise Refused(f"The minutes of {reward.name} aren't a number. Enter 1 or more.")
        plans.append(
            RewardPlan(name=reward.name, reward_id=reward.reward_id, required_minutes=int(minutes))
        )
    return plans
