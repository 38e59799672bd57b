"""The desk's URLs, below /admin/desk/."""

from django.urls import path

from claims.desk.views import (
    actions,
    approvals,
    campaign,
    case,
    catalogue,
    internals,
    jobs,
    lists,
    live,
    new_campaign,
    pausing,
    preflight,
    report,
    rewards,
    search,
    webhooks,
)

app_name = "desk"

urlpatterns = [
    path("search", search.search, name="search"),
    path("search/account", search.find_account, name="find_account"),
    path("players/<int:player_id>", case.player_case, name="player"),
    path("players/<int:player_id>/note", actions.note_player, name="note_player"),
    path("players/<int:player_id>/grant", actions.grant, name="grant"),
    path("players/<int:player_id>/revoke", actions.revoke, name="revoke"),
    path("players/<int:player_id>/unlink/<slug:platform>", actions.unlink, name="unlink"),
    path(
        "players/<int:player_id>/lift-cooldown/<slug:platform>",
        actions.lift_cooldown,
        name="lift_cooldown",
    ),
    path("new-campaign", new_campaign.new_campaign, name="new_campaign"),
    path("new-campaign/rewards.csv", new_campaign.template, name="campaign_template"),
    path("campaigns/<path:campaign_id>", campaign.campaign, name="campaign"),
    path("approvals/<uuid:request_id>", approvals.approval, name="approval"),
    path("lists/<slug:app>/<slug:model>.csv", lists.list_csv, name="list_csv"),
    path("internals", internals.internals, name="internals"),
    path("catalogue", catalogue.catalogue, name="catalogue"),
    path("catalogue/export", catalogue.export, name="export"),
    path("live/<path:campaign_id>", live.live, name="live"),
    path("live-figures/<path:campaign_id>", live.live_figures, name="live_figures"),
    path("report/<path:campaign_id>", report.report, name="report"),
    path("report-csv/<path:campaign_id>", report.report_csv, name="report_csv"),
    path("preflight/<path:campaign_id>", preflight.preflight, name="preflight"),
    path("mapping", rewards.queue, name="queue"),
    path("mapping/<path:reward_id>", rewards.map_reward, name="map"),
    path("pause/<str:kind>/<path:target_id>", pausing.pause, name="pause"),
    path("resume/<str:kind>/<path:target_id>", pausing.resume, name="resume"),
    path("endpoints/<int:endpoint_id>", webhooks.endpoint, name="endpoint"),
    path("endpoints/<int:endpoint_id>/act", webhooks.act, name="act_on_endpoint"),
    path("jobs/<int:job_id>", jobs.job, name="job"),
    path("jobs/<int:job_id>/stop", jobs.stop, name="stop_job"),
    path("accounts/<str:account_id>", case.account_case, name="account"),
    path("accounts/<str:account_id>/note", actions.note_account, name="note_account"),
    path("accounts/<str:account_id>/retry", actions.retry, name="retry"),
    path("accounts/<str:account_id>/refetch", actions.refetch, name="refetch"),
]
