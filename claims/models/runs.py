"""The history of reconciling, and of asking for one player."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from core.fields import OpaqueTextField


class ReconcileRun(models.Model):
    """One pass through a source's list. An interrupted run resumes at the page where it stopped."""

    class Kind(models.TextChoices):
        CATCH_UP = "CATCH_UP", _("catch-up")
        SWEEP = "SWEEP", _("sweep")

    class Outcome(models.TextChoices):
        RUNNING = "RUNNING", _("running")
        INTERRUPTED = "INTERRUPTED", _("interrupted, will resume")
        DONE = "DONE", _("done")
        GIVEN_UP = "GIVEN_UP", _("failed")

    class Order(models.TextChoices):
        ASCENDING = "ASCENDING", _("oldest first")
        DESCENDING = "DESCENDING", _("newest first")
        NONE = "NONE", _("no order")

    kind = models.TextField(_("kind"), choices=Kind)
    source = OpaqueTextField(_("source"))
    # "" means every campaign. Not a foreign key: a run stays even if its campaign is deleted.
    campaign_id = OpaqueTextField(_("campaign id"), blank=True)
    outcome = models.TextField(_("outcome"), choices=Outcome, default=Outcome.RUNNING)
    error = models.TextField(_("error"), blank=True)
    started_at = models.DateTimeField(_("started at"), db_index=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    # Claims made earlier are skipped, so that such a run proves nothing about them.
    since = models.DateTimeField(_("claimed since"), null=True, blank=True)
    busy = models.DurationField(_("working time"), default=timedelta)
    # Where to resume: the platform's cursor of the last fully recorded page.
    cursor = OpaqueTextField(_("cursor"), blank=True)
    # The order of claim IDs in the list, as far as this run has seen it.
    order = models.TextField(
        _("order of the list"), choices=Order, blank=True, default="", db_default=""
    )
    # Whether it read only the new end of the list, and from where the next run may do so.
    is_tail = models.BooleanField(_("only new claims"), default=False, db_default=False)
    tail_cursor = OpaqueTextField(_("known claim"), blank=True, default="", db_default="")
    failures = models.PositiveIntegerField(_("consecutive failures"), default=0)

    pages = models.PositiveIntegerField(_("pages"), default=0)
    seen = models.PositiveIntegerField(_("seen"), default=0)
    recorded = models.PositiveIntegerField(_("new"), default=0)
    granted = models.PositiveIntegerField(_("granted"), default=0)
    held = models.PositiveIntegerField(_("held"), default=0)
    differs = models.PositiveIntegerField(_("differences"), default=0)
    unusable = models.PositiveIntegerField(_("unusable"), default=0)
    missed = models.PositiveIntegerField(
        _("missed"),
        default=0,
        help_text=_("New claims that a webhook or catch-up should already have recorded."),
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


class PlayerSync(models.Model):
    """When the platforms were last asked for a player's claims. See `claims.player_sync`."""

    player = models.OneToOneField(
        Player, on_delete=models.CASCADE, primary_key=True, verbose_name=_("player")
    )
    started_at = models.DateTimeField(_("started at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    accounts = models.JSONField(_("results"), default=list, blank=True)

    class Meta:
        verbose_name = _("player sync")
        verbose_name_plural = _("player syncs")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.player_id} {self.started_at}"
