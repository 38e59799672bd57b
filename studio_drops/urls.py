"""Every address that this deployment answers."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from claims.admin.desk.home import home
from claims.api.views import UnknownAddressView
from claims.webhook import drops_webhook
from studio_drops import health

handler400 = "accounts.views.errors.bad_request"
handler403 = "accounts.views.errors.permission_denied"
handler404 = "accounts.views.errors.page_not_found"
handler500 = "accounts.views.errors.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="link:hub")),
    path("link", RedirectView.as_view(pattern_name="link:hub")),
    path("link/", include("accounts.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    path("webhooks/kick/drops", drops_webhook),
    path("api/v1/", include("claims.api.urls")),
    path("api/<path:address>", UnknownAddressView.as_view()),
    path("admin/", home),
    path("admin/desk/", include("claims.admin.desk.urls")),
    path("admin/", admin.site.urls),
]
