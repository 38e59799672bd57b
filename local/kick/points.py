"""Channel points: viewers redeem rewards, and apps or the streamer accept or reject.

Redeeming takes the points, rejecting gives them back, accepting is final. Each change is sent as an
event to all who have subscribed, whoever made it.
"""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F

from platforms.kick.protocol import events as types

from .events import Happening, lean, send
from .models import App, Balance, ChannelReward, EventDelivery, Redemption, Viewer
from .refusals import Missing, Refused
from .ulid import new_ulid

STREAMER = "the streamer"


def balance_of(viewer: Viewer, broadcaster: Viewer) -> int:
    balance, _ = Balance.objects.get_or_create(viewer=viewer, broadcaster=broadcaster)
    return balance.points


def find_reward(reward_id: str) -> ChannelReward:
    reward = ChannelReward.objects.select_related("broadcaster").filter(pk=reward_id).first()
    if reward is None:
        raise Missing(f"Reward {reward_id!r} not found.")
    return reward


def redeem(
    reward: ChannelReward, viewer: Viewer, *, user_input: str = "", now: datetime
) -> tuple[Redemption, list[EventDelivery]]:
    """Take the points and tell all who have subscribed."""
    if reward.deleted_at or reward.is_paused or not reward.is_enabled:
        raise Refused(f"“{reward.title}” can't be redeemed now: it's paused, switched off or gone.")
    if reward.is_user_input_required and not user_input:
        raise Refused("This reward asks for a text.")
    balance_of(viewer, reward.broadcaster)
    skips = reward.should_redemptions_skip_request_queue
    with transaction.atomic():
        enough = Balance.objects.filter(
            viewer=viewer, broadcaster=reward.broadcaster, points__gte=reward.cost
        )
        if not enough.update(points=F("points") - reward.cost):
            raise Refused(f"{viewer.name} hasn't {reward.cost} points.")
        redemption = Redemption.objects.create(
            redemption_id=new_ulid(now=now),
            reward=reward,
            redeemer=viewer,
            user_input=user_input,
            points=reward.cost,
            status=Redemption.Status.ACCEPTED if skips else Redemption.Status.PENDING,
            redeemed_at=now,
            answered_by="the skipped queue" if skips else "",
        )
    return redemption, send(_happening(redemption), now=now)


def answer(
    redemption_id: str, *, accept: bool, app: App | None, broadcaster: Viewer, now: datetime
) -> str:
    """Accept or reject. Returns "", or the reason why not. `app` is None for the streamer."""
    found = Redemption.objects.select_related("reward__broadcaster", "redeemer")
    redemption = found.filter(pk=redemption_id).first()
    if redemption is None or redemption.reward.broadcaster != broadcaster:
        return "NOT_FOUND"
    if app is not None and redemption.reward.app != app:
        return "NOT_OWNED"
    status = Redemption.Status.ACCEPTED if accept else Redemption.Status.REJECTED
    with transaction.atomic():
        pending = Redemption.objects.filter(pk=redemption_id, status=Redemption.Status.PENDING)
        if not pending.update(status=status, answered_by=app.name if app else STREAMER):
            return "NOT_PENDING"
        if not accept:
            Balance.objects.filter(viewer=redemption.redeemer, broadcaster=broadcaster).update(
                points=F("points") + redemption.points
            )
    redemption.status = status
    send(_happening(redemption), now=now)
    return ""


def delete_reward(reward: ChannelReward, *, now: datetime) -> None:
    """What is pending stays pending, and the points stay taken: Kick's docs don't say otherwise."""
    ChannelReward.objects.filter(pk=reward.pk, deleted_at=None).update(deleted_at=now)


def _happening(redemption: Redemption) -> Happening:
    reward = redemption.reward
    body: dict[str, Any] = {
        "id": redemption.pk,
        "user_input": redemption.user_input,
        "status": redemption.status,
        "redeemed_at": redemption.redeemed_at.isoformat(timespec="milliseconds").replace(
            "+00:00", "Z"
        ),
        "reward": {
            "id": reward.pk,
            "title": reward.title,
            "cost": reward.cost,
            "description": reward.description,
        },
        "redeemer": lean(redemption.redeemer),
        "broadcaster": lean(reward.broadcaster),
    }
    return Happening(types.REDEMPTION, reward.broadcaster, body)
