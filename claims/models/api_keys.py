"""Keys that game servers use for the REST API. Only a digest of the secret is stored."""

from datetime import datetime
from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def active(self, *, now: datetime) -> Self:
        """Keys that are accepted. A key may be set to end later."""
        return self.filter(Q(revoked_at=None) | Q(revoked_at__gt=now))


class Scope(models.TextChoices):
    """What a key may do."""

    READ = "read", _("list entitlements and their changes")
    FULFIL = "fulfil", _("fulfil entitlements")
    PLAYERS = "players", _("look up players, sync them, and make link tickets")


def all_scopes() -> list[str]:
    return list(Scope.values)


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
    scopes = models.JSONField(_("scopes"), default=all_scopes)
    networks = models.JSONField(
        _("networks"),
        default=list,
        blank=True,
        help_text=_("Networks it may be used from, such as 10.0.0.0/8. Leave empty for all."),
    )
    requests_per_minute = models.PositiveIntegerField(
        _("requests per minute"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("More are answered 429. Leave empty for no limit."),
    )
    created_at = models.DateTimeField(_("created at"))
    last_used_at = models.DateTimeField(_("last used at"), null=True, blank=True)
    # May be in the future: the key is accepted until then.
    revoked_at = models.DateTimeField(
        _("ends at"),
        null=True,
        blank=True,
        help_text=_("The key is accepted until then. Leave empty for no end."),
    )

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"


class ApiKeyMinute(models.Model):
    """The requests of a key's limit that processes have taken in a minute."""

    api_key = models.OneToOneField(ApiKey, on_delete=models.CASCADE, primary_key=True)
    minute = models.DateTimeField(_("minute"))
    taken = models.PositiveIntegerField(_("taken"))

    class Meta:
        verbose_name = _("requests of a minute")
        verbose_name_plural = _("requests of a minute")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.api_key_id} {self.minute}"


class ApiKeyUsage(models.Model):
    """The requests of a key on one day, in UTC."""

    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.CASCADE,
        db_index=False,  # the unique constraint has an index that starts with it
        related_name="usage",
    )
    day = models.DateField(_("day"))
    requests = models.PositiveIntegerField(_("requests"))

    class Meta:
        verbose_name = _("usage of an API key")
        verbose_name_plural = _("usage of API keys")
        default_permissions = ("view",)
        constraints = [models.UniqueConstraint(name="usage_once_a_day", fields=["api_key", "day"])]

    def __str__(self) -> str:
        return f"{self.api_key_id} {self.day}"
