from django.urls import path

from claims.api import docs, openapi, views

app_name = "api"

urlpatterns = [
    path("entitlements", views.EntitlementsView.as_view(), name="entitlements"),
    path("entitlements/changes", views.ChangesView.as_view(), name="changes"),
    path("entitlements/fulfil", views.FulfilView.as_view(), name="fulfil"),
    path("player", views.PlayerView.as_view(), name="player"),
    path("players/sync", views.SyncView.as_view(), name="sync"),
    path("schema", openapi.SchemaView.as_view(), name="schema"),
    path("docs", docs.docs_page, name="docs"),
    path("<path:address>", views.UnknownAddressView.as_view()),
]
