"""Players of the game, their accounts on platforms, and the links between the two."""

from typing import Self

from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Left, StrIndex, Upper
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
        indexes = [
            models.Index(Upper("name"), name="players_by_name"),
            models.Index(Upper("game_account_id"), name="players_by_folded_id"),
        ]

    def __str__(self) -> str:
        return self.name or self.game_account_id


class PlatformAccount(models.Model):
    """An account on a platform, seen in a claim or a link. Its key is `platform:id`.

    `player` is the link: a player has at most one account per platform. Anyone who records this
    account's claims or changes its link locks this row first.
    """

    key = OpaqueTextField(_("account"), primary_key=True)
    # Computed by the database, so that no INSERT can get it wrong.
    platform = models.GeneratedField(
        verbose_name=_("platform"),
        expression=Left("key", StrIndex("key", Value(":")) - 1),
        output_field=models.TextField(),
        db_persist=True,
    )
    name = models.TextField(_("name"), blank=True, default="", db_default="")
    player = models.ForeignKey(
        Player,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # the unique constraint has an index that starts with it
        related_name="accounts",
        verbose_name=_("player"),
    )
    linked_at = models.DateTimeField(_("linked at"), null=True, blank=True)
    first_seen_at = models.DateTimeField(_("first seen at"))

    class Meta:
        verbose_name = _("platform account")
        verbose_name_plural = _("platform accounts")
        constraints = [
            models.CheckConstraint(
                name="account_key_names_its_platform",
                condition=Q(key__contains=":") & ~Q(key__startswith=":") & ~Q(key__endswith=":"),
            ),
            models.CheckConstraint(
                name="account_linked_at_goes_with_player",
                condition=Q(player__isnull=True, linked_at__isnull=True)
                | Q(player__isnull=False, linked_at__isnull=False),
            ),
            models.UniqueConstraint(
                name="one_account_per_platform_and_player",
                fields=["player", "platform"],
                condition=Q(player__isnull=False),
            ),
        ]
        indexes = [models.Index(Upper("name"), name="accounts_by_name")]

    def __str__(self) -> str:
        return self.name or self.user_id

    @property
    def user_id(self) -> str:
        """The id on the platform: `1234` of `platform:1234`."""
        return str(self.key).partition(":")[2]


def account_key(platform: str, user_id: str) -> str:
    """The key of a platform's account: `platform:id`."""
    return f"{platform}:{user_id}"


class LinkTicket(models.Model):
    """Lets whoever opens its URL, or types its code, link for a game account without a game login.

    Only digests are stored. See `accounts.link_tickets`.
    """

    class Origin(models.TextChoices):
        GAME = "GAME", _("by a game server")
        PLAYER = "PLAYER", _("to continue on another device")

    ticket_id = OpaqueTextField(_("ticket ID"), primary_key=True)
    token_digest = OpaqueTextField(unique=True)
    code_digest = OpaqueTextField(unique=True)
    player = models.ForeignKey(
        Player, on_delete=models.CASCADE, related_name="link_tickets", verbose_name=_("player")
    )
    origin = models.TextField(_("made"), choices=Origin)
    # What the game knows of the account: pairs of a label and a value.
    details = models.JSONField(_("details"), default=list, blank=True)
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"), db_index=True)
    # When someone confirmed the game account. It can't be opened again.
    opened_at = models.DateTimeField(_("opened at"), null=True, blank=True)

    class Meta:
        verbose_name = _("link ticket")
        verbose_name_plural = _("link tickets")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.ticket_id)


class PendingLink(models.Model):
    """An account whose owner has consented, until the player confirms the link in this browser."""

    session_digest = OpaqueTextField(primary_key=True)
    player = models.ForeignKey(Player, on_delete=models.CASCADE, related_name="pending_links")
    platform = models.TextField(_("platform"))
    user_id = OpaqueTextField(_("user ID"))
    name = models.TextField(_("name"), blank=True)
    encrypted_refresh_token = models.BinaryField()
    encrypted_access_token = models.BinaryField()
    scope = models.TextField(_("scope"))
    expires_in = models.FloatField()
    checked_at = models.DateTimeField(_("checked at"))
    expires_at = models.DateTimeField(_("expires at"), db_index=True)

    class Meta:
        verbose_name = _("link to confirm")
        verbose_name_plural = _("links to confirm")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.platform}:{self.user_id}"


class WrongCodes(models.Model):
    """Wrong codes of link tickets, typed from one network."""

    network = OpaqueTextField(_("network"), primary_key=True)
    count = models.PositiveIntegerField(_("count"), default=0)
    last_at = models.DateTimeField(_("last at"), db_index=True)

    class Meta:
        verbose_name = _("wrong codes")
        verbose_name_plural = _("wrong codes")
        default_permissions = ("view",)

    def __str__(self) -> str:
        return str(self.network)


class LinkEvent(models.Model):
    """The history of links. Rows are only ever added."""

    class Kind(models.TextChoices):
        LINKED = "LINKED", _("linked")
        RENEWED = "RENEWED", _("reauthorized")
        UNLINKED = "UNLINKED", _("unlinked")
        DISCONNECTED = "DISCONNECTED", _("disconnected by the platform")
        WAIVED = "WAIVED", _("waiting time lifted")

    kind = models.TextField(_("event"), choices=Kind)
    account = models.ForeignKey(
        PlatformAccount,
        on_delete=models.PROTECT,
        related_name="link_events",
        verbose_name=_("account"),
    )
    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, related_name="link_events", verbose_name=_("player")
    )
    actor = models.TextField(
        _("actor"), help_text=_("“player”, “platform” or the name of a staff member.")
    )
    at = models.DateTimeField(_("at"))
    # The ticket that the link was made with.
    ticket = models.ForeignKey(
        LinkTicket,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="link_events",
        verbose_name=_("link ticket"),
    )
    # Whether a message to game servers was made of it, if any wanted one.
    is_announced = models.BooleanField(default=False, db_default=False, editable=False)

    class Meta:
        verbose_name = _("link event")
        verbose_name_plural = _("link events")
        # For the rare kinds: without it, listing them scans all LINKED events.
        indexes = [
            models.Index(
                name="link_events_but_links", fields=["kind", "id"], condition=~Q(kind="LINKED")
            ),
            models.Index(
                name="link_events_to_announce", fields=["id"], condition=Q(is_announced=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.kind} {self.player_id}"


class Purpose(models.TextChoices):
    """An owner's permission: for linking a player, or for a partner streamer's channel."""

    PLAYER = "player", _("player")
    CHANNEL = "channel", _("channel")


class AuthorizationQuerySet(models.QuerySet["Authorization"]):
    def refused(self) -> Self:
        """Those whose refresh the platform refuses, but that don't count as ended yet."""
        return self.filter(refused_since__isnull=False, disconnected_at=None)


class Authorization(models.Model):
    """What the owner of an account allowed us: their encrypted tokens, for one purpose."""

    account = models.ForeignKey(
        PlatformAccount,
        on_delete=models.PROTECT,
        db_index=False,  # as above
        related_name="authorizations",
    )
    purpose = models.TextField(_("purpose"), choices=Purpose, default=Purpose.PLAYER)
    encrypted_refresh_token = models.BinaryField()
    # Only asks the platform whether it still accepts us. Empty once it's of no more use.
    encrypted_access_token = models.BinaryField(default=b"")
    access_expires_at = models.DateTimeField(_("access token expires at"), null=True, blank=True)
    scope = models.TextField(_("scope"))
    # When the owner allowed it. Platforms may end authorizations by this age.
    authorized_at = models.DateTimeField(_("authorized at"))
    # Also tells this token from the next: each token has a different time.
    obtained_at = models.DateTimeField(_("obtained at"))
    # When to exchange the token for a new one. During an exchange: when to presume its worker
    # dead.
    next_refresh_at = models.DateTimeField(_("next refresh at"), null=True, blank=True)
    failed_refreshes = models.PositiveIntegerField(_("failed refreshes"), default=0)
    # The first of the platform's refusals in a row to refresh it.
    refused_since = models.DateTimeField(_("refused since"), null=True, blank=True)
    # When the platform had refused it for long enough: the owner has to authorize us again.
    disconnected_at = models.DateTimeField(_("disconnected at"), null=True, blank=True)
    # When a player's page last asked about it, and when the platform last confirmed it.
    checked_at = models.DateTimeField(_("checked at"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)

    objects = AuthorizationQuerySet.as_manager()

    class Meta:
        verbose_name = _("authorization")
        verbose_name_plural = _("authorizations")
        constraints = [
            models.UniqueConstraint(
                name="one_authorization_per_purpose", fields=["account", "purpose"]
            ),
            models.CheckConstraint(
                name="authorization_is_refreshed_or_disconnected",
                condition=Q(next_refresh_at__isnull=True, disconnected_at__isnull=False)
                | Q(next_refresh_at__isnull=False, disconnected_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(name="authorizations_to_refresh", fields=["next_refresh_at"]),
            models.Index(
                name="authorizations_refused",
                fields=["account"],
                condition=Q(refused_since__isnull=False),
            ),
            models.Index(
                name="authorizations_disconnected",
                fields=["account"],
                condition=Q(disconnected_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"authorization of {self.account_id}"


class Deauthorization(models.Model):
    """An authorization to end at its platform. Outlives the link; retried until it's answered."""

    class Outcome(models.TextChoices):
        PENDING = "PENDING", _("pending")
        REVOKED = "REVOKED", _("revoked at the platform")
        OVERTAKEN = "OVERTAKEN", _("not needed: linked again")

    account = models.ForeignKey(
        PlatformAccount,
        on_delete=models.PROTECT,
        related_name="deauthorizations",
        verbose_name=_("account"),
    )
    # Emptied as soon as it's no longer needed.
    encrypted_refresh_token = models.BinaryField()
    outcome = models.TextField(_("outcome"), choices=Outcome, default=Outcome.PENDING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    created_at = models.DateTimeField(_("created at"))
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    # Set while a worker is calling the platform, so that the account can't be linked meanwhile.
    sending_since = models.DateTimeField(_("sending since"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("deauthorization")
        verbose_name_plural = _("deauthorizations")
        constraints = [
            models.CheckConstraint(
                name="deauthorization_is_due_or_ended",
                condition=Q(outcome="PENDING", next_attempt_at__isnull=False, ended_at__isnull=True)
                | (~Q(outcome="PENDING") & Q(next_attempt_at__isnull=True, ended_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="deauthorization_is_sent_only_while_pending",
                condition=Q(outcome="PENDING") | Q(sending_since__isnull=True),
            ),
        ]
        indexes = [
            models.Index(
                name="deauthorizations_due",
                fields=["next_attempt_at"],
                condition=Q(outcome="PENDING"),
            ),
            models.Index(
                name="deauthorizations_but_revoked",
                fields=["outcome", "id"],
                condition=~Q(outcome="REVOKED"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} {self.outcome}"


class LinkAttempt(models.Model):
    """An OAuth redirect to a platform and back. Deleting the row uses up its `state`.

    A player's attempt can't be finished as a streamer's, or the other way round.
    """

    state_digest = OpaqueTextField(primary_key=True)
    session_digest = OpaqueTextField()
    platform = models.TextField(_("platform"))
    purpose = models.TextField(_("purpose"), choices=Purpose, default=Purpose.PLAYER)
    # None for a streamer who connects a channel.
    player = models.ForeignKey(
        Player, on_delete=models.CASCADE, null=True, related_name="link_attempts"
    )
    encrypted_verifier = models.BinaryField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = _("link attempt")
        verbose_name_plural = _("link attempts")
        constraints = [
            models.CheckConstraint(
                name="link_attempt_has_a_player_or_is_for_a_channel",
                condition=Q(purpose="player", player__isnull=False)
                | Q(purpose="channel", player__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"link attempt of {f'player {self.player_id}' if self.player_id else 'a channel'}"
