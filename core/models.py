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


class RequestBudget(models.Model):
    """The requests that may be sent to a platform now. See `core.request_budget`."""

    platform = OpaqueTextField(_("platform"), primary_key=True)
    available = models.FloatField(_("available requests"))
    counted_at = models.DateTimeField(_("counted at"))
    # Set until a request after the pause was answered.
    paused_until = models.DateTimeField(_("paused until"), null=True, blank=True)
    paused_since = models.DateTimeField(_("paused since"), null=True, blank=True)
    pause_reason = models.TextField(_("reason for the pause"), blank=True, default="")
    pauses = models.PositiveIntegerField(_("pauses in a row"), default=0)

    class Meta:
        verbose_name = _("request budget")
        verbose_name_plural = _("request budgets")

    def __str__(self) -> str:
        return str(self.platform)
