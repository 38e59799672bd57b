"""All URLs of this deployment."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from claims.api.views import UnknownAddressView
from claims.desk.views.home import home
from claims.desk.views.search import find
from platforms.registry import webhook_urls
from studio_drops.monitoring import health

handler400 = "studio_drops.errors.bad_request"
handler403 = "studio_drops.errors.permission_denied"
handler404 = "studio_drops.errors.page_not_found"
handler500 = "studio_drops.errors.server_error"

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="link:hub")),
    path("link", RedirectView.as_view(pattern_name="link:hub")),
    path("link/", include("accounts.pages.urls")),
    path("channel", RedirectView.as_view(pattern_name="channel:home")),
    path("channel/", include("accounts.pages.channel_urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", health.metrics),
    *webhook_urls(),
    path("api/v1/", include("claims.api.urls")),
    path("api/<path:address>", UnknownAddressView.as_view()),
    path("admin/", home),
    path("admin/desk/", include("claims.desk.urls")),
    path("admin/find", find),
    path("admin/", admin.site.urls),
]
