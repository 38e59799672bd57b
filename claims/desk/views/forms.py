"""Forms of the actions on one player."""

import uuid
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from claims.desk.approvals import items_owned_already
from claims.manual_grants import manual_claim_id
from claims.models import CampaignReward, Claim, Entitlement, Offer


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("Shown in the audit log."),
    )


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"), max_length=2000, widget=AdminTextareaWidget(attrs={"rows": 3})
    )
    ticket = forms.URLField(
        label=_("Ticket address"), required=False, max_length=500, assume_scheme="https"
    )


class PairField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: CampaignReward) -> str:
        items = ", ".join(f"{one.quantity} × {one.item}" for one in obj.reward.mapping.all())
        return f"{obj.campaign} · {obj.reward}: {items}"


class OfferField(forms.ModelChoiceField):  # type: ignore[type-arg]
    def label_from_instance(self, obj: Offer) -> str:
        items = ", ".join(f"{one.quantity} × {one.item}" for one in obj.reward.mapping.all())
        return f"{obj}: {items}"


class GrantForm(ReasonForm):
    """Lists mapped rewards only, of campaigns and of offers."""

    pair = PairField(label=_("Reward"), queryset=CampaignReward.objects.none(), required=False)
    offer = OfferField(
        label=_("Or an offer's reward"), queryset=Offer.objects.none(), required=False
    )
    # Generated with the form, so that submitting it twice grants once.
    grant_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)
    again = forms.BooleanField(
        label=_("The player has an item of it already. Grant it again."), required=False
    )
    field_order = ("pair", "offer", "reason", "again", "grant_id")

    def __init__(self, *args: Any, player: Player, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.player = player
        if not self.is_bound:
            self.fields["again"].widget = forms.HiddenInput()
        mapped = CampaignReward.objects.filter(reward__mapping__isnull=False).distinct()
        self.fields["pair"].queryset = (  # type: ignore[attr-defined]
            mapped.select_related("campaign", "reward")
            .prefetch_related("reward__mapping__item")
            .order_by("-campaign__created_at", "reward__name")
        )

        offers = Offer.objects.filter(reward__mapping__isnull=False).distinct()
        self.fields["offer"].queryset = (  # type: ignore[attr-defined]
            offers.select_related("reward")
            .prefetch_related("reward__mapping__item")
            .order_by("-created_at")
        )
        if not offers.exists():
            del self.fields["offer"]

    def clean(self) -> dict[str, Any]:
        """Asks once more before the player gets an item a second time."""
        fields: dict[str, Any] = super().clean() or {}
        pair, grant_id = fields.get("pair") or fields.get("offer"), fields.get("grant_id")
        if not pair or (fields.get("pair") and fields.get("offer")):
            self.add_error("pair", gettext("Choose one reward."))
        fields["wanted"] = pair
        is_repeat = grant_id and Claim.objects.filter(pk=manual_claim_id(grant_id)).exists()
        owned = items_owned_already(player=self.player, pair=pair) if pair else []
        if not owned or is_repeat:
            self.fields["again"].widget = forms.HiddenInput()
        elif not fields.get("again"):
            said = gettext("The player has it already: %(skus)s. Tick the box to grant it again.")
            self.add_error("again", said % {"skus": ", ".join(owned)})
        return fields


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
