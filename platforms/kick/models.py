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


class MisdirectedEvent(models.Model):
    """A type of event that Kick sent to the drops URL. See `misdirected_events`."""

    event_type = OpaqueTextField(_("event type"), primary_key=True)
    last_at = models.DateTimeField(_("last received at"))

    class Meta:
        verbose_name = _("misdirected event")
        verbose_name_plural = _("misdirected events")

    def __str__(self) -> str:
        return str(self.event_type)
