"""Rewards with their mappings, and the studio's items."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from claims.desk.admin.audit_mixin import Audited
from claims.desk.admin.badges import with_pause
from claims.desk.admin.pictures import ItemForm
from claims.desk.attention import count_some
from claims.mapping import COUNTED_UP_TO, claims_without_mapping
from claims.models import Item, Reward
from claims.pictures import set_picture
from core.admin.base import Page
from core.admin.html import NOTHING, badge, link, list_link


class MappedFilter(admin.SimpleListFilter):
    title = _("mapped to items")
    parameter_name = "mapped"

    def lookups(self, _request: HttpRequest, _model_admin: Any) -> list[tuple[str, Any]]:
        return [("yes", _("Yes")), ("no", _("No"))]

    def queryset(self, _request: HttpRequest, queryset: QuerySet[Model]) -> QuerySet[Model]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(mapping__isnull=self.value() == "no").distinct()


@admin.register(Reward)
class RewardAdmin(Audited, Page):
    list_display = ["title", "reward_id", "external_id", "mapped_to", "campaigns_named"]
    list_filter = [MappedFilter, "campaigns"]
    ordering = ["-created_at"]
    search_fields = [
        "reward_id",
        "name",
        "external_id",
        "campaigns__campaign_id",
        "campaigns__name",
        "mapping__item__sku",
    ]
    search_help_text = _("Reward name, ID or external ID; campaign name or ID; or SKU.")
    empty_state = _(
        "No rewards yet. Add one with its ID from Kick's dashboard, or wait: its first claim adds "
        "it automatically."
    )
    fieldsets = [
        (
            None,
            {"fields": ["reward_id", "source", "name", "external_id", "mapping_link", "pausing"]},
        ),
        (_("Claims"), {"fields": ["waiting", "claims_link", "first_mapped_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return (
            super()
            .get_queryset(request)
            .select_related("pause")
            .prefetch_related("mapping__item", "campaigns")
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:  # noqa: ARG002
        shown = ["mapping_link", "pausing", "waiting", "claims_link", "first_mapped_at"]
        return shown if obj is None else ["reward_id", "source", *shown]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only one at a time, and only if no claim refers to it."""
        if not isinstance(obj, Reward) or obj.claims.exists():
            return False
        return super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Reward, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)

    @admin.display(description=_("reward"), ordering="name")
    def title(self, reward: Reward) -> SafeString | str:
        return with_pause(reward)

    @admin.display(description=_("items"))
    def mapped_to(self, reward: Reward) -> SafeString | str:
        mapping = [f"{one.quantity} × {one.item}" for one in reward.mapping.all()]
        return ", ".join(mapping) or badge("wait", _("not mapped"))

    @admin.display(description=_("items"))
    def mapping_link(self, reward: Reward) -> SafeString | str:
        if not reward.pk:
            return gettext("Save the reward first, then map it to items.")
        url = link(reverse("desk:map", args=[reward.pk]), _("Change the mapping…"))
        return format_html("{} {}", self.mapped_to(reward), url)

    @admin.display(description=_("grants"))
    def pausing(self, reward: Reward) -> SafeString | str:
        if not reward.pk:
            return ""
        url = reverse("desk:pause", args=["reward", reward.pk])
        if hasattr(reward, "pause"):
            return format_html("{} {}", badge("wait", _("paused")), link(url, _("Resume…")))
        return link(url, _("Pause grants…"))

    @admin.display(description=_("campaigns"))
    def campaigns_named(self, reward: Reward) -> str:
        return ", ".join(str(campaign) for campaign in reward.campaigns.all())

    @admin.display(description=_("claims waiting for a mapping"))
    def waiting(self, reward: Reward) -> SafeString | str:
        count = count_some(claims_without_mapping().filter(reward_id=reward.pk))
        if not count:
            return str(_("None"))
        shown = f"{COUNTED_UP_TO:,}+" if count > COUNTED_UP_TO else f"{count:,}"
        said = ngettext("%s held claim", "%s held claims", count) % shown
        filters = {"hold_reason__exact": "UNMAPPED_REWARD", "reward_id": reward.pk}
        return list_link("claims_claim", said, **filters)

    @admin.display(description=_("claims"))
    def claims_link(self, reward: Reward) -> SafeString | str:
        if not reward.pk:
            return ""
        return list_link("claims_claim", _("View claims"), reward_id=reward.pk)


@admin.register(Item)
class ItemAdmin(Audited, Page):
    form = ItemForm
    list_display = ["name", "sku", "description", "thumbnail"]
    fields = ["sku", "name", "description", "thumbnail", "picture"]
    ordering = ["name"]
    search_fields = ["sku", "name"]
    search_help_text = _("Part of the name or SKU.")
    empty_state = _("No items yet. Add the items that rewards map to.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        # Without the pictures themselves: a page of them would be megabytes.
        items = super().get_queryset(request).select_related("picture")
        return items.defer("picture__content", "picture__content_type")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:  # noqa: ARG002
        # Entitlements copy the SKU, so that a changed SKU would be a different item.
        return ["sku", "thumbnail"] if obj else ["thumbnail"]

    def save_model(self, request: HttpRequest, obj: Item, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if file := form.cleaned_data.get("picture"):
            set_picture(item=obj, content=file.read())

    @admin.display(description=_("picture"))
    def thumbnail(self, item: Item) -> SafeString | str:
        if not hasattr(item, "picture"):
            return NOTHING
        url = reverse("link:picture", args=[item.picture.digest])
        return format_html('<img src="{}" alt="" width="40" height="40">', url)

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: Any, **kwargs: Any
    ) -> Any:
        if db_field.name == "description":
            kwargs["widget"] = AdminTextareaWidget(attrs={"rows": 3})
        return super().formfield_for_dbfield(db_field, request, **kwargs)
