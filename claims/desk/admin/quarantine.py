"""Deliveries that need a person's attention, with their raw bytes."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.desk.admin.badges import verdict_badge
from claims.desk.admin.hexdump import hexdump
from claims.desk.admin.id_search import IdSearch
from claims.models import Claim, QuarantinedDelivery
from core.admin.base import ReadOnlyPage
from core.admin.html import NOTHING, link, row_link


@admin.register(QuarantinedDelivery)
class DeliveryAdmin(IdSearch, ReadOnlyPage):
    list_display = ["received_at", "verdict_badge", "reason", "claim_id", "message_id", "size"]
    list_filter = ["verdict", "received_at"]
    ordering = ["-received_at"]
    search_fields = ["message_id", "claim_id"]
    number_search_fields = ["id"]
    search_help_text = gettext_lazy("Exact message ID or claim ID.")
    empty_state = gettext_lazy(
        "No deliveries to review. Only unusable deliveries, and deliveries that contradict their "
        "claim, are kept here."
    )
    fieldsets = [
        (None, {"fields": ["verdict_badge", "reason", "claim_link"]}),
        (
            gettext_lazy("Received data"),
            {"fields": ["received_at", "message_id", "timestamp", "size", "content", "download"]},
        ),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return super().get_queryset(request).defer("body")

    def get_urls(self) -> list[URLPattern]:
        download = self.admin_site.admin_view(self.download_view)
        return [
            path("<int:delivery_id>/body", download, name="claims_delivery_body"),
            *super().get_urls(),
        ]

    def download_view(self, request: HttpRequest, delivery_id: int) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        delivery = QuarantinedDelivery.objects.filter(pk=delivery_id).first()
        if delivery is None:
            raise Http404(_("This delivery has been deleted."))
        return HttpResponse(
            bytes(delivery.body),
            content_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="delivery-{delivery_id}.bin"'},
        )

    @admin.display(description=gettext_lazy("verdict"), ordering="verdict")
    def verdict_badge(self, delivery: QuarantinedDelivery) -> SafeString:
        return verdict_badge(delivery)

    @admin.display(description=gettext_lazy("claim"))
    def claim_link(self, delivery: QuarantinedDelivery) -> SafeString | str:
        if not Claim.objects.filter(pk=delivery.claim_id).exists():
            return delivery.claim_id or NOTHING
        return row_link("claims_claim", delivery.claim_id)

    @admin.display(description=gettext_lazy("raw body"))
    def content(self, delivery: QuarantinedDelivery) -> SafeString:
        body = bytes(delivery.body)
        try:
            shown = body.decode()
        except UnicodeDecodeError:
            shown = hexdump(body)
        return format_html('<pre class="raw-body">{}</pre>', shown)

    @admin.display(description=gettext_lazy("download"))
    def download(self, delivery: QuarantinedDelivery) -> SafeString:
        url = reverse("admin:claims_delivery_body", args=[delivery.pk])
        return link(url, _("Download raw body"))
