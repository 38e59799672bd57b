"""Who is who: players of the game, users of Kick, and the link between them."""

from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField

GAME_ACCOUNT_ID_MAX_LENGTH = 128


class Player(models.Model):
    """One account of the game. Players are not Django users, and none can become staff."""

    game_account_id = OpaqueTextField(
        _("game account id"),
        unique=True,
        validators=[MinLengthValidator(1), MaxLengthValidator(GAME_ACCOUNT_ID_MAX_LENGTH)],
    )
    name = models.TextField(_("name"), blank=True)
    created_at = models.DateTimeField(_("first login at"))
    last_login_at = models.DateTimeField(_("last login at"))

    class Meta:
        verbose_name = _("player")
        verbose_name_plural = _("players")
        indexes = [models.Index(Upper("name"), name="players_by_name")]

    def __str__(self) -> str:
        return self.name or self.game_account_id


class KickUser(models.Model):
    """A Kick account that was ever seen in a claim or a link.

    `player` is the Kick link: one to one, both ways, guaranteed by its unique key. Whoever records
    a claim of this user or changes its link locks this row first.
    """

    # A uint64 as canonical decimal text: no integer type of either database holds all of them.
    kick_user_id = OpaqueTextField(_("Kick user id"), primary_key=True)
    name = models.TextField(_("Kick name"), blank=True)
    player = models.OneToOneField(
        Player,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="kick_user",
        verbose_name=_("player"),
    )
    linked_at = models.DateTimeField(_("linked at"), null=True, blank=True)
    first_seen_at = models.DateTimeField(_("first seen at"))

    class Meta:
        verbose_name = _("Kick user")
        verbose_name_plural = _("Kick users")
        constraints = [
            models.CheckConstraint(
                name="kick_user_linked_at_goes_with_player",
                condition=Q(player__isnull=True, linked_at__isnull=True)
                | Q(player__isnull=False, linked_at__isnull=False),
            )
        ]
        indexes = [models.Index(Upper("name"), name="kick_users_by_name")]

    def __str__(self) -> str:
        return self.name or self.kick_user_id


class LinkEvent(models.Model):
    """The history of links. Rows are only ever added."""

    class Kind(models.TextChoices):
        LINKED = "LINKED", _("linked")
        RENEWED = "RENEWED", _("authorised again")
        UNLINKED = "UNLINKED", _("unlinked")

    kind = models.TextField(_("what happened"), choices=Kind)
    kick_user = models.ForeignKey(
        KickUser, on_delete=models.PROTECT, related_name="link_events", verbose_name=_("Kick user")
    )
    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, related_name="link_events", verbose_name=_("player")
    )
    actor = models.TextField(_("by whom"), help_text=_("“player”, or a member of staff."))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("link event")
        verbose_name_plural = _("link events")
        # What is rare: a list of it would look through all other events.
        indexes = [
            models.Index(
                name="link_events_but_links", fields=["kind", "id"], condition=~Q(kind="LINKED")
            )
        ]

    def __str__(self) -> str:
        return f"{self.kick_user_id} {self.kind} {self.player_id}"


class Authorization(models.Model):
    """What keeps a link alive at Kick: the refresh token, encrypted. There is one while linked."""

    kick_user = models.OneToOneField(
        KickUser, on_delete=models.PROTECT, primary_key=True, related_name="authorization"
    )
    encrypted_refresh_token = models.BinaryField()
    scope = models.TextField(_("scope"))
    # When this token was obtained. Each token has its own moment, which tells it from the next.
    obtained_at = models.DateTimeField(_("obtained at"))
    # When the token is to be exchanged for a fresh one; while that is under way, when its worker
    # counts as dead.
    next_refresh_at = models.DateTimeField(_("next refresh at"), null=True, blank=True)
    failed_refreshes = models.PositiveIntegerField(_("failed refreshes"), default=0)
    # Kick refuses the grant: the viewer has disconnected the app there.
    disconnected_at = models.DateTimeField(_("disconnected at Kick"), null=True, blank=True)

    class Meta:
        verbose_name = _("Kick grant")
        verbose_name_plural = _("Kick grants")
        constraints = [
            models.CheckConstraint(
                name="grant_is_refreshed_or_disconnected",
                condition=Q(next_refresh_at__isnull=True, disconnected_at__isnull=False)
                | Q(next_refresh_at__isnull=False, disconnected_at__isnull=True),
            )
        ]
        indexes = [
            models.Index(name="grants_to_refresh", fields=["next_refresh_at"]),
            models.Index(
                name="grants_disconnected",
                fields=["kick_user"],
                condition=Q(disconnected_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"grant of {self.kick_user_id}"


class Deauthorization(models.Model):
    """A grant that Kick must be told to end. Outlives the link; retried until Kick has answered."""

    class Outcome(models.TextChoices):
        PENDING = "PENDING", _("pending")
        REVOKED = "REVOKED", _("revoked at Kick")
        OVERTAKEN = "OVERTAKEN", _("not needed: linked again")

    kick_user = models.ForeignKey(
        KickUser,
        on_delete=models.PROTECT,
        related_name="deauthorizations",
        verbose_name=_("Kick user"),
    )
    # Emptied as soon as it is of no more use.
    encrypted_refresh_token = models.BinaryField()
    outcome = models.TextField(_("outcome"), choices=Outcome, default=Outcome.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("asked for at"))
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    # Set while a worker is telling Kick, so that nobody links this Kick user in that moment.
    sending_since = models.DateTimeField(_("being sent since"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("grant revocation")
        verbose_name_plural = _("grant revocations")
        constraints = [
            models.CheckConstraint(
                name="revocation_is_due_or_ended",
                condition=Q(outcome="PENDING", next_attempt_at__isnull=False, ended_at__isnull=True)
                | (~Q(outcome="PENDING") & Q(next_attempt_at__isnull=True, ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="revocation_is_sent_only_while_pending",
                condition=Q(outcome="PENDING") | Q(sending_since__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="revocations_due", fields=["next_attempt_at"], condition=Q(outcome="PENDING")
            ),
            models.Index(
                name="revocations_but_revoked",
                fields=["outcome", "id"],
                condition=~Q(outcome="REVOKED"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kick_user_id} {self.outcome}"


class LinkAttempt(models.Model):
    """One trip of a player to Kick and back. Deleting the row is what uses its `state` up."""

    state_digest = OpaqueTextField(primary_key=True)
    session_digest = OpaqueTextField()
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="link_attempts")
    encrypted_verifier = models.BinaryField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("link attempt")
        verbose_name_plural = _("link attempts")

    def __str__(self) -> str:
        return f"attempt of player {self.player_id}"
