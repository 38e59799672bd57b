"""Keys by which game servers speak to the REST API. Only a digest of the secret part is stored."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class ApiKey(models.Model):
    name = models.TextField(
        _("name"), help_text=_("Which server uses it, for example “eu-west lobby”.")
    )
    prefix = OpaqueTextField(_("prefix"), unique=True)
    digest = OpaqueTextField(unique=True)
    categories = models.JSONField(
        _("categories"),
        default=list,
        blank=True,
        help_text=_("Kick's categories that it may see; none: all."),
    )
    created_at = models.DateTimeField(_("created at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
