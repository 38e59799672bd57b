"""Players of the game, Kick users, and the links between them."""

from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _

from core.fields import OpaqueTextField

GAME_ACCOUNT_ID_MAX_LENGTH = 128


class Player(models.Model):
    """One account of the game. Players aren't Django users and can't become staff."""

    game_account_id = OpaqueTextField(
        _("game account ID"),
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


class PlatformAccount(models.Model):
    """A Kick account that has appeared in a claim or a link.

    `player` is the link: one to one, guaranteed by its unique key. Lock this row before recording
    a claim of this user or changing its link.
    """

    # A uint64 as canonical decimal text: neither database has an integer type with that range.
    account_id = OpaqueTextField(_("Kick user ID"), primary_key=True)
    name = models.TextField(_("Kick name"), blank=True)
    player = models.OneToOneField(
        Player,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="account",
        verbose_name=_("player"),
    )
    linked_at = models.DateTimeField(_("linked at"), null=True, blank=True)
    first_seen_at = models.DateTimeField(_("first seen at"))

    class Meta:
        verbose_name = _("Kick user")
        verbose_name_plural = _("Kick users")
        constraints = [
            models.CheckConstraint(
                name="account_linked_at_goes_with_player",
                condition=Q(player__isnull=True, linked_at__isnull=True)
                | Q(player__isnull=False, linked_at__isnull=False),
            )
        ]
        indexes = [models.Index(Upper("name"), name="accounts_by_name")]

    def __str__(self) -> str:
        return self.name or self.account_id


class LinkEvent(models.Model):
    """The history of links. Rows are only ever added."""

    class Kind(models.TextChoices):
        LINKED = "LINKED", _("linked")
        RENEWED = "RENEWED", _("reauthorized")
        UNLINKED = "UNLINKED", _("unlinked")

    kind = models.TextField(_("event"), choices=Kind)
    account = models.ForeignKey(
        PlatformAccount,
        on_delete=models.PROTECT,
        related_name="link_events",
        verbose_name=_("Kick user"),
    )
    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, related_name="link_events", verbose_name=_("player")
    )
    actor = models.TextField(_("actor"), help_text=_("“player” or the name of a staff member."))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("link event")
        verbose_name_plural = _("link events")
        # For the rare kinds: without it, listing them scans all LINKED events.
        indexes = [
            models.Index(
                name="link_events_but_links", fields=["kind", "id"], condition=~Q(kind="LINKED")
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind} {self.player_id}"


class Authorization(models.Model):
    """The authorization behind a link: its encrypted refresh token. Exists while linked."""

    account = models.OneToOneField(
        PlatformAccount, on_delete=models.PROTECT, primary_key=True, related_name="authorization"
    )
    encrypted_refresh_token = models.BinaryField()
    scope = models.TextField(_("scope"))
    # Also tells this token from the next: each token has a different time.
    obtained_at = models.DateTimeField(_("obtained at"))
    # When to exchange the token for a new one. During an exchange: when to presume its worker
    # dead.
    next_refresh_at = models.DateTimeField(_("next refresh at"), null=True, blank=True)
    failed_refreshes = models.PositiveIntegerField(_("failed refreshes"), default=0)
    # When Kick refused the authorization: the viewer has disconnected the app there.
    disconnected_at = models.DateTimeField(_("disconnected at Kick"), null=True, blank=True)

    class Meta:
        verbose_name = _("Kick authorization")
        verbose_name_plural = _("Kick authorizations")
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
                fields=["account"],
                condition=Q(disconnected_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"authorization of {self.account_id}"


class Deauthorization(models.Model):
    """An authorization to revoke at Kick. Outlives the link; retried until Kick responds."""

    class Outcome(models.TextChoices):
        PENDING = "PENDING", _("pending")
        REVOKED = "REVOKED", _("revoked at Kick")
        OVERTAKEN = "OVERTAKEN", _("not needed: linked again")

    account = models.ForeignKey(
        PlatformAccount,
        on_delete=models.PROTECT,
        related_name="deauthorizations",
        verbose_name=_("Kick user"),
    )
    # Emptied as soon as it's no longer needed.
    encrypted_refresh_token = models.BinaryField()
    outcome = models.TextField(_("outcome"), choices=Outcome, default=Outcome.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created at"))
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    # Set while a worker is calling Kick, so that this Kick user can't be linked meanwhile.
    sending_since = models.DateTimeField(_("sending since"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("Kick deauthorization")
        verbose_name_plural = _("Kick deauthorizations")
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
        return f"{self.account_id} {self.outcome}"


class LinkAttempt(models.Model):
    """A player's OAuth redirect to Kick and back. Deleting the row uses up its `state`."""

    state_digest = OpaqueTextField(primary_key=True)
    session_digest = OpaqueTextField()
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="link_attempts")
    encrypted_verifier = models.BinaryField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("link attempt")
        verbose_name_plural = _("link attempts")

    def __str__(self) -> str:
        return f"link attempt of player {self.player_id}"
