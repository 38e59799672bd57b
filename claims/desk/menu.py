"""The desk's menu: seven sections with their pages, as far as a staff member may see them."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from claims.desk.views.decorators import LOOK


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the menu. Pages whose paths start with one of `also` belong to it, too."""

    label: str | Promise
    url_name: str
    permissions: tuple[str, ...]
    also: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        return reverse(self.url_name)


@dataclass(frozen=True, slots=True)
class Section:
    label: str | Promise
    entries: tuple[Entry, ...]


def _list(label: str | Promise, model: str, *also: str) -> Entry:
    """The list of a model, for those who may view it."""
    app, name = model.split("_")
    return Entry(label, f"admin:{model}_changelist", (f"{app}.view_{name}",), also)


SECTIONS = (
    Section(
        _("Overview"),
        (
            Entry(_("Overview"), "admin:index", ()),
            _list(_("Alerts"), "core_alert"),
        ),
    ),
    Section(
        _("Campaigns"),
        (
            _list(
                _("Campaigns"),
                "claims_campaign",
                "/admin/desk/campaigns/",
                "/admin/desk/preflight/",
                "/admin/desk/live/",
                "/admin/desk/report/",
                "/admin/desk/pause/",
                "/admin/desk/new-campaign",
            ),
            _list(_("Rewards"), "claims_reward", "/admin/desk/mapping/"),
            Entry(_("Unmapped rewards"), "desk:queue", (*LOOK, "claims.view_reward")),
        ),
    ),
    Section(
        _("Offers"),
        (
            _list(_("Offers"), "claims_offer"),
            _list(_("Partner channels"), "claims_channel"),
            Entry(_("Live board"), "desk:board", (*LOOK, "claims.view_channel")),
            _list(_("Streams"), "claims_streamspan"),
            _list(_("Uses of offers"), "claims_offeruse"),
        ),
    ),
    Section(
        _("Players"),
        (
            _list(
                _("Players"),
                "accounts_player",
                "/admin/desk/search",
                "/admin/desk/players/",
                "/admin/desk/accounts/",
            ),
            _list(_("Claims"), "claims_claim"),
            _list(_("Entitlements"), "claims_entitlement"),
            _list(_("Platform accounts"), "accounts_platformaccount"),
            _list(_("Link history"), "accounts_linkevent"),
        ),
    ),
    Section(
        _("Catalogue"),
        (
            _list(_("Items"), "claims_item"),
            Entry(_("Import and export"), "desk:catalogue", (*LOOK, "claims.move_catalogue")),
        ),
    ),
    Section(
        _("Developers"),
        (
            _list(_("API keys"), "claims_apikey"),
            _list(_("Webhook endpoints"), "claims_webhookendpoint", "/admin/desk/endpoints/"),
            _list(_("Webhook messages"), "claims_webhookdelivery"),
            _list(_("Quarantine"), "claims_quarantineddelivery"),
            _list(_("Reconcile runs"), "claims_reconcilerun"),
            Entry(
                _("Internals"),
                "desk:internals",
                ("core.view_lease",),
                (
                    "/admin/accounts/authorization/",
                    "/admin/accounts/deauthorization/",
                    "/admin/accounts/linkattempt/",
                    "/admin/accounts/linkticket/",
                    "/admin/accounts/pendinglink/",
                    "/admin/accounts/wrongcodes/",
                    "/admin/claims/claimhour/",
                    "/admin/claims/playersync/",
                    "/admin/claims/rewardfunnel/",
                    "/admin/claims/webhookmessage/",
                    "/admin/core/",
                ),
            ),
        ),
    ),
    Section(
        _("Team and audit"),
        (
            _list(_("Audit log"), "claims_auditevent"),
            _list(_("Grant requests"), "claims_grantrequest", "/admin/desk/approvals/"),
            _list(_("Bulk jobs"), "claims_bulkjob", "/admin/desk/jobs/"),
            _list(_("Users"), "auth_user"),
            _list(_("Groups"), "auth_group"),
            _list(_("Failed logins"), "claims_failedlogin"),
        ),
    ),
)
# The machinery. Listed on one page, for owners.
INTERNALS = (
    _list(_("Leases"), "core_lease"),
    _list(_("Authorizations"), "accounts_authorization"),
    _list(_("Deauthorizations"), "accounts_deauthorization"),
    _list(_("Link attempts"), "accounts_linkattempt"),
    _list(_("Link tickets"), "accounts_linkticket"),
    _list(_("Links to confirm"), "accounts_pendinglink"),
    _list(_("Wrong codes"), "accounts_wrongcodes"),
    _list(_("Player syncs"), "claims_playersync"),
    _list(_("Claims per hour"), "claims_claimhour"),
    _list(_("Funnels"), "claims_rewardfunnel"),
    _list(_("Alert messages"), "core_alertmessage"),
    _list(_("Webhook events"), "claims_webhookmessage"),
    _list(_("Counters"), "core_counter"),
)


@dataclass(frozen=True, slots=True)
class Menu:
    """`sections` with the entries that the user may see. `section` and `entry` are open now."""

    sections: list[Section]
    section: Section | None
    entry: Entry | None


def visible(entries: tuple[Entry, ...], request: HttpRequest) -> tuple[Entry, ...]:
    return tuple(one for one in entries if request.user.has_perms(one.permissions))


def make_menu(request: HttpRequest) -> Menu:
    sections = [
        Section(section.label, entries)
        for section in SECTIONS
        if (entries := visible(section.entries, request))
    ]
    matches = [
        (length, section, entry)
        for section in sections
        for entry in section.entries
        for length in _matches(entry, request.path)
    ]
    _length, section, entry = max(matches, key=lambda match: match[0], default=(0, None, None))
    return Menu(sections, section, entry)


def _matches(entry: Entry, path: str) -> Iterator[int]:
    """The lengths of the prefixes of `path` that lead to this entry."""
    index = reverse("admin:index")
    for prefix in (entry.url, *entry.also):
        is_it = path == index if prefix == index else path.startswith(prefix)
        if is_it:
            yield len(prefix)
