"""The audit log, read-only: who did what, to what, and why."""

import json
from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from claims.desk.admin.id_search import IdSearch
from claims.desk.audit_sentences import describe
from claims.models import AuditEvent, GrantRequest
from core.admin.base import ReadOnlyPage
from core.admin.html import badge, link, row_link


@admin.register(AuditEvent)
class AuditEventAdmin(IdSearch, ReadOnlyPage):
    list_display = ["at", "sentence", "reason"]
    list_filter = ["action", "at"]
    list_select_related = ["player"]
    ordering = ["-at"]
    search_fields = ["actor", "subject_id", "player__game_account_id"]
    search_help_text = _("Exact user name, or exact ID of the changed object.")
    empty_state = _("No staff actions yet.")
    fields = [
        "at",
        "sentence",
        "actor",
        "action",
        "subject",
        "player_link",
        "reason",
        "was",
        "became",
    ]

    @admin.display(description=_("what happened"))
    def sentence(self, event: AuditEvent) -> str:
        return describe(event)

    @admin.display(description=_("object"))
    def subject(self, event: AuditEvent) -> str:
        return f"{event.subject_kind} {event.subject_id}"

    @admin.display(description=_("player"))
    def player_link(self, event: AuditEvent) -> SafeString | str:
        return row_link("accounts_player", event.player_id, event.player)

    @admin.display(description=_("before"))
    def was(self, event: AuditEvent) -> SafeString:
        return _pretty(event.before)

    @admin.display(description=_("after"))
    def became(self, event: AuditEvent) -> SafeString:
        return _pretty(event.after)


def _pretty(values: Any) -> SafeString:
    shown = json.dumps(values, indent=2, ensure_ascii=False, default=str) if values else "–"
    return format_html('<pre class="raw-body">{}</pre>', shown)


TONE_OF_OUTCOME = {
    GrantRequest.Outcome.PENDING: "wait",
    GrantRequest.Outcome.APPROVED: "good",
    GrantRequest.Outcome.REJECTED: "quiet",
}


@admin.register(GrantRequest)
class GrantRequestAdmin(IdSearch, ReadOnlyPage):
    list_display = ["requested_at", "state", "what", "player", "requested_by", "decided_by"]
    list_filter = ["outcome", "requested_at"]
    list_select_related = ["player", "pair__campaign", "pair__reward", "offer__reward"]
    list_display_links = None
    ordering = ["-requested_at"]
    search_fields = ["requested_by", "decided_by", "player__game_account_id"]
    search_help_text = _("Exact user name, or exact game account ID.")
    empty_state = _("No requests. Manual grants above a person's daily limit wait here.")
    fields = [
        "what",
        "player",
        "reason",
        "state",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
    ]

    @admin.display(description=_("reward"))
    def what(self, request: GrantRequest) -> SafeString:
        wanted = request.wanted
        label = f"{wanted.campaign} · {wanted.reward}" if wanted.campaign else str(wanted.reward)
        return link(reverse("desk:approval", args=[request.pk]), label)

    @admin.display(description=_("state"))
    def state(self, request: GrantRequest) -> SafeString:
        outcome = GrantRequest.Outcome(request.outcome)
        return badge(TONE_OF_OUTCOME[outcome], outcome.label)
