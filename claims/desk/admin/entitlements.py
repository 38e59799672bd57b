"""Entitlements, read-only except for one action: revoking them, with a reason."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.desk.actions import ActionContext, revoke
from claims.desk.admin.actions_mixin import begin
from claims.desk.admin.annotations import with_names
from claims.desk.admin.badges import entitlement_badge
from claims.desk.admin.catalogue_search import claims_known_as, newest_of_item
from claims.desk.admin.forms import RevocationForm
from claims.desk.admin.id_search import IdSearch
from claims.models import BulkJob, Entitlement
from core.admin.base import ReadOnlyPage
from core.admin.html import badge, row_link, stacked

# The reason form has a field per entitlement, and Django accepts 1,000 fields.
MAX_REVOKED_AT_ONCE = 900
# Larger selections are revoked in the background.
MAX_WHILE_YOU_WAIT = 100


@admin.register(Entitlement)
class EntitlementAdmin(IdSearch, ReadOnlyPage):
    list_display = [
        "public_id",
        "status_badge",
        "player_link",
        "what",
        "granted_at",
        "fulfilled_at",
    ]
    list_filter = ["status", "granted_at", ("first_listed_at", admin.EmptyFieldListFilter)]
    list_select_related = ["player"]
    ordering = ["-id"]
    account_search_fields = ["claim__account_id"]
    search_fields = [
        "fulfilment_id",
        "claim_id",
        "claim__message_id",
        "claim__account__name__iexact",
        "player__game_account_id",
    ]
    entitlement_path = ""
    search_help_text = gettext_lazy(
        "Exact ID of an entitlement, game account, claim, message, campaign, reward, account or "
        "fulfilment; exact account name; or the SKU of a recently granted item."
    )
    empty_state = gettext_lazy("No entitlements yet. They are created when a claim is granted.")
    actions = ["revoke"]
    fieldsets = [
        (
            None,
            {"fields": ["public_id", "status_badge", "player_link", "sku", "quantity", "is_test"]},
        ),
        (gettext_lazy("Granted for"), {"fields": ["claim_link", "campaign", "reward"]}),
        (
            gettext_lazy("Delivery"),
            {"fields": ["granted_at", "first_listed_at", "fulfilled_at", "fulfilment_id"]},
        ),
        (gettext_lazy("Revocation"), {"fields": ["revoked_at", "revocation_reason"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return with_names(super().get_queryset(request))

    def known_condition(self, term: str) -> Q | None:
        return claims_known_as(term, claim="claim__") or newest_of_item(term)

    @admin.display(description=gettext_lazy("id"))
    def public_id(self, entitlement: Entitlement) -> str:
        return entitlement.public_id

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("claims.change_entitlement"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = {"can_revoke": self.has_revoke_permission(request), **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    @admin.action(description=gettext_lazy("Revoke selected entitlements…"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[Entitlement]) -> HttpResponse | None:
        ids = list(chosen.order_by("pk").values_list("pk", flat=True)[: MAX_REVOKED_AT_ONCE + 1])
        if len(ids) > MAX_REVOKED_AT_ONCE:
            said = _("Select at most %d entitlements at a time.") % MAX_REVOKED_AT_ONCE
            self.message_user(request, said, level=messages.ERROR)
            return None
        form = RevocationForm(request.POST if "confirmed" in request.POST else None)
        if not form.is_valid():
            return self._ask_for_a_reason(request, ids, form)
        if len(ids) > MAX_WHILE_YOU_WAIT:
            subjects = [str(pk) for pk in ids]
            reason = form.cleaned_data["reason"]
            return begin(request, BulkJob.Kind.REVOKE, subjects, reason=reason)
        act = ActionContext(
            actor=request.user.get_username(),
            reason=form.cleaned_data["reason"],
            now=timezone.now(),
        )
        done = revoke(entitlement_ids=ids, act=act)
        said = _(
            "%(revoked)d revoked. %(noted)d already fulfilled: note added. "
            "%(unchanged)d already revoked."
        )
        said %= {"revoked": done.revoked, "noted": done.noted, "unchanged": done.unchanged}
        self.message_user(request, said, level=messages.SUCCESS)
        return None

    def _ask_for_a_reason(
        self, request: HttpRequest, ids: list[int], form: RevocationForm
    ) -> HttpResponse:
        chosen = self.get_queryset(request).filter(pk__in=ids).select_related("player")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Revoke entitlements"),
            "opts": self.opts,
            "form": form,
            "entitlements": chosen.order_by("pk"),
            "granted": chosen.filter(status=Entitlement.Status.GRANTED).count(),
            "fulfilled": chosen.filter(status=Entitlement.Status.FULFILLED).count(),
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return TemplateResponse(request, "admin/claims/entitlement/revoke.html", context)

    @admin.display(description=gettext_lazy("status"), ordering="status")
    def status_badge(self, entitlement: Entitlement) -> SafeString:
        return entitlement_badge(entitlement)

    @admin.display(description=gettext_lazy("item and claim"), ordering="sku")
    def what(self, entitlement: Entitlement) -> SafeString:
        return stacked(entitlement, self.claim_link(entitlement))

    @admin.display(description=gettext_lazy("player"))
    def player_link(self, entitlement: Entitlement) -> SafeString | str:
        return row_link("accounts_player", entitlement.player_id, entitlement.player)

    @admin.display(description=gettext_lazy("claim"))
    def claim_link(self, entitlement: Entitlement) -> SafeString | str:
        return row_link("claims_claim", entitlement.claim_id)

    @admin.display(description=gettext_lazy("campaign"))
    def campaign(self, entitlement: Entitlement) -> SafeString | str:
        claim: Any = entitlement.claim
        return row_link("claims_campaign", claim.campaign_id, entitlement.campaign_name)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("reward"))
    def reward(self, entitlement: Entitlement) -> SafeString | str:
        claim: Any = entitlement.claim
        return row_link("claims_reward", claim.reward_id, entitlement.reward_name)  # type: ignore[attr-defined]

    @admin.display(description=gettext_lazy("campaign mode"))
    def is_test(self, entitlement: Entitlement) -> SafeString | str:
        is_test = entitlement.is_test  # type: ignore[attr-defined]
        return badge("test", _("test")) if is_test else _("live")
