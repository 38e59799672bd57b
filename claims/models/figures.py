"""Sums of what is over and will not change any more, so that nobody has to count it twice."""

from django.db import models
from django.utils.translation import gettext_lazy as _


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
