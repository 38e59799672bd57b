"""Channel rewards, which viewers redeem with channel points, and what becomes of redemptions."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from claims.models.offers import Channel, Offer, OfferUse
from core.fields import OpaqueTextField


class ChannelReward(models.Model):
    """An offer's reward in one channel, on the platform. See `claims.channel_rewards`."""

    class State(models.TextChoices):
        WANTED = "WANTED", _("to be made")
        LIVE = "LIVE", _("on the platform")
        DELETED = "DELETED", _("deleted by the streamer")
        FOREIGN = "FOREIGN", _("made by another app")
        ENDED = "ENDED", _("taken down")

    offer = models.ForeignKey(
        Offer, on_delete=models.PROTECT, db_index=False, related_name="channel_rewards"
    )
    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, db_index=False, related_name="rewards"
    )
    state = models.TextField(_("state"), choices=State, default=State.WANTED)
    # The platform's. Blank until the reward is made.
    external_id = OpaqueTextField(_("ID on the platform"), blank=True, default="")
    is_paused = models.BooleanField(_("paused"), default=False)
    # The streamer's pause stays until the streamer ends it.
    is_paused_by_hand = models.BooleanField(_("paused by the streamer"), default=False)
    # A fingerprint of the look that was last sent. A changed offer has another.
    look = models.TextField(blank=True, default="", editable=False)
    # When the streamer last let redemptions skip the queue. Then points can't be given back.
    skipped_queue_at = models.DateTimeField(_("queue skipped at"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True, default="")
    # When the reward was last compared with the platform's, and its redemptions were last listed.
    checked_at = models.DateTimeField(_("last checked at"), null=True, blank=True)
    listed_at = models.DateTimeField(_("redemptions listed at"), null=True, blank=True)
    # When all accepted redemptions were last listed, and how far the list was read since.
    swept_at = models.DateTimeField(_("accepted ones listed at"), null=True, blank=True)
    sweep_cursor = models.TextField(blank=True, default="", editable=False)

    class Meta:
        verbose_name = _("channel reward")
        verbose_name_plural = _("channel rewards")
        constraints = [
            models.UniqueConstraint(
                name="channel_reward_once_per_offer", fields=["channel", "offer"]
            ),
            models.UniqueConstraint(
                name="channel_reward_external_id",
                fields=["external_id"],
                condition=~Q(external_id=""),
            ),
            models.CheckConstraint(
                name="channel_reward_live_goes_with_its_id",
                condition=~Q(state="LIVE") | ~Q(external_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer} ({self.channel})"


class ChannelBan(models.Model):
    """A viewer whom a channel has banned. Its redemptions are refused, nothing else is.

    Platforms don't say when a ban is lifted: staff can delete it. `expires_at` is None for ever.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="bans")
    account_id = OpaqueTextField(_("account ID"))
    banned_at = models.DateTimeField(_("banned at"))
    expires_at = models.DateTimeField(_("expires at"), null=True, blank=True)

    class Meta:
        verbose_name = _("ban")
        verbose_name_plural = _("bans")
        constraints = [
            models.UniqueConstraint(name="one_ban_per_viewer", fields=["channel", "account_id"])
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.channel_id}"


class RedemptionQuerySet(models.QuerySet["Redemption"]):
    def open(self) -> Self:
        """Those without a final answer at the platform."""
        return self.filter(next_attempt_at__isnull=False)


class Redemption(models.Model):
    """A use of an offer that a viewer paid for with channel points, until its platform is answered.

    The state is the intent, written before the platform is called. See `claims.redemptions`.
    """

    class State(models.TextChoices):
        UNCONFIRMED = "UNCONFIRMED", _("not yet confirmed by the platform")
        OPEN = "OPEN", _("waits for the viewer")
        ACCEPTING = "ACCEPTING", _("granted, to be accepted")
        REJECTING = "REJECTING", _("refused, to be rejected")
        ACCEPTED = "ACCEPTED", _("accepted")
        REJECTED = "REJECTED", _("rejected, points given back")
        STUCK = "STUCK", _("needs a decision")

    ENDED = (State.ACCEPTED, State.REJECTED, State.STUCK)

    use = models.OneToOneField(
        OfferUse, on_delete=models.PROTECT, primary_key=True, related_name="redemption"
    )
    redemption_id = OpaqueTextField(_("ID on the platform"), unique=True)
    reward = models.ForeignKey(ChannelReward, on_delete=models.PROTECT, related_name="redemptions")
    state = models.TextField(_("state"), choices=State, default=State.UNCONFIRMED)
    # How often an answer was sent. After the first time, its effect is read before the next.
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("due at"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True, default="")
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects = RedemptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("redemption")
        verbose_name_plural = _("redemptions")
        constraints = [
            models.CheckConstraint(
                name="redemption_is_due_or_ended",
                condition=Q(
                    state__in=["ACCEPTED", "REJECTED", "STUCK"],
                    next_attempt_at__isnull=True,
                    ended_at__isnull=False,
                )
                | Q(
                    state__in=["UNCONFIRMED", "OPEN", "ACCEPTING", "REJECTING"],
                    next_attempt_at__isnull=False,
                    ended_at__isnull=True,
                ),
            )
        ]
        indexes = [
            models.Index(
                name="redemptions_due",
                fields=["next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
            ),
            models.Index(
                name="redemptions_stuck", fields=["-ended_at"], condition=Q(state="STUCK")
            ),
        ]

    def __str__(self) -> str:
        return str(self.redemption_id)
