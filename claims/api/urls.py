from django.urls import path
from drf_spectacular.views import SpectacularAPIView

from claims.api import docs, views

app_name = "api"

urlpatterns = [
    path("entitlements", views.EntitlementsView.as_view(), name="entitlements"),
    path("entitlements/fulfil", views.FulfilView.as_view(), name="fulfil"),
    path("player", views.PlayerView.as_view(), name="player"),
    path("schema", SpectacularAPIView.as_view(authentication_classes=[]), name="schema"),
    path("docs", docs.docs_page, name="docs"),
    path("<path:address>", views.UnknownAddressView.as_view()),
]
