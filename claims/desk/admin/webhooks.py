"""Webhooks: endpoints to add and edit, and their messages, read-only."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.desk.admin.audit_mixin import Audited
from claims.desk.admin.forms import EndpointForm
from claims.desk.admin.id_search import IdSearch
from claims.desk.webhooks import delivery_answer, delivery_badge, endpoint_badge
from claims.models import WebhookDelivery, WebhookEndpoint, WebhookMessage
from core.admin.base import Page, ReadOnlyPage
from core.admin.html import link, row_link
from core.models import Counter


def pretty_body(message: WebhookMessage) -> SafeString:
    text = json.dumps(json.loads(message.body), indent=2, ensure_ascii=False)
    return format_html('<pre class="raw-body">{}</pre>', text)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(Audited, Page):
    list_display = ["name_link", "state", "url", "wanted", "sees", "created_at"]
    list_display_links = None
    ordering = ["-created_at"]
    search_fields = ["name", "url"]
    search_help_text = gettext_lazy("Part of the name or URL.")
    empty_state = gettext_lazy(
        "No endpoints yet. Add one, and your game server learns of new items within seconds."
    )
    form = EndpointForm

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:  # noqa: ARG002
        return ["name", "url", "event_types", "categories", "signing"]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:  # noqa: ARG002
        return ["signing"] if obj else []

    def has_delete_permission(
        self,
        request: HttpRequest,  # noqa: ARG002
        obj: Model | None = None,  # noqa: ARG002
    ) -> bool:
        return False  # disable it instead, so that its messages stay on record

    def response_add(
        self, request: HttpRequest, obj: WebhookEndpoint, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        self.message_user(request, _("Endpoint added. Give its secret to your server."))
        return redirect("desk:endpoint", obj.pk)

    def response_post_save_change(self, request: HttpRequest, obj: WebhookEndpoint) -> HttpResponse:  # type: ignore[override]  # noqa: ARG002
        return redirect("desk:endpoint", obj.pk)

    @admin.display(description=gettext_lazy("name"), ordering="name")
    def name_link(self, endpoint: WebhookEndpoint) -> SafeString:
        return link(reverse("desk:endpoint", args=[endpoint.pk]), endpoint)

    @admin.display(description=gettext_lazy("state"), ordering="disabled_at")
    def state(self, endpoint: WebhookEndpoint) -> SafeString:
        return endpoint_badge(endpoint)

    @admin.display(description=gettext_lazy("events"))
    def wanted(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.event_types) or _("all events")

    @admin.display(description=gettext_lazy("categories"))
    def sees(self, endpoint: WebhookEndpoint) -> str:
        return ", ".join(endpoint.categories) or _("all categories")


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(IdSearch, ReadOnlyPage):
    list_display = ["message_link", "event", "endpoint_link", "state", "answer", "attempts"]
    list_filter = ["status", "endpoint"]
    ordering = ["-id"]
    list_select_related = ["message", "endpoint"]
    search_fields = ["message__message_id"]
    search_help_text = gettext_lazy("Exact message ID.")
    empty_state = gettext_lazy("No messages yet. They need an endpoint and something that happens.")
    fields = [
        "message_id_shown",
        "event",
        "player_link",
        "endpoint_link",
        "state",
        "attempts",
        "last_attempt_at",
        "answer",
        "last_answer",
        "next_attempt_at",
        "body",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[WebhookDelivery]:
        return super().get_queryset(request).select_related("message__player", "endpoint")

    @admin.display(description=gettext_lazy("created at"))
    def message_link(self, delivery: WebhookDelivery) -> Any:
        return delivery.message.created_at

    @admin.display(description=gettext_lazy("message ID"))
    def message_id_shown(self, delivery: WebhookDelivery) -> str:
        return delivery.message.message_id

    @admin.display(description=gettext_lazy("event"))
    def event(self, delivery: WebhookDelivery) -> str:
        return delivery.message.event_type

    @admin.display(description=gettext_lazy("player"))
    def player_link(self, delivery: WebhookDelivery) -> SafeString | str:
        message = delivery.message
        return row_link("accounts_player", message.player_id, message.player)

    @admin.display(description=gettext_lazy("endpoint"))
    def endpoint_link(self, delivery: WebhookDelivery) -> SafeString:
        return link(reverse("desk:endpoint", args=[delivery.endpoint_id]), delivery.endpoint)

    @admin.display(description=gettext_lazy("state"))
    def state(self, delivery: WebhookDelivery) -> SafeString:
        return delivery_badge(delivery)

    @admin.display(description=gettext_lazy("answer"))
    def answer(self, delivery: WebhookDelivery) -> str:
        return delivery_answer(delivery)

    @admin.display(description=gettext_lazy("body"))
    def body(self, delivery: WebhookDelivery) -> SafeString:
        return pretty_body(delivery.message)


@admin.register(WebhookMessage)
class WebhookMessageAdmin(IdSearch, ReadOnlyPage):
    list_display = ["created_at", "event_type", "message_id", "player"]
    list_filter = ["event_type"]
    ordering = ["-id"]
    list_select_related = ["player"]
    search_fields = ["message_id"]
    search_help_text = gettext_lazy("Exact message ID.")
    fields = ["message_id", "event_type", "player", "created_at", "pretty"]

    @admin.display(description=gettext_lazy("body"))
    def pretty(self, message: WebhookMessage) -> SafeString:
        return pretty_body(message)


@admin.register(Counter)
class CounterAdmin(IdSearch, ReadOnlyPage):
    list_display = ["name", "value"]
    search_fields = ["name"]
    search_help_text = gettext_lazy("Exact name.")
    ordering = ["name"]
    fields = ["name", "value"]
