"""Claims, read-only: status, reason and next step."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from claims.desk.admin.actions_mixin import ClaimActions
from claims.desk.admin.annotations import with_names
from claims.desk.admin.badges import claim_badge, entitlement_badge, verdict_badge
from claims.desk.admin.catalogue_search import claims_known_as, claims_of_item
from claims.desk.admin.id_search import IdSearch
from claims.desk.diagnosis import explain_hold
from claims.desk.search import claim_url
from claims.models import Claim, Confirmation, Entitlement, QuarantinedDelivery, Report
from core.admin.base import ReadOnlyInline, ReadOnlyPage
from core.admin.html import NOTHING, badge, link, row_link, stacked


class EntitlementInline(ReadOnlyInline):
    model = Entitlement
    fields: ClassVar[Any] = [
        "what",
        "status_badge",
        "granted_at",
        "first_listed_at",
        "fulfilled_at",
    ]
    readonly_fields = fields

    @admin.display(description=_("item"))
    def what(self, entitlement: Entitlement) -> SafeString | str:
        return row_link("claims_entitlement", entitlement.pk, entitlement)

    @admin.display(description=_("status"))
    def status_badge(self, entitlement: Entitlement) -> SafeString:
        return entitlement_badge(entitlement)


# The desk's pages link to lists of claims by the state of their report.
LINKED_LOOKUPS = {"report__isnull", "report__reported_at__isnull", "report__refusals__gt"}


@admin.register(Claim)
class ClaimAdmin(ClaimActions, IdSearch, ReadOnlyPage):
    list_display = ["claim_id", "status_and_reason", "who", "what", "recorded_at"]
    list_filter = [
        "status",
        "hold_reason",
        "source",
        "path",
        "recorded_at",
        "campaign",
        ("account__player", admin.EmptyFieldListFilter),
    ]
    list_select_related = ["account__player"]
    ordering = ["-recorded_at"]
    account_search_fields = ["account_id"]
    search_fields = [
        "claim_id",
        "message_id",
        "account__name__iexact",
        "account__player__game_account_id",
        "entitlements__fulfilment_id",
    ]
    entitlement_path = "entitlements__"
    search_help_text = _(
        "Exact ID of a claim, message, campaign, reward, account, game account, entitlement or "
        "fulfilment; exact external ID or account name; or the SKU of a recently granted item."
    )
    empty_state = _("No claims yet. They appear here as soon as a platform sends them.")
    inlines = [EntitlementInline]
    fieldsets = [
        (None, {"fields": ["claim_id", "status_badge", "sentence", "case_link"]}),
        (
            _("Viewer and reward"),
            {
                "fields": [
                    "account_link",
                    "player_link",
                    "campaign_link",
                    "reward_link",
                    "external_id",
                ]
            },
        ),
        (
            _("Timeline"),
            {
                "fields": [
                    "source",
                    "path",
                    "message_id",
                    "occurred_at",
                    "received_at",
                    "recorded_at",
                    "first_hold_reason",
                    "granted_at",
                    "revoked_at",
                    "differences",
                ]
            },
        ),
        (
            _("Report to the platform"),
            {"fields": ["report_state", "report_refusals", "report_next_attempt_at"]},
        ),
        (
            _("Confirmation by the platform"),
            {
                "fields": ["lookups", "next_lookup_at", "foreign_at"],
                "classes": ["collapse"],
            },
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return with_names(super().get_queryset(request))

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        return lookup in LINKED_LOOKUPS or super().lookup_allowed(lookup, value, request)

    def known_condition(self, term: str) -> Q | None:
        return claims_known_as(term) or claims_of_item(term)

    def get_inlines(self, request: HttpRequest, obj: Claim | None) -> Any:  # noqa: ARG002
        is_held = obj is not None and obj.status == Claim.Status.HELD
        return [] if is_held else self.inlines

    @admin.display(description=_("report"))
    def report_state(self, claim: Claim) -> str:
        report = Report.objects.filter(pk=claim.pk).first()
        if report is None:
            return str(_("not needed yet"))
        if report.reported_at is None:
            return str(_("pending"))
        return _("sent at %(at)s") % {"at": date_format(report.reported_at, "DATETIME_FORMAT")}

    @admin.display(description=_("refused attempts"))
    def report_refusals(self, claim: Claim) -> int:
        return Report.objects.filter(pk=claim.pk).values_list("refusals", flat=True).first() or 0

    @admin.display(description=_("next attempt at"))
    def report_next_attempt_at(self, claim: Claim) -> datetime | str:
        pending = Report.objects.filter(pk=claim.pk)
        return pending.values_list("next_attempt_at", flat=True).first() or NOTHING

    @admin.display(description=_("lookups"))
    def lookups(self, claim: Claim) -> int:
        rows = Confirmation.objects.filter(pk=claim.pk)
        return rows.values_list("attempts", flat=True).first() or 0

    @admin.display(description=_("next lookup at"))
    def next_lookup_at(self, claim: Claim) -> datetime | str:
        rows = Confirmation.objects.filter(pk=claim.pk)
        return rows.values_list("next_attempt_at", flat=True).first() or NOTHING

    @admin.display(description=_("marked as foreign at"))
    def foreign_at(self, claim: Claim) -> datetime | str:
        rows = Confirmation.objects.filter(pk=claim.pk)
        return rows.values_list("foreign_at", flat=True).first() or NOTHING

    @admin.display(description=_("status"), ordering="status")
    def status_and_reason(self, claim: Claim) -> SafeString:
        return stacked(claim_badge(claim), claim.get_hold_reason_display())

    @admin.display(description=_("account and player"))
    def who(self, claim: Claim) -> SafeString:
        return stacked(self.account_link(claim), self.player_link(claim))

    @admin.display(description=_("reward and campaign"))
    def what(self, claim: Claim) -> SafeString:
        return stacked(self.reward_link(claim), self.campaign_link(claim))

    @admin.display(description=_("status"), ordering="status")
    def status_badge(self, claim: Claim) -> SafeString:
        return claim_badge(claim)

    @admin.display(description=_("explanation"))
    def sentence(self, claim: Claim) -> str | Promise:
        if claim.status == Claim.Status.REVOKED:
            return _("All of its items were revoked. This is final.")
        if claim.status == Claim.Status.GRANTED:
            return _("Granted. Its items and their status are listed below.")
        return explain_hold(claim, lookups=self.lookups(claim))

    @admin.display(description=_("case"))
    def case_link(self, claim: Claim) -> SafeString:
        return link(claim_url(claim), _("View full timeline"))

    @admin.display(description=_("account"))
    def account_link(self, claim: Claim) -> SafeString | str:
        return row_link("accounts_platformaccount", claim.account_id, claim.account)

    @admin.display(description=_("linked player"))
    def player_link(self, claim: Claim) -> SafeString | str:
        player = claim.account and claim.account.player
        return row_link("accounts_player", player.pk, player) if player else NOTHING

    @admin.display(description=_("campaign"))
    def campaign_link(self, claim: Claim) -> SafeString | str:
        if not claim.campaign_id:
            return NOTHING
        if claim.campaign_name is None:  # type: ignore[attr-defined]
            return _not_registered(claim.campaign_id)
        shown = row_link("claims_campaign", claim.campaign_id, claim.campaign_name)  # type: ignore[attr-defined]
        return format_html("{} {}", shown, badge("test", _("test")) if claim.is_test else "")  # type: ignore[attr-defined]

    @admin.display(description=_("reward"))
    def reward_link(self, claim: Claim) -> SafeString | str:
        if claim.reward_name is None:  # type: ignore[attr-defined]
            return _not_registered(claim.reward_id)
        return row_link("claims_reward", claim.reward_id, claim.reward_name)  # type: ignore[attr-defined]

    @admin.display(description=_("conflicting deliveries"))
    def differences(self, claim: Claim) -> SafeString | str:
        deliveries = (
            QuarantinedDelivery.objects.filter(claim_id=claim.pk).defer("body").order_by("-id")[:20]
        )
        rows = (
            (verdict_badge(one), row_link("claims_quarantineddelivery", one.pk, one), one.reason)
            for one in deliveries
        )
        return format_html_join("", "<p>{} {}<br>{}</p>", rows) or NOTHING


def _not_registered(unknown_id: str) -> SafeString:
    return format_html("{} {}", unknown_id, badge("quiet", _("not registered")))
