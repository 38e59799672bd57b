"""Forms of the actions on one player."""

import uuid
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from claims.models import CampaignReward, Entitlement


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Shown in the audit log."),
    )


class PairField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: CampaignReward) -> str:
        items = ", ".join(f"{one.quantity} × {one.item}" for one in obj.reward.mapping.all())
        return f"{obj.campaign} · {obj.reward}: {items}"


class GrantForm(ReasonForm):
    """Offers mapped rewards only."""

    pair = PairField(label=_("Reward"), queryset=CampaignReward.objects.none())
    # Generated with the form, so that submitting it twice grants once.
    grant_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    field_order = ("pair", "reason", "grant_id")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mapped = CampaignReward.objects.filter(reward__mapping__isnull=False).distinct()
        self.fields["pair"].queryset = (  # type: ignore[attr-defined]
            mapped.select_related("campaign", "reward")
            .prefetch_related("reward__mapping__item")
            .order_by("-campaign__created_at", "reward__name")
        )


class RevokeForm(ReasonForm):
    """A player's entitlements of one claim. Undelivered entitlements are preselected."""

    entitlements = forms.ModelMultipleChoiceField(
        label=_("Items"),
        queryset=Entitlement.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )
    field_order = ("entitlements", "reason")

    def __init__(self, *args: Any, player: Player, claim_id: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        owed = Entitlement.objects.filter(player=player, claim=claim_id, revoked_at=None)
        chosen: Any = self.fields["entitlements"]
        chosen.queryset = owed.order_by("pk")
        chosen.initial = [one.pk for one in owed if one.status == Entitlement.Status.GRANTED]
        chosen.label_from_instance = lambda one: f"{one} ({one.get_status_display()})"
