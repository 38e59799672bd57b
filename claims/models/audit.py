"""The audit log of staff actions. Rows are only ever added."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from core.fields import OpaqueTextField


class AuditEvent(models.Model):
    """One action. It stores names and ids as text, so that it outlives the rows it refers to."""

    class Action(models.TextChoices):
        RETRY = "RETRY", _("retried held claims")
        REFETCH = "REFETCH", _("re-fetched claims")
        GRANT = "GRANT", _("granted manually")
        REQUEST = "REQUEST", _("requested a manual grant")
        REJECT = "REJECT", _("rejected a manual grant")
        REVOKE = "REVOKE", _("revoked")
        UNLINK = "UNLINK", _("unlinked")
        WAIVE = "WAIVE", _("lifted a waiting time")
        MAP = "MAP", _("mapped a reward")
        PAUSE = "PAUSE", _("paused grants")
        RESUME = "RESUME", _("resumed grants")
        IMPORT = "IMPORT", _("imported the catalogue")
        EXPORT = "EXPORT", _("exported the catalogue")
        BULK = "BULK", _("ran a bulk job")
        NOTE = "NOTE", _("added a note")
        LOGIN = "LOGIN", _("logged in")
        PASSWORD = "PASSWORD", _("changed their password")
        ADD = "ADD", _("added")
        CHANGE = "CHANGE", _("changed")
        DELETE = "DELETE", _("deleted")

    action = models.TextField(_("action"), choices=Action)
    actor = models.TextField(_("user"), help_text=_("User name of the staff member."))
    # For example `player` and `4711`.
    subject_kind = models.TextField(_("object type"))
    subject_id = OpaqueTextField(_("object id"))
    # The object's name at that time.
    subject_name = models.TextField(_("object name"), blank=True, default="", db_default="")
    # The player on whose case page it appears, if any.
    player = models.ForeignKey(
        Player,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="audit_events",
        verbose_name=_("player"),
    )
    reason = models.TextField(_("reason"), blank=True)
    before = models.JSONField(_("before"), default=dict, blank=True)
    after = models.JSONField(_("after"), default=dict, blank=True)
    at = models.DateTimeField(_("time"))

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        # No add, change or delete permission exists, so that no one can be granted it.
        default_permissions = ("view",)
        permissions = [
            ("retry_claims", _("Can retry held claims")),
            ("refetch", _("Can re-fetch a player's claims")),
            ("grant_by_hand", _("Can grant manually")),
            ("unlink_player", _("Can unlink a player")),
            ("move_catalogue", _("Can import and export the catalogue")),
        ]
        indexes = [
            models.Index(name="audit_newest_first", fields=["-at"]),
            models.Index(name="audit_of_a_thing", fields=["subject_kind", "subject_id"]),
            # A search doesn't know the kind.
            models.Index(name="audit_of_an_id", fields=["subject_id"]),
            models.Index(name="audit_by_actor", fields=["actor", "-at"]),
            models.Index(name="audit_by_action", fields=["action", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject_kind} {self.subject_id}"
