"""Control calls for channels: redeem, and act as the streamer."""

from typing import Any

from django.http import HttpRequest

from .. import clock
from ..json_fields import read_fields
from ..models import Balance, ChannelReward, Redemption
from ..points import answer, delete_reward, find_reward, redeem
from ..refusals import Missing, Refused
from ..registry import find_viewer
from ..streams import end_stream, go_live
from .endpoint import Answer
from .events import describe_delivery


def post_streams(request: HttpRequest) -> Answer:
    """Go live in a category, or change to it."""
    fields = read_fields(request.body, known="channel category")
    broadcaster = find_viewer(fields.integer("channel"))
    deliveries = go_live(broadcaster, category=fields.text("category"), now=clock.now())
    return {"deliveries": [describe_delivery(one) for one in deliveries]}


def delete_streams(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known="channel")
    deliveries = end_stream(find_viewer(fields.integer("channel")), now=clock.now())
    return {"deliveries": [describe_delivery(one) for one in deliveries]}


def get_rewards(_request: HttpRequest) -> Answer:
    rows = ChannelReward.objects.order_by("pk")
    return {"rewards": [_describe_reward(one) for one in rows]}


def patch_rewards(request: HttpRequest) -> Answer:
    """As the streamer, by hand: `skip_queue` true or false, or `delete`."""
    fields = read_fields(request.body, known="reward skip_queue delete")
    reward = find_reward(fields.text("reward"))
    if fields.values.get("delete") is True:
        delete_reward(reward, now=clock.now())
    if isinstance(skips := fields.values.get("skip_queue"), bool):
        reward.should_redemptions_skip_request_queue = skips
        reward.save(update_fields=["should_redemptions_skip_request_queue"])
    return _describe_reward(find_reward(reward.pk))


def post_redemptions(request: HttpRequest) -> Answer:
    """A viewer redeems a reward."""
    fields = read_fields(request.body, known="reward user_id text")
    reward, viewer = find_reward(fields.text("reward")), find_viewer(fields.integer("user_id"))
    text = str(fields.values.get("text", ""))
    redemption, deliveries = redeem(reward, viewer, user_input=text, now=clock.now())
    return {
        "redemption": redemption.pk,
        "status": redemption.status,
        "deliveries": [describe_delivery(one) for one in deliveries],
    }


def patch_redemptions(request: HttpRequest) -> Answer:
    """The streamer accepts or rejects one by hand."""
    fields = read_fields(request.body, known="redemption accept")
    found = Redemption.objects.filter(pk=fields.text("redemption")).select_related("reward")
    redemption = found.first()
    if redemption is None:
        raise Missing("There is no such redemption.")
    reason = answer(
        redemption.pk,
        accept=fields.values.get("accept") is True,
        app=None,
        broadcaster=redemption.reward.broadcaster,
        now=clock.now(),
    )
    if reason:
        raise Refused(f"Kick answers {reason}.")
    return {"status": found.get().status}


def get_redemptions(_request: HttpRequest) -> Answer:
    """All redemptions, and all balances."""
    rows = Redemption.objects.select_related("reward").order_by("pk")
    return {
        "redemptions": [
            {
                "id": one.pk,
                "reward": one.reward_id,
                "channel": int(one.reward.broadcaster_id),
                "user_id": int(one.redeemer_id),
                "points": one.points,
                "status": one.status,
                "answered_by": one.answered_by,
            }
            for one in rows
        ],
        "balances": [
            {
                "user_id": int(one.viewer_id),
                "channel": int(one.broadcaster_id),
                "points": one.points,
            }
            for one in Balance.objects.order_by("pk")
        ],
    }


def _describe_reward(one: ChannelReward) -> dict[str, Any]:
    return {
        "id": one.pk,
        "channel": int(one.broadcaster_id),
        "client_id": one.app_id,
        "title": one.title,
        "cost": one.cost,
        "is_paused": one.is_paused,
        "skip_queue": one.should_redemptions_skip_request_queue,
        "is_deleted": one.deleted_at is not None,
    }
