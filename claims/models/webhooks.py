"""Webhooks to game servers: endpoints, messages, and the delivery of each to each.

A message is signed and sent as Standard Webhooks says: https://www.standardwebhooks.com.
"""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from core.fields import OpaqueTextField


class EventType(models.TextChoices):
    """What a message is about. Game servers know these values."""

    ENTITLEMENTS_GRANTED = "entitlements.granted", _("items granted")
    ENTITLEMENT_REVOKED = "entitlement.revoked", _("item revoked")
    PLAYER_LINKED = "player.linked", _("account linked")
    PLAYER_UNLINKED = "player.unlinked", _("account unlinked")
    PLAYER_DISCONNECTED = "player.disconnected", _("account disconnected")
    TEST = "webhook.test", _("test")


class WebhookEndpointQuerySet(models.QuerySet["WebhookEndpoint"]):
    def enabled(self) -> Self:
        return self.filter(disabled_at=None)

    def disabled_automatically(self) -> Self:
        return self.exclude(disabled_at=None).exclude(
            disabled_because=WebhookEndpoint.DisabledBecause.STAFF
        )


class WebhookEndpoint(models.Model):
    """A URL of the studio's that receives messages."""

    class Signing(models.TextChoices):
        HMAC = "HMAC", _("shared secret (HMAC-SHA256)")
        ED25519 = "ED25519", _("key pair (Ed25519)")

    class DisabledBecause(models.TextChoices):
        STAFF = "STAFF", _("by staff")
        GONE = "GONE", _("it answered 410 Gone")
        FAILING = "FAILING", _("it failed for five days")

    name = models.TextField(_("name"), help_text=_("The server, for example “eu-west lobby”."))
    url = models.TextField(_("URL"), help_text=_("Where to send messages. It must be https."))
    event_types = models.JSONField(_("events"), default=list, blank=True)
    categories = models.JSONField(
        _("categories"),
        default=list,
        blank=True,
        help_text=_("Send only entitlements of these categories. Leave empty for all."),
    )
    signing = models.TextField(_("signature"), choices=Signing, default=Signing.HMAC)
    encrypted_secret = models.BinaryField()
    # Signs as well until `previous_ends_at`, so that the server can be given the new secret first.
    encrypted_previous_secret = models.BinaryField(default=b"")
    previous_ends_at = models.DateTimeField(_("previous secret ends at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"))
    # The first of the failures in a row.
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    disabled_at = models.DateTimeField(_("disabled at"), null=True, blank=True)
    disabled_because = models.TextField(
        _("disabled because"), choices=DisabledBecause, blank=True, default=""
    )
    # After it was enabled again: the last entitlement that was sent anew. None: nothing to resend.
    resend_after = models.BigIntegerField(_("resend after"), null=True, blank=True)

    objects = WebhookEndpointQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook endpoint")
        verbose_name_plural = _("webhook endpoints")
        default_permissions = ("view", "add", "change")
        constraints = [
            models.CheckConstraint(
                name="endpoint_is_disabled_for_a_reason",
                condition=Q(disabled_at=None, disabled_because="")
                | (Q(disabled_at__isnull=False) & ~Q(disabled_because="")),
            ),
            models.CheckConstraint(
                name="endpoint_previous_secret_ends",
                condition=Q(encrypted_previous_secret=b"", previous_ends_at=None)
                | (~Q(encrypted_previous_secret=b"") & Q(previous_ends_at__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def wants(self, event_type: str) -> bool:
        return event_type == EventType.TEST or event_type in (self.event_types or EventType.values)

    def sees(self, category: str) -> bool:
        """Whether it's sent entitlements of campaigns in this category."""
        return not self.categories or category in self.categories


class WebhookMessage(models.Model):
    """One event. Its body never changes, so that each attempt sends the same bytes."""

    message_id = OpaqueTextField(_("message ID"), unique=True)
    event_type = models.TextField(_("event"), choices=EventType)
    player = models.ForeignKey(
        Player,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # the index below starts with it
        related_name="webhook_messages",
        verbose_name=_("player"),
    )
    body = models.TextField(_("body"))
    created_at = models.DateTimeField(_("created at"), db_index=True)

    class Meta:
        verbose_name = _("webhook event")
        verbose_name_plural = _("webhook events")
        default_permissions = ("view",)
        indexes = [
            models.Index(
                name="messages_of_player",
                fields=["player", "-id"],
                condition=Q(player__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.message_id)


class WebhookDeliveryQuerySet(models.QuerySet["WebhookDelivery"]):
    def pending(self) -> Self:
        return self.filter(status=WebhookDelivery.Status.PENDING)

    def due(self, *, now: datetime) -> Self:
        """Deliveries to attempt now, the longest overdue first."""
        return self.pending().filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")


class WebhookDelivery(models.Model):
    """A message to deliver to an endpoint. Repeated until it's answered 2xx, at most ten times."""

    class Status(models.TextChoices):
        PENDING = "PENDING", _("waiting")
        DELIVERED = "DELIVERED", _("delivered")
        FAILED = "FAILED", _("given up")
        REPLACED = "REPLACED", _("replaced by a newer message")

    endpoint = models.ForeignKey(
        WebhookEndpoint,
        on_delete=models.CASCADE,
        db_index=False,  # the unique constraint has an index that starts with it
        related_name="deliveries",
        verbose_name=_("endpoint"),
    )
    message = models.ForeignKey(
        WebhookMessage,
        on_delete=models.CASCADE,
        related_name="deliveries",
        verbose_name=_("message"),
    )
    status = models.TextField(_("status"), choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # While a worker sends it: when to presume that worker dead.
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    last_attempt_at = models.DateTimeField(_("last attempt at"), null=True, blank=True)
    # Of the last answer. None: there was none, and `error` says why.
    last_status = models.PositiveSmallIntegerField(_("answer"), null=True, blank=True)
    last_milliseconds = models.PositiveIntegerField(_("took (ms)"), null=True, blank=True)
    # At most 1 KB.
    last_answer = models.TextField(_("text of the answer"), blank=True, default="")
    error = models.TextField(_("error"), blank=True, default="")

    objects = WebhookDeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("webhook message")
        verbose_name_plural = _("webhook messages")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(name="delivery_once", fields=["endpoint", "message"]),
            models.CheckConstraint(
                name="delivery_is_due_or_ended",
                condition=Q(status="PENDING", next_attempt_at__isnull=False)
                | (~Q(status="PENDING") & Q(next_attempt_at=None)),
            ),
        ]
        indexes = [
            models.Index(
                name="deliveries_due",
                fields=["endpoint", "next_attempt_at"],
                condition=Q(status="PENDING"),
            ),
            models.Index(
                name="deliveries_failed", fields=["endpoint", "id"], condition=Q(status="FAILED")
            ),
        ]

    def __str__(self) -> str:
        return str(self.message)
