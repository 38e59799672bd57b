"""What reconciling did, and who may do it now."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class ReconcileRun(models.Model):
    """One pass through the claims API. It may be interrupted, and is then resumed at its page."""

    class Kind(models.TextChoices):
        CATCH_UP = "CATCH_UP", _("catch-up")
        SWEEP = "SWEEP", _("sweep")

    class Outcome(models.TextChoices):
        RUNNING = "RUNNING", _("running")
        INTERRUPTED = "INTERRUPTED", _("interrupted, to be resumed")
        DONE = "DONE", _("done")
        GIVEN_UP = "GIVEN_UP", _("given up")

    kind = models.TextField(_("kind"), choices=Kind)
    # "" is every campaign. No reference: a run is history, whatever becomes of the campaign.
    campaign_id = OpaqueTextField(_("campaign id"), blank=True)
    outcome = models.TextField(_("outcome"), choices=Outcome, default=Outcome.RUNNING)
    error = models.TextField(_("what went wrong"), blank=True)
    started_at = models.DateTimeField(_("started at"), db_index=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # Leaves out what was claimed before; such a run proves nothing about the rest.
    since = models.DateTimeField(_("claimed since"), null=True, blank=True)
    busy = models.DurationField(_("time at work"), default=timedelta)
    # Where it goes on: Kick's cursor of the last page that was recorded whole.
    cursor = OpaqueTextField(_("cursor"), blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)

    pages = models.PositiveIntegerField(_("pages"), default=0)
    seen = models.PositiveIntegerField(_("seen"), default=0)
    recorded = models.PositiveIntegerField(_("new"), default=0)
    granted = models.PositiveIntegerField(_("granted"), default=0)
    held = models.PositiveIntegerField(_("held"), default=0)
    differs = models.PositiveIntegerField(_("differences"), default=0)
    unusable = models.PositiveIntegerField(_("unusable"), default=0)
    missed = models.PositiveIntegerField(
        _("missed"), default=0, help_text=_("New, although neither webhook nor catch-up was due.")
    )

    class Meta:
        verbose_name = _("reconcile run")
        verbose_name_plural = _("reconcile runs")
        constraints = [
            models.CheckConstraint(
                name="run_ended_goes_with_ended_at",
                condition=Q(outcome__in=["DONE", "GIVEN_UP"], ended_at__isnull=False)
                | Q(outcome__in=["RUNNING", "INTERRUPTED"], ended_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.campaign_id}".strip()


class Lease(models.Model):
    """Who does a job now, across all workers, until when; and when it is due again."""

    job = OpaqueTextField(_("job"), primary_key=True)
    owner = OpaqueTextField(_("owner"), blank=True)
    expires_at = models.DateTimeField(_("expires at"))
    not_before = models.DateTimeField(_("not before"))
    last_began_at = models.DateTimeField(_("last began at"), null=True, blank=True)
    last_ended_at = models.DateTimeField(_("last ended well at"), null=True, blank=True)
    error = models.TextField(_("what went wrong last"), blank=True)

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return str(self.job)
