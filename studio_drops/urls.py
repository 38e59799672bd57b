"""Every address that this deployment answers."""

from django.contrib import admin
from django.urls import path

from claims.webhook import drops_webhook
from studio_drops import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("webhooks/kick/drops", drops_webhook),
    path("admin/", admin.site.urls),
]
