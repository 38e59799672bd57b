"""Reconcile runs, job leases, figures and bulk jobs, read-only."""

from django.contrib import admin
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.desk.admin.id_search import IdSearch
from claims.models import BulkJob, ClaimHour, PlayerSync, ReconcileRun, RewardFunnel
from core.admin.base import ReadOnlyPage
from core.admin.html import badge, link, row_link
from core.models import Lease

TONE_OF_OUTCOME = {
    ReconcileRun.Outcome.RUNNING: "quiet",
    ReconcileRun.Outcome.INTERRUPTED: "wait",
    ReconcileRun.Outcome.DONE: "good",
    ReconcileRun.Outcome.GIVEN_UP: "bad",
}


@admin.register(ReconcileRun)
class ReconcileRunAdmin(IdSearch, ReadOnlyPage):
    list_display = [
        "started_at",
        "kind",
        "source",
        "outcome_badge",
        "campaign",
        "seen",
        "recorded",
        "granted",
        "held",
        "missed",
        "ended_at",
    ]
    list_filter = ["kind", "outcome", "started_at"]
    ordering = ["-started_at"]
    search_fields = ["campaign_id"]
    number_search_fields = ["id"]
    search_help_text = gettext_lazy("Exact campaign ID or run ID.")
    empty_state = gettext_lazy("No reconcile run yet. The worker starts one automatically.")
    fieldsets = [
        (
            None,
            {"fields": ["kind", "source", "outcome_badge", "campaign", "started_at", "ended_at"]},
        ),
        (
            gettext_lazy("Results"),
            {
                "fields": [
                    "pages",
                    "seen",
                    "recorded",
                    "granted",
                    "held",
                    "differs",
                    "unusable",
                    "missed",
                    "is_tail",
                    "order",
                ]
            },
        ),
        (gettext_lazy("Errors"), {"fields": ["error", "failures", "cursor"]}),
    ]

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def outcome_badge(self, run: ReconcileRun) -> SafeString:
        outcome = ReconcileRun.Outcome(run.outcome)
        return badge(TONE_OF_OUTCOME[outcome], outcome.label)

    @admin.display(description=gettext_lazy("campaign"), ordering="campaign_id")
    def campaign(self, run: ReconcileRun) -> SafeString | str:
        return row_link("claims_campaign", run.campaign_id) if run.campaign_id else _("all")


@admin.register(Lease)
class LeaseAdmin(IdSearch, ReadOnlyPage):
    list_display = ["job", "state", "last_began_at", "last_ended_at", "not_before", "error"]
    ordering = ["job"]
    search_fields = ["job"]
    search_help_text = gettext_lazy("Exact job name.")
    empty_state = gettext_lazy(
        "No job has run yet. Check that a worker and the scheduler are running."
    )
    fields = [
        "job",
        "state",
        "owner",
        "expires_at",
        "not_before",
        "last_began_at",
        "last_ended_at",
        "failures",
        "error",
        "platform_error",
    ]

    @admin.display(description=gettext_lazy("state"))
    def state(self, lease: Lease) -> SafeString:
        if lease.error:
            return badge("bad", _("last run failed"))
        return badge("good", _("running")) if lease.owner else badge("quiet", _("waiting"))


@admin.register(ClaimHour)
class ClaimHourAdmin(ReadOnlyPage):
    list_display = [
        "began_at",
        "source",
        "granted_at_once",
        "held_first",
        "by_webhook",
        "by_sync",
    ]
    list_filter = ["began_at"]
    ordering = ["-began_at"]
    empty_state = gettext_lazy(
        "No hourly totals yet. They are computed when the overview is opened."
    )


@admin.register(RewardFunnel)
class RewardFunnelAdmin(IdSearch, ReadOnlyPage):
    list_display = [
        "campaign_id",
        "reward_id",
        "claimed",
        "linked",
        "granted",
        "fulfilled",
        "reported",
        "counted_at",
    ]
    ordering = ["campaign_id", "reward_id"]
    search_fields = ["campaign_id", "reward_id"]
    search_help_text = gettext_lazy("Exact campaign ID or reward ID.")
    empty_state = gettext_lazy("No funnels yet. The worker counts running campaigns automatically.")


@admin.register(PlayerSync)
class PlayerSyncAdmin(IdSearch, ReadOnlyPage):
    list_display = ["started_at", "player", "ended_at"]
    list_select_related = ["player"]
    ordering = ["player"]
    search_fields = ["player__game_account_id"]
    search_help_text = gettext_lazy("Exact game account ID.")
    empty_state = gettext_lazy("No player has checked for missing drops yet.")
    fields = ["player", "started_at", "ended_at", "accounts"]


TONE_OF_JOB = {
    BulkJob.Outcome.WAITING: "quiet",
    BulkJob.Outcome.RUNNING: "wait",
    BulkJob.Outcome.DONE: "good",
    BulkJob.Outcome.STOPPED: "quiet",
    BulkJob.Outcome.FAILED: "bad",
}


@admin.register(BulkJob)
class BulkJobAdmin(IdSearch, ReadOnlyPage):
    list_display = ["created_at", "kind", "outcome_badge", "actor", "done", "total", "page"]
    list_filter = ["kind", "outcome"]
    ordering = ["-id"]
    search_fields = ["actor", "reward_id"]
    search_help_text = gettext_lazy("Exact user name or reward ID.")
    empty_state = gettext_lazy("No bulk jobs yet.")
    fields = [
        "kind",
        "outcome_badge",
        "page",
        "actor",
        "reason",
        "reward_id",
        "total",
        "done",
        "changed",
        "error",
        "created_at",
        "stop_asked_at",
        "ended_at",
    ]

    @admin.display(description=gettext_lazy("outcome"), ordering="outcome")
    def outcome_badge(self, job: BulkJob) -> SafeString:
        outcome = BulkJob.Outcome(job.outcome)
        return badge(TONE_OF_JOB[outcome], outcome.label)

    @admin.display(description=gettext_lazy("progress"))
    def page(self, job: BulkJob) -> SafeString:
        return link(reverse("desk:job", args=[job.pk]), f"{job.percent} %")
