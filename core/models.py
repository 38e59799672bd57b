from django.db import models
from django.utils.translation import gettext_lazy as _

from core.checks import Verdict
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


class Counter(models.Model):
    """A number that only grows. Lock the row to take the next number: see `take_number`."""

    name = OpaqueTextField(_("name"), primary_key=True)
    value = models.BigIntegerField(_("value"), default=0)

    class Meta:
        verbose_name = _("counter")
        verbose_name_plural = _("counters")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.name)


class Alert(models.Model):
    """A warning or failure of a check, from its first sight until it's gone. One open per check."""

    check_name = OpaqueTextField(_("check"))
    # Two findings with the same fingerprint are the same news: numbers in them don't count.
    fingerprint = models.TextField(editable=False)
    verdict = models.PositiveSmallIntegerField(
        _("verdict"), choices=[(one.value, one.name) for one in Verdict]
    )
    message = models.TextField(_("message"))
    next_step = models.TextField(_("next step"), blank=True)
    opened_at = models.DateTimeField(_("opened at"))
    # Since when it has had this fingerprint.
    changed_at = models.DateTimeField(_("changed at"))
    last_seen_at = models.DateTimeField(_("last seen at"))
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    # The fingerprints that messages were made for.
    announced = models.JSONField(default=list, editable=False)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                name="one_open_alert_per_check",
                fields=["check_name"],
                condition=models.Q(resolved_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"{self.check_name}: {self.message}"


class AlertMessage(models.Model):
    """A message to staff through one channel, sent once. An outbox row."""

    class Channel(models.TextChoices):
        WEBHOOK = "WEBHOOK", _("webhook")
        EMAIL = "EMAIL", _("e-mail")

    # Such as `alert:7:1`: the news it's about. With the channel, it's unique.
    key = OpaqueTextField(_("key"))
    channel = models.TextField(_("channel"), choices=Channel)
    subject = models.TextField(_("subject"))
    text = models.TextField(_("text"))
    created_at = models.DateTimeField(_("created at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt at"))
    error = models.TextField(_("last error"), blank=True)

    class Meta:
        verbose_name = _("alert message")
        verbose_name_plural = _("alert messages")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(name="alert_message_once", fields=["key", "channel"])
        ]
        indexes = [
            models.Index(
                name="alert_message_unsent",
                fields=["next_attempt_at"],
                condition=models.Q(sent_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.subject
