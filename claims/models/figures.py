"""Stored totals of claims, so that the desk doesn't count them on every request."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class ClaimHour(models.Model):
    """Totals of the claims recorded in one hour. Written once, a while after the hour has ended."""

    began_at = models.DateTimeField(_("hour"), primary_key=True)
    granted_at_once = models.PositiveIntegerField(_("granted immediately"), default=0)
    held_first = models.PositiveIntegerField(_("held first"), default=0)
    by_webhook = models.PositiveIntegerField(_("by webhook"), default=0)
    by_reconcile = models.PositiveIntegerField(_("by reconcile"), default=0)
    by_hand = models.PositiveIntegerField(_("manual"), default=0)

    class Meta:
        verbose_name = _("hourly total")
        verbose_name_plural = _("hourly totals")

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}"


class RewardFunnel(models.Model):
    """The last count of a reward's claims in a campaign, by how far they have come."""

    campaign_id = OpaqueTextField(_("campaign id"))
    reward_id = OpaqueTextField(_("reward id"))
    claimed = models.PositiveIntegerField(_("claimed"), default=0)
    linked = models.PositiveIntegerField(_("linked"), default=0)
    granted = models.PositiveIntegerField(_("granted"), default=0)
    fulfilled = models.PositiveIntegerField(_("fulfilled"), default=0)
    written_back = models.PositiveIntegerField(_("reported to Kick"), default=0)
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("reward funnel")
        verbose_name_plural = _("reward funnels")
        constraints = [
            models.UniqueConstraint(name="funnel_once", fields=["campaign_id", "reward_id"])
        ]

    def __str__(self) -> str:
        return f"{self.reward_id} · {self.campaign_id}"
