"""Every address that this deployment answers."""

from django.contrib import admin
from django.urls import include, path

from claims.webhook import drops_webhook
from claims.api.views import UnknownAddressView
from studio_drops import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("webhooks/kick/drops", drops_webhook),
    path("api/v1/", include("claims.api.urls")),
    path("api/<path:address>", UnknownAddressView.as_view()),
    path("admin/", admin.site.urls),
]
