"""Offers: what viewers do in a partner channel, such as gifting subscriptions, earns a reward."""

from datetime import datetime
from typing import Self

from django.core.validators import (
    MaxLengthValidator,
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
)
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims.models.catalogue import Reward
from claims.source import trigger_choices
from core.fields import OpaqueTextField

DESCRIPTION_MAX_LENGTH = 200


class Channel(models.Model):
    """A partner streamer's channel. `channel_id` is the key of its owner's account."""

    channel_id = OpaqueTextField(_("channel ID"), primary_key=True)
    name = models.TextField(_("name"), blank=True)
    is_active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("In a channel that isn't active, viewers earn nothing from offers."),
    )
    added_at = models.DateTimeField(_("added at"))
    # As its platform shows it, asked once a day. Zero subscribers: none, or unknown.
    subscribers = models.PositiveIntegerField(_("subscribers"), default=0)
    language = models.TextField(_("language"), blank=True, default="")
    category = models.TextField(_("category"), blank=True, default="")
    facts_checked_at = models.DateTimeField(_("facts checked at"), null=True, blank=True)
    # Since when the platform doesn't show it any more: renamed, banned or deleted.
    missing_since = models.DateTimeField(_("missing since"), null=True, blank=True)
    # When its platform was last asked whether it's on air. None: ask at once.
    streams_checked_at = models.DateTimeField(_("stream checked at"), null=True, blank=True)
    # When its owner asked to disconnect it. Open redemptions are refused, then it's forgotten.
    leaving_at = models.DateTimeField(_("leaving since"), null=True, blank=True)

    class Meta:
        verbose_name = _("partner channel")
        verbose_name_plural = _("partner channels")

    def __str__(self) -> str:
        return self.name or self.channel_id


class OfferQuerySet(models.QuerySet["Offer"]):
    def not_over(self, *, now: datetime) -> Self:
        """Offers that run or are still to come."""
        return self.filter(Q(ends_at=None) | Q(ends_at__gt=now))


class Offer(models.Model):
    """A reward for something that viewers do in partner channels. A limit of None is no limit."""

    reward = models.OneToOneField(
        Reward, on_delete=models.PROTECT, primary_key=True, related_name="offer"
    )
    # `source:name`, as in `claims.source.Trigger`.
    trigger = models.TextField(_("earned by"), choices=trigger_choices)
    at_least = models.PositiveIntegerField(
        _("at least"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("The smallest amount in one event that earns the item."),
    )
    tier = models.TextField(
        _("tier"),
        blank=True,
        default="",
        help_text=_("Only gifts of this tier of the platform, such as MID. Empty: all tiers."),
    )
    channels = models.ManyToManyField(
        Channel,
        blank=True,
        related_name="offers",
        verbose_name=_("channels"),
        help_text=_("Leave empty for all partner channels."),
    )
    starts_at = models.DateTimeField(_("starts at"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    delay_hours = models.PositiveSmallIntegerField(
        _("delay (hours)"),
        default=0,
        help_text=_("How long to wait before the item is given. Payments can fail in this time."),
    )
    limit_per_player = models.PositiveIntegerField(_("limit per viewer"), null=True, blank=True)
    limit_per_player_a_day = models.PositiveIntegerField(
        _("limit per viewer and day"), null=True, blank=True
    )
    limit_per_channel_a_day = models.PositiveIntegerField(
        _("limit per channel and day"), null=True, blank=True
    )
    limit_in_all = models.PositiveIntegerField(_("limit in all"), null=True, blank=True)
    # Only for what viewers pay for with channel points: see `claims.source.Trigger.is_paid`.
    cost = models.PositiveIntegerField(
        _("cost"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("In channel points."),
    )
    description = models.TextField(
        _("description"),
        blank=True,
        default="",
        validators=[MaxLengthValidator(DESCRIPTION_MAX_LENGTH)],
        help_text=_("Viewers read it on the platform, at most 200 characters."),
    )
    color = models.TextField(
        _("color"),
        default="#00e701",
        validators=[RegexValidator(r"^#[0-9a-fA-F]{6}\Z", _("Enter a color such as #00e701."))],
    )
    asks_for_text = models.BooleanField(
        _("asks for a text"),
        default=False,
        help_text=_("Viewers write something when they redeem it. The streamer reads it."),
    )
    hours_to_link = models.PositiveSmallIntegerField(
        _("time to link (hours)"),
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(24 * 14)],
        help_text=_("A viewer who hasn't linked an account by then gets the points back."),
    )
    created_at = models.DateTimeField(_("created at"))

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints = [
            models.CheckConstraint(
                name="offer_ends_after_it_starts",
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("The offer ends before it starts."),
            ),
            models.CheckConstraint(name="offer_at_least_one", condition=Q(at_least__gte=1)),
        ]

    def __str__(self) -> str:
        return str(self.reward)

    # Like a CampaignReward, an offer can be granted by hand. It has no campaign.
    @property
    def campaign(self) -> None:
        return None

    @property
    def campaign_id(self) -> None:
        return None

    def is_open_at(self, moment: datetime) -> bool:
        """Whether it had started and hadn't ended at this time."""
        return (self.starts_at is None or self.starts_at <= moment) and (
            self.ends_at is None or moment < self.ends_at
        )

    @property
    def has_limits(self) -> bool:
        return any(
            limit is not None
            for limit in (
                self.limit_per_player,
                self.limit_per_player_a_day,
                self.limit_per_channel_a_day,
                self.limit_in_all,
            )
        )


class OfferUse(models.Model):
    """Someone has earned an offer's reward. After a delay or a decision it's a claim, or refused.

    Written once per event, offer and account, under the ID that its claim gets.
    """

    class Outcome(models.TextChoices):
        # For its delay.
        WAITING = "WAITING", _("waiting")
        # For a decision about its redemption.
        OPEN = "OPEN", _("redeemed, not decided")
        CLAIMED = "CLAIMED", _("claimed")
        REFUSED = "REFUSED", _("refused")

    class Refusal(models.TextChoices):
        """Why there is no item. All but the limits are for redemptions only."""

        PER_PLAYER = "PER_PLAYER", _("limit per viewer")
        PER_PLAYER_A_DAY = "PER_PLAYER_A_DAY", _("limit per viewer and day")
        PER_CHANNEL_A_DAY = "PER_CHANNEL_A_DAY", _("limit per channel and day")
        IN_ALL = "IN_ALL", _("limit in all")
        NOT_LINKED = "NOT_LINKED", _("not linked in time")
        NOT_RUNNING = "NOT_RUNNING", _("the offer wasn't running")
        CHANNEL_LEFT = "CHANNEL_LEFT", _("the channel doesn't take part")
        OWN_CHANNEL = "OWN_CHANNEL", _("the viewer owns the channel")
        BANNED = "BANNED", _("banned from the channel")
        NO_ITEM = "NO_ITEM", _("the offer gives no item")
        PAUSED = "PAUSED", _("paused by staff for too long")
        BY_STREAMER = "BY_STREAMER", _("refunded by the streamer")
        UNKNOWN = "UNKNOWN", _("unknown to the platform")

    LIMITS = (
        Refusal.PER_PLAYER,
        Refusal.PER_PLAYER_A_DAY,
        Refusal.PER_CHANNEL_A_DAY,
        Refusal.IN_ALL,
    )

    claim_id = OpaqueTextField(_("claim ID"), primary_key=True)
    offer = models.ForeignKey(Offer, on_delete=models.PROTECT, db_index=False, related_name="uses")
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, db_index=False, related_name="uses"
    )
    account_id = OpaqueTextField(_("account ID"), db_index=True)
    amount = models.PositiveIntegerField(_("amount"))
    message_id = OpaqueTextField(_("message ID"))
    occurred_at = models.DateTimeField(_("occurred at"))
    received_at = models.DateTimeField(_("received at"))
    due_at = models.DateTimeField(_("due at"))
    outcome = models.TextField(_("outcome"), choices=Outcome, default=Outcome.WAITING)
    refusal = models.TextField(_("refused because"), choices=Refusal, blank=True, default="")

    class Meta:
        verbose_name = _("use of an offer")
        verbose_name_plural = _("uses of offers")
        constraints = [
            models.CheckConstraint(
                name="offer_use_refused_goes_with_reason",
                condition=Q(outcome="REFUSED") & ~Q(refusal="")
                | ~Q(outcome="REFUSED") & Q(refusal=""),
            )
        ]
        indexes = [
            models.Index(
                name="offer_uses_due", fields=["due_at", "claim_id"], condition=Q(outcome="WAITING")
            ),
            models.Index(
                name="offer_uses_counted",
                fields=["offer", "account_id", "occurred_at"],
                condition=Q(outcome="CLAIMED"),
            ),
            models.Index(
                name="offer_uses_of_channel",
                fields=["channel", "offer", "occurred_at"],
                condition=Q(outcome="CLAIMED"),
            ),
        ]

    def __str__(self) -> str:
        return str(self.claim_id)
