"""What staff ask for that takes longer than a page: done in the background, seen, and stopped."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class BulkJob(models.Model):
    """The row is the job. A worker that dies leaves it where it was, for the next one to go on."""

    class Kind(models.TextChoices):
        GRANT_MAPPED = "GRANT_MAPPED", _("grant what waited for a mapping")
        RETRY = "RETRY", _("retry held claims")
        ASK_KICK = "ASK_KICK", _("ask Kick for claims")
        REVOKE = "REVOKE", _("take back")

    class Outcome(models.TextChoices):
        WAITING = "WAITING", _("waiting for a worker")
        RUNNING = "RUNNING", _("running")
        DONE = "DONE", _("done")
        STOPPED = "STOPPED", _("stopped")
        FAILED = "FAILED", _("failed")

    kind = models.TextField(_("what"), choices=Kind)
    # The reward of a mapping; blank where `subjects` says what it is about.
    reward_id = OpaqueTextField(_("reward id"), blank=True)
    # Ids of Kick users, or of entitlements to take back. `done` of them are behind us.
    subjects = models.JSONField(default=list, blank=True)
    actor = models.TextField(_("who"))
    reason = models.TextField(_("why"), blank=True)
    outcome = models.TextField(_("outcome"), choices=Outcome, default=Outcome.WAITING)
    total = models.PositiveIntegerField(_("of"), default=0)
    done = models.PositiveIntegerField(_("done"), default=0)
    changed = models.PositiveIntegerField(_("changed"), default=0)
    error = models.TextField(_("what went wrong"), blank=True)
    created_at = models.DateTimeField(_("asked for at"))
    stop_asked_at = models.DateTimeField(_("asked to stop at"), null=True, blank=True)
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
        """How far it is; 100 for a job that found nothing to do."""
        if self.ended_at and self.outcome == self.Outcome.DONE:
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0
