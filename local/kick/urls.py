from django.urls import include, path

urlpatterns = [
    path("", include("local.kick.wire.urls")),
    path("local/", include("local.kick.control.urls")),
    path("", include("local.kick.pages.urls")),
]
handler404 = "local.kick.pages.errors.not_found"
handler500 = "local.kick.pages.errors.server_error"
