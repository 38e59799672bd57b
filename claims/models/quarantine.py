"""Deliveries that were unusable, or that contradict their claim. Others aren't stored."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class QuarantinedDeliveryQuerySet(models.QuerySet["QuarantinedDelivery"]):
    def recent_unusable(self, *, now: datetime) -> Self:
        """Signed deliveries of the last day that couldn't be used."""
        since = now - timedelta(days=1)
        return self.filter(verdict="UNUSABLE", received_at__gte=since)

    def recent_differing(self, *, now: datetime) -> Self:
        """Deliveries and API entries of the last day that contradict a recorded claim."""
        return self.filter(verdict="DIFFERS", received_at__gte=now - timedelta(days=1))


class QuarantinedDelivery(models.Model):
    class Verdict(models.TextChoices):
        UNUSABLE = "UNUSABLE", _("signed, but unusable")
        DIFFERS = "DIFFERS", _("differs from its claim")

    verdict = models.TextField(_("verdict"), choices=Verdict)
    source = OpaqueTextField(_("source"), blank=True, default="")
    # Repeats of a delivery share a row, for example "webhook:<message id>".
    key = OpaqueTextField(unique=True)
    message_id = OpaqueTextField(_("message id"), blank=True)
    timestamp = models.TextField(_("timestamp header"), blank=True)
    claim_id = OpaqueTextField(_("claim id"), blank=True, db_index=True)
    body = models.BinaryField(_("raw body"))
    size = models.PositiveIntegerField(_("size in bytes"))
    reason = models.TextField(_("problem"))
    received_at = models.DateTimeField(_("received at"), db_index=True)

    objects = QuarantinedDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")

    def __str__(self) -> str:
        return str(self.message_id or self.key)
