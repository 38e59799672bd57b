"""Alerts and the messages about them, read-only."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.desk.admin.id_search import IdSearch
from core.admin.base import ReadOnlyPage
from core.admin.html import badge
from core.checks import Verdict
from core.models import Alert, AlertMessage


@admin.register(Alert)
class AlertAdmin(IdSearch, ReadOnlyPage):
    list_display = ["opened_at", "state", "check_name", "message", "resolved_at"]
    list_filter = ["verdict", "opened_at"]
    ordering = ["-opened_at"]
    search_fields = ["check_name"]
    search_help_text = gettext_lazy("Exact name of the check.")
    empty_state = gettext_lazy("No alerts yet. The worker opens one when a check finds something.")
    fields = [
        "check_name",
        "state",
        "message",
        "next_step",
        "opened_at",
        "changed_at",
        "last_seen_at",
        "resolved_at",
    ]

    @admin.display(description=gettext_lazy("state"))
    def state(self, alert: Alert) -> SafeString:
        if alert.resolved_at:
            return badge("good", _("resolved"))
        if alert.verdict == Verdict.FAIL:
            return badge("bad", _("failure"))
        return badge("wait", _("warning"))


@admin.register(AlertMessage)
class AlertMessageAdmin(IdSearch, ReadOnlyPage):
    list_display = ["created_at", "channel", "state", "subject", "sent_at", "error"]
    list_filter = ["channel", "created_at"]
    ordering = ["-created_at", "-id"]
    search_fields = ["key"]
    search_help_text = gettext_lazy("Exact key.")
    empty_state = gettext_lazy(
        "No messages yet. They need ALERT_WEBHOOK_URL or ALERT_EMAILS to be set."
    )
    fields = [
        "key",
        "channel",
        "state",
        "subject",
        "text",
        "created_at",
        "attempts",
        "next_attempt_at",
        "sent_at",
        "error",
    ]

    @admin.display(description=gettext_lazy("state"))
    def state(self, message: AlertMessage) -> SafeString:
        if message.sent_at:
            return badge("good", _("sent"))
        return badge("bad", _("failed")) if message.error else badge("quiet", _("waiting"))
