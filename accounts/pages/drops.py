"""A player's drops, as the player's page shows them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import PlatformAccount, Player
from accounts.platform_login import platform_label
from claims.models import Claim, Entitlement, Item, OfferUse, Redemption, Reward
from claims.pictures import picture_digests

SHOWN_AT_MOST = 50


class DropState(models.TextChoices):
    READY = "ready", _("Ready – log in to the game")
    DELIVERED = "delivered", _("In your game")
    TAKEN_BACK = "taken-back", _("Withdrawn")
    CONFIRMING = "confirming", _("Checking with Kick – this takes a minute or two")
    PREPARING = "preparing", _("Claimed – the studio is still preparing this reward")
    PAUSED = "paused", _("Claimed – deliveries of this reward are paused right now")
    ARRIVING = "arriving", _("Claimed – on its way to you")
    WAITING = "waiting", _("Earned – arrives after a waiting time")
    POINTS_BACK = "points-back", _("No item – your channel points go back to you")


STATE_OF_ENTITLEMENT = {
    Entitlement.Status.GRANTED: DropState.READY,
    Entitlement.Status.FULFILLED: DropState.DELIVERED,
    Entitlement.Status.REVOKED: DropState.TAKEN_BACK,
}

LABEL_OF_TIME = {
    DropState.READY: _("Arrived"),
    DropState.DELIVERED: _("Delivered"),
    DropState.TAKEN_BACK: _("Withdrawn by the studio"),
    DropState.WAITING: _("Arrives"),
    DropState.POINTS_BACK: _("Redeemed"),
}

STATE_OF_USE = {
    OfferUse.Outcome.WAITING: DropState.WAITING,
    OfferUse.Outcome.OPEN: DropState.CONFIRMING,
    OfferUse.Outcome.REFUSED: DropState.POINTS_BACK,
}

# No entry for NOT_OURS: another organization's claim isn't a drop of this game.
STATE_OF_HELD_CLAIM = {
    Claim.HoldReason.UNCONFIRMED: DropState.CONFIRMING,
    Claim.HoldReason.UNMAPPED_REWARD: DropState.PREPARING,
    Claim.HoldReason.PAUSED: DropState.PAUSED,
    Claim.HoldReason.NOT_LINKED: DropState.ARRIVING,
}


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a drop."""

    label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Drop:
    """One line of the list. `name` is "" while we have no name for the reward.

    `picture` is the digest of the item's picture, or "".
    """

    name: str
    quantity: int
    state: DropState
    at: datetime
    claim_id: str
    steps: list[Step]
    picture: str = ""

    @property
    def at_label(self) -> str:
        """What happened at `at`."""
        return str(LABEL_OF_TIME.get(self.state, _("Claimed")))


def list_player_drops(player: Player) -> list[Drop]:
    """The player's entitlements, and what the accounts they're linked to have claimed or earned.

    The newest 50, in six queries.
    """
    drops = [*_granted(player), *_held(player), *_waiting(player)]
    drops.sort(key=lambda drop: drop.at, reverse=True)
    return drops[:SHOWN_AT_MOST]


def _granted(player: Player) -> Iterable[Drop]:
    mine = Entitlement.objects.filter(player=player).select_related("claim")
    newest = mine.order_by("-granted_at", "-id")
    entitlements = list(newest[:SHOWN_AT_MOST])
    skus = {entitlement.sku for entitlement in entitlements}
    names = dict(Item.objects.filter(sku__in=skus).values_list("sku", "name"))
    pictures = picture_digests(skus)
    for entitlement in entitlements:
        yield Drop(
            name=names.get(entitlement.sku, entitlement.sku),
            quantity=entitlement.quantity,
            state=STATE_OF_ENTITLEMENT[Entitlement.Status(entitlement.status)],
            at=entitlement.fulfilled_at or entitlement.revoked_at or entitlement.granted_at,
            claim_id=entitlement.claim_id,
            steps=_steps(entitlement.claim, entitlement),
            picture=pictures.get(entitlement.sku, ""),
        )


def _held(player: Player) -> Iterable[Drop]:
    held = Claim.objects.held(*STATE_OF_HELD_CLAIM)
    newest = held.filter(account__player=player).order_by("-recorded_at")
    claims = list(newest[:SHOWN_AT_MOST])
    reward_ids = {claim.reward_id for claim in claims}
    names = dict(Reward.objects.filter(pk__in=reward_ids).values_list("pk", "name"))
    for claim in claims:
        yield Drop(
            name=names.get(claim.reward_id, ""),
            quantity=claim.quantity,
            state=STATE_OF_HELD_CLAIM[Claim.HoldReason(claim.hold_reason)],
            at=claim.recorded_at,
            claim_id=claim.pk,
            steps=_steps(claim),
        )


def _waiting(player: Player) -> Iterable[Drop]:
    """Items earned in a channel that come after the offer's delay, and redemptions there.

    Redemptions that were granted are among the entitlements.
    """
    accounts = PlatformAccount.objects.filter(player=player).values("pk")
    uses = OfferUse.objects.filter(account_id__in=accounts)
    uses = uses.filter(
        Q(outcome__in=STATE_OF_USE) & ~Q(outcome=OfferUse.Outcome.REFUSED, redemption=None)
    )
    # Staff have to decide about these.
    uses = uses.exclude(redemption__state=Redemption.State.STUCK)
    newest = uses.select_related("offer__reward", "channel").order_by("-occurred_at", "pk")
    for use in newest[:SHOWN_AT_MOST]:
        earned = gettext("Earned in the channel %(channel)s") % {"channel": use.channel}
        steps = [Step(earned, use.occurred_at)]
        is_waiting = use.outcome == OfferUse.Outcome.WAITING
        if is_waiting:
            steps.append(Step(gettext("Arrives"), use.due_at))
        yield Drop(
            name=str(use.offer),
            quantity=1,
            state=STATE_OF_USE[OfferUse.Outcome(use.outcome)],
            at=use.due_at if is_waiting else use.occurred_at,
            claim_id=use.pk,
            steps=steps,
        )


def _steps(claim: Claim, entitlement: Entitlement | None = None) -> list[Step]:
    """What happened to the drop, oldest first."""
    if claim.account_id:
        platform = {"platform": platform_label(claim.account_id.partition(":")[0])}
        times = [
            (gettext("Claimed on %(platform)s") % platform, claim.occurred_at),
            (gettext("Received from %(platform)s") % platform, claim.received_at),
        ]
    else:
        times = [(gettext("Given by the studio"), claim.received_at)]
    if entitlement:
        times += [
            (gettext("Unlocked in the game"), entitlement.granted_at),
            (gettext("Requested by the game"), entitlement.first_listed_at),
            (gettext("Delivered"), entitlement.fulfilled_at),
            (gettext("Withdrawn by the studio"), entitlement.revoked_at),
        ]
    steps = [Step(label, at) for label, at in times if at]
    return sorted(steps, key=lambda step: step.at)
