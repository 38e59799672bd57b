from django.urls import path

from . import art, channels, connections, dashboard, inventory, points, viewer

urlpatterns = [
    path("", inventory.inventory, name="inventory"),
    path("watch", inventory.watch_some, name="watch"),
    path("claim", inventory.claim, name="claim"),
    path("oauth/authorize", connections.authorize, name="authorize"),
    path("sign-in", viewer.sign_in, name="sign-in"),
    path("sign-out", viewer.sign_out, name="sign-out"),
    path("settings/connections", connections.connections, name="connections"),
    path("settings/disconnect", connections.disconnect, name="disconnect"),
    path("channels/rewards/<str:reward_id>", points.redeem_reward, name="redeem-reward"),
    path("my-channel", points.my_channel, name="my-channel"),
    path("my-channel/stream", points.stream, name="stream"),
    path("my-channel/rewards/<str:reward_id>", points.change_reward, name="change-reward"),
    path("my-channel/redemptions/<str:redemption_id>", points.answer_redemption, name="answer"),
    path("my-channel/viewers/<str:user_id>/ban", points.ban_viewer, name="ban-viewer"),
    path("channels", channels.channels, name="channels"),
    path("channels/<str:user_id>/<str:action>", channels.act, name="act-in-channel"),
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("dashboard/rewards", dashboard.make_reward, name="make-reward"),
    path("dashboard/campaigns", dashboard.make_campaign, name="make-campaign"),
    path("dashboard/claims", dashboard.make_claims, name="make-claims"),
    path("dashboard/rotate-key", dashboard.rotate, name="rotate-key"),
    path("dashboard/clear-faults", dashboard.clear_faults, name="clear-faults"),
    path("art/rewards/<str:reward_id>.svg", art.reward_art, name="reward-art"),
    path("art/viewers/<str:user_id>.svg", art.viewer_art, name="viewer-art"),
]
