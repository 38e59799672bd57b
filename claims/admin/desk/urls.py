"""The desk's addresses, below /admin/desk/."""

from django.urls import path

from claims.admin.desk import acts, campaign, catalogue, jobs, mapping, preflight, search, story

app_name = "desk"

urlpatterns = [
    path("search", search.search, name="search"),
    path("players/<int:player_id>", story.player_story, name="player"),
    path("players/<int:player_id>/grant", acts.grant, name="grant"),
    path("players/<int:player_id>/revoke", acts.revoke, name="revoke"),
    path("players/<int:player_id>/unlink", acts.unlink, name="unlink"),
    path("campaigns/<path:campaign_id>", campaign.campaign, name="campaign"),
    path("catalogue", catalogue.catalogue, name="catalogue"),
    path("catalogue/export", catalogue.export, name="export"),
    path("preflight/<path:campaign_id>", preflight.preflight, name="preflight"),
    path("mapping", mapping.queue, name="queue"),
    path("mapping/<path:reward_id>", mapping.map_reward, name="map"),
    path("jobs/<int:job_id>", jobs.job, name="job"),
    path("jobs/<int:job_id>/stop", jobs.stop, name="stop_job"),
    path("kick-users/<str:kick_user_id>", story.kick_user_story, name="kick_user"),
    path("kick-users/<str:kick_user_id>/retry", acts.retry, name="retry"),
    path("kick-users/<str:kick_user_id>/ask-kick", acts.ask_kick, name="ask_kick"),
]
