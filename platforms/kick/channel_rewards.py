"""The source `kick_channel_rewards`: items that viewers buy with a channel's points.

Trust: an event is only a hint. A redemption counts once Kick's API shows it, read with the token of
the channel's owner. So a copy of an event can do nothing.

Not lossy: the pending redemptions of our rewards are listed every minute.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import account_key
from claims.redemptions import Hint
from claims.source import (
    ChannelRewardSource,
    ListedRedemption,
    ListedReward,
    RedemptionPage,
    RedemptionStatus,
    RewardLook,
    Trigger,
    Unanswered,
)
from platforms.kick.errors import platform_errors
from platforms.kick.protocol import channel_rewards as protocol
from platforms.kick.protocol.events import Redemption

PLATFORM = "kick"
NAME = "kick_channel_rewards"

REDEMPTION = Trigger(
    NAME, "redemption", _("Redeem a channel reward"), _("channel points"), is_paid=True
)


class KickChannelRewards(ChannelRewardSource):
    name = NAME
    platform = PLATFORM
    label = _("Kick channel rewards")
    trusts_deliveries = True
    triggers = (REDEMPTION,)
    batch_size = protocol.MAX_IDS

    def __init__(self, api: Callable[[], protocol.ChannelRewardsApi]) -> None:
        """`api` returns the client of this process."""
        self._api = api

    def list_rewards(self, access_token: str) -> list[ListedReward]:
        with platform_errors():
            rewards = self._api().rewards(access_token)
        return [
            ListedReward(
                reward_id=one.reward_id,
                look=RewardLook(
                    title=one.title,
                    cost=one.cost,
                    description=one.description,
                    color=one.background_color,
                    asks_for_text=one.is_user_input_required,
                    is_paused=one.is_paused or not one.is_enabled,
                ),
                skips_queue=one.skips_queue,
            )
            for one in rewards
        ]

    def create_reward(self, access_token: str, look: RewardLook) -> str:
        fields = _fields(look)
        del fields["is_paused"]  # only a change may set it
        with platform_errors():
            return self._api().create(access_token, fields).reward_id

    def change_reward(self, access_token: str, reward_id: str, look: RewardLook) -> None:
        with platform_errors():
            self._api().change(access_token, reward_id, _fields(look))

    def delete_reward(self, access_token: str, reward_id: str) -> None:
        with platform_errors():
            self._api().delete(access_token, reward_id)

    def list_redemptions(
        self, access_token: str, reward_id: str, status: RedemptionStatus, *, cursor: str = ""
    ) -> Iterator[RedemptionPage]:
        with platform_errors():
            for page in self._api().iter_redemptions(
                access_token, reward_id, status=status, cursor=cursor
            ):
                yield RedemptionPage([_listed(one) for one in page.redemptions], page.cursor)

    def read_redemptions(
        self, access_token: str, redemption_ids: Sequence[str]
    ) -> list[ListedRedemption]:
        with platform_errors():
            found = self._api().redemptions(access_token, redemption_ids)
        return [_listed(one) for one in found]

    def answer(
        self, access_token: str, redemption_ids: Sequence[str], *, accept: bool
    ) -> dict[str, Unanswered]:
        with platform_errors():
            failed = self._api().answer(access_token, redemption_ids, accept=accept)
        return {one: Unanswered(reason) for one, reason in failed.items()}


def hint_of(event: Redemption, *, message_id: str) -> Hint:
    """What an event says of a redemption."""
    return Hint(
        redemption_id=event.redemption_id,
        reward_id=event.reward_id,
        account=account_key(PLATFORM, event.redeemer.user_id),
        channel_id=account_key(PLATFORM, event.broadcaster.user_id),
        status=RedemptionStatus(event.status),
        redeemed_at=event.redeemed_at,
        message_id=message_id,
        name=event.redeemer.username,
    )


def _fields(look: RewardLook) -> dict[str, Any]:
    """Kick's fields. The queue stays on: without it, points can't be given back."""
    return {
        "title": look.title[: protocol.MAX_TITLE],
        "cost": look.cost,
        "description": look.description[: protocol.MAX_DESCRIPTION],
        "background_color": look.color,
        "is_enabled": True,
        "is_paused": look.is_paused,
        "is_user_input_required": look.asks_for_text,
        "should_redemptions_skip_request_queue": False,
    }


def _listed(one: protocol.Redemption) -> ListedRedemption:
    return ListedRedemption(
        redemption_id=one.redemption_id,
        reward_id=one.reward_id,
        account=account_key(PLATFORM, one.user_id),
        status=RedemptionStatus(one.status),
        redeemed_at=one.redeemed_at,
        is_manageable=one.can_manage,
    )
