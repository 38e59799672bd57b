from django.db import models
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField


class Lease(models.Model):
    """Which worker runs a job now, until when, and when the job is due again."""

    job = OpaqueTextField(_("job"), primary_key=True)
    owner = OpaqueTextField(_("owner"), blank=True)
    expires_at = models.DateTimeField(_("expires at"))
    not_before = models.DateTimeField(_("not before"))
    last_began_at = models.DateTimeField(_("last began at"), null=True, blank=True)
    last_ended_at = models.DateTimeField(_("last ended well at"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    error = models.TextField(_("last error"), blank=True)
    # Empty unless the platform is at fault: never set for our own bugs or a database error.
    platform_error = models.TextField(_("last error of the platform"), blank=True)

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")

    def __str__(self) -> str:
        return str(self.job)
