"""Players, platform accounts, their links and their authorizations, read-only.

Tokens, digests and verifiers never appear in a list, field or search.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import (
    Authorization,
    Deauthorization,
    LinkAttempt,
    LinkEvent,
    LinkTicket,
    PendingLink,
    PlatformAccount,
    Player,
    WrongCodes,
)
from claims.desk.admin.id_search import IdSearch
from core.admin.base import ReadOnlyInline, ReadOnlyPage
from core.admin.html import badge, link, list_link, row_link

TONE_OF_EVENT = {
    LinkEvent.Kind.LINKED: "good",
    LinkEvent.Kind.RENEWED: "quiet",
    LinkEvent.Kind.UNLINKED: "wait",
    LinkEvent.Kind.DISCONNECTED: "bad",
    LinkEvent.Kind.WAIVED: "quiet",
}
TONE_OF_DEAUTHORIZATION = {
    Deauthorization.Outcome.PENDING: "wait",
    Deauthorization.Outcome.REVOKED: "good",
    Deauthorization.Outcome.OVERTAKEN: "quiet",
}


class AccountColumn:
    @admin.display(description=gettext_lazy("account"))
    def account_link(self, row: Any) -> SafeString | str:
        return row_link("accounts_platformaccount", row.account_id, row.account)


class PlayerColumn:
    @admin.display(description=gettext_lazy("player"))
    def player_link(self, row: Any) -> SafeString | str:
        return row_link("accounts_player", row.player_id, row.player)


class EventColumns(AccountColumn, PlayerColumn):
    @admin.display(description=gettext_lazy("event"), ordering="kind")
    def kind_badge(self, event: LinkEvent) -> SafeString:
        return badge(TONE_OF_EVENT[LinkEvent.Kind(event.kind)], event.get_kind_display())


class EventsOfPlayer(EventColumns, ReadOnlyInline):
    model = LinkEvent
    fields: ClassVar[Any] = ["at", "kind_badge", "account_link", "actor"]
    readonly_fields = fields
    ordering = ["-at"]

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("account")


class EventsOfAccount(EventColumns, ReadOnlyInline):
    model = LinkEvent
    fields: ClassVar[Any] = ["at", "kind_badge", "player_link", "actor"]
    readonly_fields = fields
    ordering = ["-at"]

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("player")


@admin.register(Player)
class PlayerAdmin(IdSearch, ReadOnlyPage):
    list_display = ["shown_name", "game_account_id", "linked_to", "created_at", "last_login_at"]
    list_filter = ["last_login_at"]
    ordering = ["-id"]
    search_fields = [
        "game_account_id",
        "name__iexact",
        "accounts__name__iexact",
        "accounts__claims__claim_id",
        "entitlements__claim_id",
    ]
    account_search_fields = ["accounts__key"]
    entitlement_path = "entitlements__"
    search_help_text = gettext_lazy(
        "Exact ID of a game account, platform account, claim or entitlement; or exact name."
    )
    empty_state = gettext_lazy("No players yet. They appear when they first log in to link.")
    inlines = [EventsOfPlayer]
    fields = [
        "game_account_id",
        "name",
        "linked_to",
        "case_link",
        "drops",
        "created_at",
        "last_login_at",
    ]

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).prefetch_related("accounts")

    @admin.display(description=gettext_lazy("player"), ordering="name")
    def shown_name(self, player: Player) -> str:
        return str(player)

    @admin.display(description=gettext_lazy("linked to"))
    def linked_to(self, player: Player) -> SafeString | str:
        accounts = player.accounts.all()
        links = [row_link("accounts_platformaccount", one.pk, one) for one in accounts]
        if not links:
            return badge("quiet", _("not linked"))
        return format_html_join(", ", "{}", ((one,) for one in links))

    @admin.display(description=gettext_lazy("case"))
    def case_link(self, player: Player) -> SafeString:
        return link(reverse("desk:player", args=[player.pk]), _("Open case"))

    @admin.display(description=gettext_lazy("drops"))
    def drops(self, player: Player) -> SafeString:
        said = _("View entitlements")
        return list_link("claims_entitlement", said, player__id__exact=str(player.pk))


@admin.register(PlatformAccount)
class PlatformAccountAdmin(PlayerColumn, IdSearch, ReadOnlyPage):
    list_display = ["shown_name", "key", "linked_player", "linked_at", "first_seen_at"]
    list_filter = [("player", admin.EmptyFieldListFilter), "linked_at"]
    list_select_related = ["player"]
    # Ordered by key: any other order would need a full sort, or an index that slows each claim.
    ordering = ["pk"]
    search_fields = [
        "name__iexact",
        "player__game_account_id",
        "player__name__iexact",
        "claims__claim_id",
        "claims__message_id",
    ]
    account_search_fields = ["key"]
    entitlement_path = "claims__entitlements__"
    search_help_text = gettext_lazy(
        "Exact ID of an account, game account, claim, message or entitlement; or exact name."
    )
    empty_state = gettext_lazy(
        "No platform accounts yet. They appear with their first claim or link."
    )
    inlines = [EventsOfAccount]
    fields = [
        "key",
        "name",
        "linked_player",
        "linked_at",
        "case_link",
        "claims_link",
        "first_seen_at",
    ]

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def shown_name(self, account: PlatformAccount) -> str:
        return str(account)

    @admin.display(description=gettext_lazy("linked to"))
    def linked_player(self, account: PlatformAccount) -> SafeString | str:
        if account.player is None:
            return badge("quiet", _("not linked"))
        return self.player_link(account)

    @admin.display(description=gettext_lazy("case"))
    def case_link(self, account: PlatformAccount) -> SafeString:
        url = reverse("desk:account", args=[account.pk])
        return link(url, _("Open case"))

    @admin.display(description=gettext_lazy("claims"))
    def claims_link(self, account: PlatformAccount) -> SafeString:
        filters = {"account__key__exact": account.pk}
        return list_link("claims_claim", _("View claims"), **filters)


@admin.register(LinkEvent)
class LinkEventAdmin(EventColumns, IdSearch, ReadOnlyPage):
    list_display = ["at", "kind_badge", "account_link", "player_link", "actor"]
    list_filter = ["kind", "at"]
    list_select_related = ["account", "player"]
    ordering = ["-id"]
    account_search_fields = ["account_id"]
    search_fields = [
        "account__name__iexact",
        "player__game_account_id",
        "player__name__iexact",
    ]
    search_help_text = gettext_lazy("Exact ID or name of an account or player.")
    empty_state = gettext_lazy("No accounts linked yet.")
    fields = ["at", "kind_badge", "account_link", "player_link", "actor"]


@admin.register(Authorization)
class AuthorizationAdmin(AccountColumn, IdSearch, ReadOnlyPage):
    list_display = [
        "account_link",
        "purpose",
        "state",
        "authorized_at",
        "obtained_at",
        "next_refresh_at",
    ]
    list_filter = [
        "purpose",
        ("disconnected_at", admin.EmptyFieldListFilter),
        ("refused_since", admin.EmptyFieldListFilter),
        "authorized_at",
    ]
    list_select_related = ["account"]
    # Ordered by key, like accounts.
    ordering = ["pk"]
    account_search_fields = ["account_id"]
    search_fields = [
        "account__name__iexact",
        "account__player__game_account_id",
    ]
    search_help_text = gettext_lazy("Exact ID or name of an account, or game account ID.")
    empty_state = gettext_lazy(
        "No authorizations. Each linked account has one, and each connected channel."
    )
    fields = [
        "account_link",
        "purpose",
        "state",
        "scope",
        "authorized_at",
        "obtained_at",
        "next_refresh_at",
        "failed_refreshes",
        "refused_since",
        "disconnected_at",
    ]

    @admin.display(description=gettext_lazy("state"))
    def state(self, authorization: Authorization) -> SafeString:
        if authorization.disconnected_at:
            return badge("bad", _("disconnected"))
        if authorization.refused_since:
            return badge("wait", _("refresh refused"))
        if authorization.failed_refreshes:
            return badge("wait", _("refresh failing"))
        return badge("good", _("active"))


@admin.register(Deauthorization)
class DeauthorizationAdmin(AccountColumn, IdSearch, ReadOnlyPage):
    list_display = [
        "created_at",
        "outcome_badge",
        "account_link",
        "attempts",
        "next_attempt_at",
        "ended_at",
    ]
    list_filter = ["outcome", "created_at"]
    list_select_related = ["account"]
    ordering = ["-id"]
    account_search_fields = ["account_id"]
    search_fields = ["account__name__iexact"]
    search_help_text = gettext_lazy("Exact ID or name of an account.")
    empty_state = gettext_lazy("No authorizations to revoke.")
    fields = [
        "account_link",
        "outcome_badge",
        "attempts",
        "created_at",
        "next_attempt_at",
        "ended_at",
    ]

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def outcome_badge(self, deauthorization: Deauthorization) -> SafeString:
        outcome = Deauthorization.Outcome(deauthorization.outcome)
        return badge(TONE_OF_DEAUTHORIZATION[outcome], outcome.label)


@admin.register(LinkAttempt)
class LinkAttemptAdmin(PlayerColumn, IdSearch, ReadOnlyPage):
    """No detail page, since the key is the digest of a secret."""

    list_display = ["player_link", "expires_at"]
    list_display_links = None
    list_select_related = ["player"]
    ordering = ["-expires_at"]
    search_fields = ["player__game_account_id", "player__name__iexact"]
    search_help_text = gettext_lazy("Exact game account ID or player name.")
    empty_state = gettext_lazy("No one is linking an account right now.")
    fields = ["player_link", "expires_at"]


@admin.register(LinkTicket)
class LinkTicketAdmin(PlayerColumn, IdSearch, ReadOnlyPage):
    list_display = ["ticket_id", "player_link", "origin", "created_at", "opened_at", "expires_at"]
    ordering = ["-created_at"]
    list_select_related = ["player"]
    search_fields = ["ticket_id"]
    search_help_text = gettext_lazy("Exact ticket ID.")
    fields = [
        "ticket_id",
        "player_link",
        "origin",
        "details",
        "created_at",
        "opened_at",
        "expires_at",
    ]


@admin.register(PendingLink)
class PendingLinkAdmin(PlayerColumn, IdSearch, ReadOnlyPage):
    """No detail page, since the key is the digest of a secret."""

    list_display = ["player_link", "platform", "user_id", "name", "expires_at"]
    list_display_links = None
    list_select_related = ["player"]
    ordering = ["-expires_at"]
    search_fields = ["user_id"]
    search_help_text = gettext_lazy("Exact user ID on the platform.")
    empty_state = gettext_lazy("No one is being asked to confirm a link right now.")
    fields = ["player_link", "platform", "user_id", "name", "expires_at"]


@admin.register(WrongCodes)
class WrongCodesAdmin(IdSearch, ReadOnlyPage):
    list_display = ["network", "count", "last_at"]
    ordering = ["-last_at"]
    search_fields = ["network"]
    search_help_text = gettext_lazy("Exact network.")
    empty_state = gettext_lazy("No one has typed a wrong code in the last day.")
    fields = ["network", "count", "last_at"]
