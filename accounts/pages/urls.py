"""The player's pages, below /link/."""

from django.urls import path

from accounts.pages import game_login, hub, kick, pictures, tickets

app_name = "link"

urlpatterns = [
    path("", hub.hub, name="hub"),
    path("drops", hub.drops, name="drops"),
    path("sync", hub.sync, name="sync"),
    path("pictures/<slug:digest>", pictures.picture, name="picture"),
    path("login", game_login.login, name="login"),
    path("login/callback", game_login.login_callback, name="login_callback"),
    path("logout", game_login.logout, name="logout"),
    path("t/<str:token>", tickets.open_by_url, name="open_ticket"),
    path("code", tickets.code, name="code"),
    path("ticket", tickets.ticket, name="ticket"),
    path("hand-over", tickets.hand_over, name="hand_over"),
    path("kick", kick.connect, name="connect"),
    path("kick/callback", kick.kick_callback, name="kick_callback"),
    path("kick/confirm", kick.confirm, name="confirm"),
    path("kick/ended", kick.kick_ended, name="kick_ended"),
    path("unlink", kick.unlink, name="unlink"),
]
