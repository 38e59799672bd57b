from django.urls import path

from claims.api import docs, link_tickets, openapi, views

app_name = "api"

urlpatterns = [
    path("entitlements", views.EntitlementsView.as_view(), name="entitlements"),
    path("entitlements/changes", views.ChangesView.as_view(), name="changes"),
    path("entitlements/fulfil", views.FulfilView.as_view(), name="fulfil"),
    path("player", views.PlayerView.as_view(), name="player"),
    path("players/sync", views.SyncView.as_view(), name="sync"),
    path("link-tickets", link_tickets.LinkTicketsView.as_view(), name="link_tickets"),
    path("link-tickets/<str:ticket_id>", link_tickets.LinkTicketView.as_view(), name="link_ticket"),
    path("link-tickets/<str:ticket_id>/undo", link_tickets.UndoView.as_view(), name="undo"),
    path("schema", openapi.SchemaView.as_view(), name="schema"),
    path("docs", docs.docs_page, name="docs"),
    path("<path:address>", views.UnknownAddressView.as_view()),
]
