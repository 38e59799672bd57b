"""Keys that game servers use for the REST API. Only a digest of the secret is stored."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def active(self, *, now: datetime) -> Self:
        """Keys that are accepted. A key may be set to end later."""
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=now))


class ApiKey(models.Model):
    name = models.TextField(
        _("name"), help_text=_("The server that uses it, for example “eu-west lobby”.")
    )
    prefix = OpaqueTextField(_("prefix"), unique=True)
    digest = OpaqueTextField(unique=True)
    categories = models.JSONField(
        _("categories"),
        default=list,
        blank=True,
        help_text=_("Categories this key can see. Leave empty for all."),
    )
    created_at = models.DateTimeField(_("created at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    # May be in the future: the key is accepted until then.
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
