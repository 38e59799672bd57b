"""Webhooks that could not be used, or that differ from their claim. Good ones are no rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class QuarantinedDelivery(models.Model):
    class Verdict(models.TextChoices):
        UNUSABLE = "UNUSABLE", _("signed, but unusable")
        DIFFERS = "DIFFERS", _("differs from the claim it repeats")

    verdict = models.TextField(_("verdict"), choices=Verdict)
    # What makes a repetition of the same thing the same row: "webhook:<message id>" and the like.
    key = OpaqueTextField(unique=True)
    message_id = OpaqueTextField(_("message id"), blank=True)
    timestamp = models.TextField(_("timestamp as sent"), blank=True)
    claim_id = OpaqueTextField(_("claim id"), blank=True, db_index=True)
    body = models.BinaryField(_("raw body"))
    size = models.PositiveIntegerField(_("size in bytes"))
    reason = models.TextField(_("what is wrong"))
    received_at = models.DateTimeField(_("received at"), db_index=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")

    def __str__(self) -> str:
        return str(self.message_id or self.key)
