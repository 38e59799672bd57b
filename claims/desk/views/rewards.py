"""The list of unmapped rewards, and the page that previews a mapping before saving it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from claims.desk import actions
from claims.desk.enqueue import run_jobs_after_commit
from claims.desk.previews import sign_preview
from claims.desk.views.actions import ask_and_act
from claims.desk.views.confirming import DIFFERS, confirmed_preview
from claims.desk.views.decorators import LOOK, name_of, show, staff_page
from claims.mapping import (
    list_unmapped_rewards,
    preview_mapping,
    unusual_quantities,
)
from claims.models import Campaign, Item, Reward

SHOWN_AT_MOST = 50
# The page starts with this many rows, and adds as many on request.
ROWS = 5
EMPTY_ROW = {"quantity": 1}


class ItemForm(forms.Form):
    item = forms.ModelChoiceField(
        label=gettext_lazy("Item"), queryset=Item.objects.order_by("name"), required=False
    )
    quantity = forms.IntegerField(
        label=gettext_lazy("Quantity"), min_value=1, max_value=2**31 - 1, initial=1, required=False
    )


class ItemFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    def items(self) -> dict[Item, int]:
        """The chosen items with their quantities. Quantities of a repeated item add up."""
        chosen: dict[Item, int] = {}
        for form in self.forms:
            if item := form.cleaned_data.get("item"):
                chosen[item] = chosen.get(item, 0) + (form.cleaned_data.get("quantity") or 1)
        return chosen


ItemRows = forms.formset_factory(ItemForm, formset=ItemFormSet, extra=0)


@require_safe
@staff_page(*LOOK, "claims.view_reward")
def queue(request: HttpRequest) -> HttpResponse:
    unfinished = Campaign.objects.filter(Q(name="") | Q(category="")).order_by("-created_at")
    return show(
        request,
        "queue.html",
        title=_("Unmapped rewards"),
        rewards=list_unmapped_rewards(limit=SHOWN_AT_MOST),
        campaigns=unfinished[:SHOWN_AT_MOST],
    )


@ask_and_act
@staff_page(*LOOK, "claims.change_reward", "claims.change_rewarditem")
def map_reward(request: HttpRequest, *, reward_id: str) -> HttpResponse:
    reward = get_object_or_404(Reward, pk=reward_id)
    rows: Any = ItemRows(request.POST or None, initial=_initial(reward))
    items: dict[Item, int] | None = None
    if rows.is_bound and rows.is_valid():
        items = rows.items()
        if not items and not reward.mapping.exists():
            messages.error(request, _("Choose at least one item."))
            items = None
        elif "more" in request.POST:
            chosen = [{"item": item.pk, "quantity": items[item]} for item in items]
            rows = ItemRows(initial=[*chosen, *[EMPTY_ROW] * ROWS])
            items = None
    by_sku = {item.sku: quantity for item, quantity in (items or {}).items()}
    unusual = unusual_quantities(by_sku, reward_id=reward.pk)
    if (
        items is not None
        and "confirmed" in request.POST
        and (done := _map_as_previewed(request, reward, items, is_unusual=bool(unusual)))
    ):
        return done
    shown = None if items is None else actions.describe_mapping(reward=reward, items=items)
    return show(
        request,
        "mapping.html",
        title=_("Map %(reward)s") % {"reward": reward},
        reward=reward,
        rows=rows,
        items=items,
        unusual={item: unusual[item.sku] for item in items or {} if item.sku in unusual},
        preview=preview_mapping(reward=reward),
        # The form sends it back, so that nothing else can be confirmed.
        previewed=sign_preview(shown) if shown else "",
    )


def _map_as_previewed(
    request: HttpRequest, reward: Reward, items: Mapping[Item, int], *, is_unusual: bool
) -> HttpResponse | None:
    """Map the reward if exactly this was previewed. Otherwise say why not, and return None."""
    if (previewed := confirmed_preview(request, is_odd=is_unusual)) is None:
        return None
    act = actions.ActionContext(actor=name_of(request), reason="", now=timezone.now())
    try:
        mapped = actions.map_reward(reward=reward, items=items, previewed=previewed, act=act)
    except actions.NotAsPreviewed:
        messages.warning(request, DIFFERS)
        return None
    if mapped.job is None:
        messages.success(request, _("Saved. No held claims were waiting for this mapping."))
        return redirect("desk:queue")
    run_jobs_after_commit()
    messages.success(request, _("Mapped. Waiting claims are being granted."))
    return redirect("desk:job", mapped.job.pk)


def _initial(reward: Reward) -> list[dict[str, Any]]:
    """The current mapping, or the item whose SKU equals the external id; then empty rows."""
    mapping = reward.mapping.order_by("item__name").values("item", "quantity")
    mapped: list[Any] = list(mapping)
    if not mapped and reward.external_id:
        namesake = Item.objects.filter(sku=reward.external_id).first()
        mapped = [{"item": namesake.pk, "quantity": 1}] if namesake else []
    return [*mapped, *[EMPTY_ROW] * max(ROWS - len(mapped), 1)]
