"""Campaigns and their rewards. They are created at Kick, then named and categorized here."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from claims.desk.admin.audit_mixin import Audited
from claims.desk.admin.badges import with_pause
from claims.desk.admin.forms import PairFormSet
from claims.desk.enqueue import heal_after_commit
from claims.models import Campaign, CampaignReward
from claims.models.catalogue import REWARDS_PER_CAMPAIGN
from core.admin.base import Page, TabularInline
from core.admin.html import badge, link, list_link


class PairInline(TabularInline):
    model = CampaignReward
    formset = PairFormSet
    autocomplete_fields = ["reward"]
    extra = 0
    max_num = REWARDS_PER_CAMPAIGN
    verbose_name = _("reward")
    verbose_name_plural = _("rewards (claims for these in this campaign are trusted as ours)")

    def get_formset(self, request: HttpRequest, obj: Model | None = None, **kwargs: Any) -> Any:
        return super().get_formset(request, obj, validate_max=True, **kwargs)


@admin.register(Campaign)
class CampaignAdmin(Audited, Page):
    list_display = [
        "title",
        "campaign_id",
        "category_shown",
        "starts_at",
        "ends_at",
        "rewards_count",
    ]
    # The title leads to the desk's page of the campaign, which leads to the form.
    list_display_links = None
    list_filter = ["is_test", "category"]
    ordering = ["-created_at"]
    search_fields = [
        "campaign_id",
        "name",
        "category",
        "pairs__reward__reward_id",
        "pairs__reward__name",
        "pairs__reward__mapping__item__sku",
    ]
    search_help_text = _("Campaign name, category or ID; reward name or ID; or SKU.")
    empty_state = _(
        "No campaigns yet. Add one with its ID from Kick's dashboard, or wait: its first claim "
        "adds it automatically."
    )
    inlines = [PairInline]
    fieldsets = [
        (None, {"fields": ["campaign_id", "source", "name", "category", "is_test", "claims_link"]}),
        (
            _("When and where"),
            {
                "fields": [
                    ("starts_at", "ends_at"),
                    ("announcement_days", "grace_days"),
                    "channels",
                    "info_url",
                ]
            },
        ),
    ]

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """The desk has a page for it, with the rewards and their items."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        return redirect("desk:new_campaign")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        campaigns: QuerySet[Any] = super().get_queryset(request).select_related("pause")
        counted: QuerySet[Any] = campaigns.annotate(rewards_count=Count("pairs"))
        return counted

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:  # noqa: ARG002
        return ["claims_link"] if obj is None else ["campaign_id", "source", "claims_link"]

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Only one at a time, and only if no claim refers to it."""
        if not isinstance(obj, Campaign) or obj.claims.exists():
            return False
        return super().has_delete_permission(request, obj)

    def save_model(self, request: HttpRequest, obj: Campaign, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = timezone.now()
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        heal_after_commit()

    @admin.display(description=_("campaign"), ordering="name")
    def title(self, campaign: Campaign) -> SafeString:
        return link(reverse("desk:campaign", args=[campaign.pk]), with_pause(campaign))

    @admin.display(description=_("category"), ordering="category")
    def category_shown(self, campaign: Campaign) -> SafeString | str:
        return campaign.category or badge("wait", _("none yet"))

    @admin.display(description=_("rewards"), ordering="rewards_count")
    def rewards_count(self, campaign: Campaign) -> int:
        return campaign.rewards_count  # type: ignore[attr-defined,no-any-return]

    @admin.display(description=_("claims"))
    def claims_link(self, campaign: Campaign) -> SafeString | str:
        filters = {"campaign__campaign_id__exact": campaign.pk}
        return list_link("claims_claim", _("View claims"), **filters) if campaign.pk else ""
