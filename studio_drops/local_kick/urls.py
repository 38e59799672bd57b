from django.urls import include, path

urlpatterns = [
    path("", include("studio_drops.local_kick.wire.urls")),
    path("local/", include("studio_drops.local_kick.control.urls")),
    path("", include("studio_drops.local_kick.pages.urls")),
]
handler404 = "studio_drops.local_kick.pages.errors.not_found"
handler500 = "studio_drops.local_kick.pages.errors.server_error"
