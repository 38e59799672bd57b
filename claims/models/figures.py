"""Sums of what is over and will not change any more, so that nobody has to count it twice."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class ClaimHour(models.Model):
    """The claims that were recorded in one hour. Written once, a while after the hour is over."""

    began_at = models.DateTimeField(_("hour that began at"), primary_key=True)
    granted_at_once = models.PositiveIntegerField(_("granted at once"), default=0)
    held_first = models.PositiveIntegerField(_("held at first"), default=0)
    by_webhook = models.PositiveIntegerField(_("by webhook"), default=0)
    by_reconcile = models.PositiveIntegerField(_("found through the claims API"), default=0)
    by_hand = models.PositiveIntegerField(_("by hand"), default=0)

    class Meta:
        verbose_name = _("hour of claims")
        verbose_name_plural = _("hours of claims")

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M}"


class RewardFunnel(models.Model):
    """How far the claims of a reward in a campaign have come, as it was counted last."""

    campaign_id = OpaqueTextField(_("campaign id"))
    reward_id = OpaqueTextField(_("reward id"))
    claimed = models.PositiveIntegerField(_("claimed"), default=0)
    linked = models.PositiveIntegerField(_("linked"), default=0)
    granted = models.PositiveIntegerField(_("granted"), default=0)
    fulfilled = models.PositiveIntegerField(_("fulfilled"), default=0)
    written_back = models.PositiveIntegerField(_("written back"), default=0)
    counted_at = models.DateTimeField(_("counted at"))

    class Meta:
        verbose_name = _("funnel of a reward")
        verbose_name_plural = _("funnels of rewards")
        constraints = [
            models.UniqueConstraint(name="funnel_once", fields=["campaign_id", "reward_id"])
        ]

    def __str__(self) -> str:
        return f"{self.reward_id} in {self.campaign_id}"
