"""The streamer's pages, below /channel/."""

from django.urls import path

from accounts.pages import channel

app_name = "channel"

urlpatterns = [
    path("", channel.home, name="home"),
    path("kick", channel.connect, name="connect"),
    path("kick/callback", channel.callback, name="callback"),
    path("rewards/<int:pk>", channel.offer_reward_again, name="offer_again"),
    path("disconnect", channel.disconnect, name="disconnect"),
    path("logout", channel.logout, name="logout"),
]
