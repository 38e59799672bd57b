"""The player's pages, below /link/."""

from django.urls import path

from accounts.pages import game_login, hub, kick, pictures

app_name = "link"

urlpatterns = [
    path("", hub.hub, name="hub"),
    path("drops", hub.drops, name="drops"),
    path("sync", hub.sync, name="sync"),
    path("pictures/<slug:digest>", pictures.picture, name="picture"),
    path("login", game_login.login, name="login"),
    path("login/callback", game_login.login_callback, name="login_callback"),
    path("logout", game_login.logout, name="logout"),
    path("kick", kick.connect, name="connect"),
    path("kick/callback", kick.kick_callback, name="kick_callback"),
    path("kick/ended", kick.kick_ended, name="kick_ended"),
    path("unlink", kick.unlink, name="unlink"),
]
