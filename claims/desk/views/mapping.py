"""The queue of unmapped rewards, and the page that previews a mapping before saving it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from claims.desk import mapping
from claims.desk.actions import ActionContext
from claims.desk.enqueue import run_jobs_after_commit
from claims.desk.views.actions import ask_and_act
from claims.desk.views.decorators import LOOK, name_of, show, staff_page
from claims.models import Item, Reward

# Rewards with more items are mapped on the reward's admin page, which has no limit.
ROWS = 5


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

    def clean(self) -> None:
        if not any(self.errors) and not self.items():
            raise forms.ValidationError(_("Choose at least one item."))


ItemRows = forms.formset_factory(ItemForm, formset=ItemFormSet, extra=0)


@require_safe
@staff_page(*LOOK, "claims.view_reward")
def queue(request: HttpRequest) -> HttpResponse:
    return show(request, "queue.html", title=_("Unmapped rewards"), queue=mapping.queue())


@ask_and_act
@staff_page(*LOOK, "claims.change_reward", "claims.change_rewarditem")
def map_reward(request: HttpRequest, *, reward_id: str) -> HttpResponse:
    reward = get_object_or_404(Reward, pk=reward_id)
    rows: Any = ItemRows(request.POST or None, initial=_initial(reward))
    items = rows.items() if rows.is_bound and rows.is_valid() else None
    if items and "confirmed" in request.POST:
        act = ActionContext(actor=name_of(request), reason="", now=timezone.now())
        job = mapping.map_reward(reward=reward, items=items, act=act)
        run_jobs_after_commit()
        messages.success(request, _("Mapped. Waiting claims are being granted."))
        return redirect("desk:job", job.pk)
    return show(
        request,
        "mapping.html",
        title=_("Map %(reward)s") % {"reward": reward},
        reward=reward,
        rows=rows,
        items=items,
        preview=mapping.preview(reward=reward),
    )


def _initial(reward: Reward) -> list[dict[str, object]]:
    """The current mapping, or the item whose SKU equals the external id; then empty rows."""
    mapped: list[dict[str, object]] = [
        {"item": one.item_id, "quantity": one.quantity}
        for one in reward.mapping.order_by("item__name")
    ]
    if not mapped and reward.external_id:
        namesake = Item.objects.filter(sku=reward.external_id).first()
        mapped = [{"item": namesake.pk, "quantity": 1}] if namesake else []
    empty: list[dict[str, object]] = [{"quantity": 1}] * max(ROWS - len(mapped), 1)
    return [*mapped, *empty]
