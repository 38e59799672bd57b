"""The form of a new campaign: its dates, and its rewards with their items, as a catalogue file."""

import csv
import io
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminTextareaWidget
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.desk.catalogue_file.document import Document
from claims.desk.catalogue_file.transfer import item_row, reward_row
from claims.models import Campaign, Item, Reward
from claims.models.catalogue import REWARDS_PER_CAMPAIGN
from claims.source import default_source, get_source, source_choices
from core.admin.fields import LinesField

COLUMNS = ("reward_id", "reward_name", "sku", "item_name", "quantity", "minutes")
TEMPLATE = (
    COLUMNS,
    ("01J9ZK3V8Q5T7W2X4Y6Z8A0B1C", "Ember cape", "cape-ember", "Ember cape", "1", "60"),
    ("01J9ZK3V8Q5T7W2X4Y6Z8A0B1D", "500 crystals", "crystals", "Crystals", "500", "120"),
)


class UtcDateTimeField(forms.DateTimeField):
    """Typed in UTC. A script shows the browser's own time next to it."""

    widget = forms.DateTimeInput(
        attrs={"type": "datetime-local", "data-utc": ""}, format="%Y-%m-%dT%H:%M"
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **kwargs)


class CampaignForm(forms.Form):
    campaign_id = forms.CharField(
        label=gettext_lazy("Campaign ID"),
        max_length=200,
        help_text=gettext_lazy("Copy it from the platform's dashboard."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    source = forms.ChoiceField(
        label=gettext_lazy("Source"), choices=source_choices, initial=default_source
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    category = forms.CharField(
        label=gettext_lazy("Category"),
        max_length=200,
        help_text=gettext_lazy("Exactly as on the platform: API keys may be limited to it."),
        widget=forms.TextInput(
            attrs={"list": "categories", "data-suggestions": reverse_lazy("desk:categories")}
        ),
    )
    starts_at = UtcDateTimeField(label=gettext_lazy("Starts at (UTC)"))
    ends_at = UtcDateTimeField(label=gettext_lazy("Ends at (UTC)"))
    announcement_days = forms.IntegerField(
        label=gettext_lazy("Announced (days before start)"), min_value=0, max_value=365, initial=0
    )
    grace_days = forms.IntegerField(
        label=gettext_lazy("Grace period (days after end)"), min_value=0, max_value=365, initial=0
    )
    channels = LinesField(
        label=gettext_lazy("Channels"),
        required=False,
        help_text=gettext_lazy("Leave empty for all channels."),
    )
    is_test = forms.BooleanField(label=gettext_lazy("Test mode"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if len(source_choices()) == 1:
            self.fields["source"].widget = forms.HiddenInput()

    def clean_campaign_id(self) -> str:
        campaign_id: str = self.cleaned_data["campaign_id"]
        if Campaign.objects.filter(pk=campaign_id).exists():
            raise forms.ValidationError(_("This campaign is registered already."))
        return campaign_id

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or {}
        starts_at, ends_at = fields.get("starts_at"), fields.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("The campaign ends before it starts."))
        return fields


class RewardForm(forms.Form):
    """One reward with one item. A reward with several items has several rows."""

    reward_id = forms.CharField(label=gettext_lazy("Reward ID"), max_length=200, required=False)
    reward_name = forms.CharField(label=gettext_lazy("Reward name"), max_length=200, required=False)
    sku = forms.CharField(
        label=gettext_lazy("SKU"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"list": "skus"}),
    )
    item_name = forms.CharField(
        label=gettext_lazy("Name of a new item"), max_length=200, required=False
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("Quantity"), min_value=1, max_value=2**31 - 1, initial=1, required=False
    )
    minutes = forms.IntegerField(
        label=gettext_lazy("Minutes"), min_value=0, max_value=2**31 - 1, required=False
    )

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or {}
        reward_id, sku = fields.get("reward_id", ""), fields.get("sku", "")
        if not reward_id and (sku or fields.get("reward_name")):
            self.add_error("reward_id", _("Enter the reward's ID."))
        if reward_id and not sku and not Reward.objects.filter(pk=reward_id).exists():
            self.add_error("sku", _("Choose the item's SKU."))
        is_new = sku and not Item.objects.filter(sku=sku).exists()
        if is_new and not fields.get("item_name"):
            self.add_error("item_name", _("No item has this SKU. Name it to add it."))
        return fields


class RewardRows(forms.BaseFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        """Checks that the rows agree with each other and with known rewards."""
        if any(self.errors):
            return
        mappings: dict[str, dict[str, int]] = {}
        for row in self.filled():
            mapping = mappings.setdefault(row["reward_id"], {})
            if row["sku"] in mapping:
                fault = _("Reward %(reward)s has the item %(sku)s twice.")
                raise forms.ValidationError(fault % {"reward": row["reward_id"], "sku": row["sku"]})
            if row["sku"]:
                mapping[row["sku"]] = row["quantity"] or 1
        if not mappings:
            raise forms.ValidationError(_("Add at least one reward."))
        if len(mappings) > REWARDS_PER_CAMPAIGN:
            fault = _("A campaign has at most %(most)d rewards.")
            raise forms.ValidationError(fault % {"most": REWARDS_PER_CAMPAIGN})
        known = Reward.objects.filter(pk__in=mappings).prefetch_related("mapping__item")
        for reward in known:
            here = {one.item.sku: one.quantity for one in reward.mapping.all()}
            if here and mappings[reward.pk] not in ({}, here):
                fault = _(
                    "Reward %(reward)s is mapped already, to other items. Leave its SKU empty here,"
                    " or change the mapping on the reward's page."
                )
                raise forms.ValidationError(fault % {"reward": reward.pk})
            if not here and not mappings[reward.pk]:
                fault = _("Reward %(reward)s isn't mapped yet. Choose its item.")
                raise forms.ValidationError(fault % {"reward": reward.pk})

    def filled(self) -> list[dict[str, Any]]:
        rows = [getattr(form, "cleaned_data", {}) for form in self.forms]
        return [row for row in rows if row.get("reward_id")]


RewardRowSet = forms.formset_factory(
    RewardForm, formset=RewardRows, extra=0, max_num=10 * REWARDS_PER_CAMPAIGN
)


class PasteForm(forms.Form):
    """Rows of rewards from a spreadsheet or a CSV file."""

    pasted = forms.CharField(
        label=gettext_lazy("Rows from a spreadsheet"),
        required=False,
        strip=False,
        widget=AdminTextareaWidget(attrs={"rows": 4}),
    )


@dataclass(frozen=True, slots=True)
class PastedRow:
    """All as typed: the form checks them."""

    reward_id: str = ""
    reward_name: str = ""
    sku: str = ""
    item_name: str = ""
    quantity: str = "1"
    minutes: str = ""


def read_rows(text: str) -> list[dict[str, str]]:
    """Rows in the order of COLUMNS, separated by tabs, semicolons or commas. Skips a header.

    Text that isn't a table has no rows.
    """
    lines = text.strip().splitlines()
    separator = next((one for one in "\t;" if lines and one in lines[0]), ",")
    found = []
    try:
        rows = list(csv.reader(lines, delimiter=separator))
    except csv.Error:  # such as a cell of more than 128 KB
        return []
    for cells in rows:
        values = [cell.strip() for cell in cells[: len(COLUMNS)]]
        if any(values) and values[0].lower().replace(" ", "_") != COLUMNS[0]:
            found.append(asdict(PastedRow(*values)))
    return found


def write_template() -> str:
    file = io.StringIO()
    csv.writer(file).writerows(TEMPLATE)
    return file.getvalue()


def copy_of(campaign: Campaign) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The initial values of a campaign like this one. Its rewards need new IDs."""
    fields = {
        "source": campaign.source,
        "category": campaign.category,
        "announcement_days": campaign.announcement_days,
        "grace_days": campaign.grace_days,
        "channels": campaign.channels,
    }
    pairs = campaign.pairs.select_related("reward").prefetch_related("reward__mapping__item")
    rows = [
        {
            "reward_name": pair.reward.name,
            "sku": one.item.sku,
            "quantity": one.quantity,
            "minutes": pair.required_minutes,
        }
        for pair in pairs.order_by("required_minutes", "reward__name")
        for one in pair.reward.mapping.all()
    ]
    return fields, rows


def make_document(fields: dict[str, Any], rows: list[dict[str, Any]]) -> Document:
    """What the form describes, as rows of a catalogue file. Known items and rewards stay as is."""
    known_items = {one.sku: one for one in Item.objects.filter(sku__in=[r["sku"] for r in rows])}
    known = Reward.objects.filter(pk__in=[row["reward_id"] for row in rows])
    rewards = {one.pk: reward_row(one) for one in known.prefetch_related("mapping__item")}
    items: dict[str, Any] = {}
    minutes: dict[str, int | None] = {}
    for row in rows:
        reward_id, sku = row["reward_id"], row["sku"]
        minutes[reward_id] = (
            row["minutes"] if minutes.get(reward_id) is None else minutes[reward_id]
        )
        name = (
            row["reward_name"]
            or row["item_name"]
            or (known_items[sku].name if sku in known_items else sku)
        )
        reward = rewards.setdefault(
            reward_id, {"reward_id": reward_id, "name": "", "external_id": "", "items": {}}
        )
        reward["name"] = reward["name"] or name
        if sku:
            reward["items"][sku] = row["quantity"] or 1
            items[sku] = (
                item_row(known_items[sku])
                if sku in known_items
                else {"sku": sku, "name": row["item_name"], "description": ""}
            )
    campaign = {
        **{name: fields[name] for name in ("campaign_id", "name", "category", "channels")},
        **{name: fields[name] for name in ("announcement_days", "grace_days", "is_test")},
        **{name: _iso(fields[name]) for name in ("starts_at", "ends_at")},
        "info_url": "",
        "rewards": minutes,
    }
    return Document(
        items=items,
        rewards=rewards,
        campaigns={campaign["campaign_id"]: campaign},
        source=fields["source"],
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def unusual_ids(document: Document) -> list[str]:
    """The new IDs that don't look as the platform's do: probably typing errors."""
    is_usual = get_source(document.source).is_usual_id
    return [one for one in (*document.campaigns, *document.rewards) if not is_usual(one)]
