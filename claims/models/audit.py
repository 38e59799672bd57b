"""Who of the staff did what, to what, and why. Rows are only ever added."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from core.fields import OpaqueTextField


class AuditEvent(models.Model):
    """One act. It names people and things by text, so that it outlives them all."""

    class Action(models.TextChoices):
        RETRY = "RETRY", _("retried held claims")
        ASK_KICK = "ASK_KICK", _("asked Kick")
        GRANT = "GRANT", _("granted by hand")
        REVOKE = "REVOKE", _("took back")
        UNLINK = "UNLINK", _("unlinked")
        MAP = "MAP", _("mapped a reward")
        IMPORT = "IMPORT", _("imported the catalogue")
        EXPORT = "EXPORT", _("exported the catalogue")
        BULK = "BULK", _("ran a bulk job")
        ADD = "ADD", _("added")
        CHANGE = "CHANGE", _("changed")
        DELETE = "DELETE", _("deleted")

    action = models.TextField(_("what"), choices=Action)
    actor = models.TextField(_("who"), help_text=_("The user name of the member of staff."))
    # The kind of thing and its id, as `player` and `4711`.
    subject_kind = models.TextField(_("kind of thing"))
    subject_id = OpaqueTextField(_("id of the thing"))
    # Whose story it belongs to, if anybody's.
    player = models.ForeignKey(
        Player,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="audit_events",
        verbose_name=_("player"),
    )
    reason = models.TextField(_("why"), blank=True)
    before = models.JSONField(_("before"), default=dict, blank=True)
    after = models.JSONField(_("after"), default=dict, blank=True)
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        # There is no permission to add, change or delete one that anybody could be given.
        default_permissions = ("view",)
        permissions = [
            ("retry_claims", _("Can retry held claims")),
            ("ask_kick", _("Can ask Kick for a player's claims")),
            ("grant_by_hand", _("Can grant by hand")),
            ("unlink_player", _("Can unlink a player")),
            ("move_catalogue", _("Can import and export the catalogue")),
        ]
        indexes = [
            models.Index(name="audit_newest_first", fields=["-at"]),
            models.Index(name="audit_of_a_thing", fields=["subject_kind", "subject_id"]),
            # A search names no kind.
            models.Index(name="audit_of_an_id", fields=["subject_id"]),
            models.Index(name="audit_by_actor", fields=["actor", "-at"]),
            models.Index(name="audit_by_action", fields=["action", "-at"]),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.subject_kind} {self.subject_id}"
