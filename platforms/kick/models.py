from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class PublicKey(models.Model):
    """The key that Kick signs webhooks with, shared by all processes. See `public_keys`."""

    api_url = OpaqueTextField(_("API URL"), primary_key=True)
    pem = models.TextField(_("PEM"))
    fetched_at = models.DateTimeField(_("fetched at"))
    # Unlike `fetched_at`, empty for the first key.
    refetched_at = models.DateTimeField(_("fetched again at"), null=True)

    class Meta:
        verbose_name = _("public key")
        verbose_name_plural = _("public keys")

    def __str__(self) -> str:
        return str(self.api_url)


class EventSubscription(models.Model):
    """A subscription at Kick that this deployment made or took over. See `event_subscriptions`.

    `error`: why Kick refused it. Then `subscription_id` is blank.
    """

    user_id = OpaqueTextField(_("channel owner's ID"))
    event = OpaqueTextField(_("event"))
    subscription_id = OpaqueTextField(_("subscription ID"), blank=True, db_index=True)
    error = models.TextField(_("error"), blank=True)
    checked_at = models.DateTimeField(_("last checked at"))
    # When it was made or taken over, and when the last event came for it (within a minute).
    made_at = models.DateTimeField(_("made at"), null=True, blank=True)
    last_event_at = models.DateTimeField(_("last event at"), null=True, blank=True)
    # When Kick had ended it without a word, and we made a new one.
    lost_at = models.DateTimeField(_("lost at"), null=True, blank=True)

    class Meta:
        verbose_name = _("event subscription")
        verbose_name_plural = _("event subscriptions")
        constraints = [
            models.UniqueConstraint(name="event_subscription_once", fields=["user_id", "event"])
        ]

    def __str__(self) -> str:
        return f"{self.event} of {self.user_id}"


class MisdirectedEvent(models.Model):
    """A type of event that Kick sent to the drops URL. See `misdirected_events`."""

    event_type = OpaqueTextField(_("event type"), primary_key=True)
    last_at = models.DateTimeField(_("last received at"))

    class Meta:
        verbose_name = _("misdirected event")
        verbose_name_plural = _("misdirected events")

    def __str__(self) -> str:
        return str(self.event_type)
