"""Staff actions that take longer than a request. They run in the background."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class BulkJob(models.Model):
    """The row is the job. If a worker dies, the next worker continues where it stopped."""

    class Kind(models.TextChoices):
        GRANT_MAPPED = "GRANT_MAPPED", _("grant claims waiting for a mapping")
        RETRY = "RETRY", _("retry held claims")
        REFETCH = "REFETCH", _("re-fetch claims")
        REVOKE = "REVOKE", _("revoke entitlements")

    class Outcome(models.TextChoices):
        WAITING = "WAITING", _("waiting for a worker")
        RUNNING = "RUNNING", _("running")
        DONE = "DONE", _("done")
        STOPPED = "STOPPED", _("stopped")
        FAILED = "FAILED", _("failed")

    kind = models.TextField(_("action"), choices=Kind)
    # The mapped reward. Blank for jobs that have `subjects`.
    reward_id = OpaqueTextField(_("reward id"), blank=True)
    # Keys of accounts, or of entitlements to revoke. The first `done` of them are processed.
    subjects = models.JSONField(default=list, blank=True)
    actor = models.TextField(_("user"))
    reason = models.TextField(_("reason"), blank=True)
    outcome = models.TextField(_("outcome"), choices=Outcome, default=Outcome.WAITING)
    total = models.PositiveIntegerField(_("total"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("requested at"))
    stop_asked_at = models.DateTimeField(_("stop requested at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("bulk job")
        verbose_name_plural = _("bulk jobs")
        constraints = [
            models.CheckConstraint(
                name="bulk_job_ended_goes_with_ended_at",
                condition=Q(outcome__in=["DONE", "STOPPED", "FAILED"], ended_at__isnull=False)
                | Q(outcome__in=["WAITING", "RUNNING"], ended_at__isnull=True),
            )
        ]
        indexes = [
            models.Index(name="bulk_jobs_to_do", fields=["id"], condition=Q(ended_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.pk})"

    @property
    def percent(self) -> int:
        """The progress in percent. 100 for a job that had nothing to do."""
        if self.ended_at and self.outcome == self.Outcome.DONE:
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0
