"""Failed staff logins, by user name and address, to limit password guessing."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class FailedLogin(models.Model):
    """Consecutive failures of one user name from one address. A success deletes the row."""

    user_name = OpaqueTextField(_("user name"))
    address = OpaqueTextField(_("IP address"))
    failures = models.PositiveIntegerField(_("consecutive failures"), default=0)
    last_failed_at = models.DateTimeField(_("last failed at"), db_index=True)

    class Meta:
        verbose_name = _("failed staff login")
        verbose_name_plural = _("failed staff logins")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(name="failed_login_once", fields=["user_name", "address"])
        ]
        indexes = [models.Index(name="failed_logins_of_an_address", fields=["address"])]

    def __str__(self) -> str:
        return f"{self.user_name} ({self.address})"
