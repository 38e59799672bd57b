"""Keys that game servers use for the REST API. Only a digest of the secret is stored."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


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
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
