"""Stored totals of claims, so that the desk doesn't count them on every request."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class ClaimHour(models.Model):
    """The claims of a source recorded in one hour. Written once, some time after the hour."""

    began_at = models.DateTimeField(_("hour that began at"))
    source = OpaqueTextField(_("source"))
    granted_at_once = models.PositiveIntegerField(_("granted at once"), default=0)
    held_first = models.PositiveIntegerField(_("held at first"), default=0)
    by_webhook = models.PositiveIntegerField(_("by webhook"), default=0)
    by_sync = models.PositiveIntegerField(_("found through the platform's API"), default=0)

    class Meta:
        verbose_name = _("hour of claims")
        verbose_name_plural = _("hours of claims")
        constraints = [
            models.UniqueConstraint(name="hour_once_per_source", fields=["began_at", "source"])
        ]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M} {self.source}"


class RewardFunnel(models.Model):
    """The last count of a reward's claims in a campaign, by how far they have come."""

    campaign_id = OpaqueTextField(_("campaign id"))
    reward_id = OpaqueTextField(_("reward id"))
    claimed = models.PositiveIntegerField(_("claimed"), default=0)
    linked = models.PositiveIntegerField(_("linked"), default=0)
    granted = models.PositiveIntegerField(_("granted"), default=0)
    fulfilled = models.PositiveIntegerField(_("fulfilled"), default=0)
    reported = models.PositiveIntegerField(_("reported"), default=0)
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("reward funnel")
        verbose_name_plural = _("reward funnels")
        constraints = [
            models.UniqueConstraint(name="funnel_once", fields=["campaign_id", "reward_id"])
        ]

    def __str__(self) -> str:
        return f"{self.reward_id} · {self.campaign_id}"
