"""A platform with channel points in memory, which does the worst that its docs don't exclude."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from accounts.channels import connect_channel
from accounts.links import NewAuthorization
from accounts.models import PlatformAccount, Player
from accounts.platform_login import PlatformTokens
from claims.channel_rewards import keep_rewards
from claims.models import ChannelReward, Offer, Redemption
from claims.redemptions import settle_redemptions
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
from core.leases import lease
from core.platform_errors import PlatformRefused, PlatformUnavailable
from tests.claims.make_offers import NOW, make_offer
from tests.hand_clock import HandClock

NAME = "kick_channel_rewards"
REDEMPTION = f"{NAME}:redemption"
CHANNEL, VIEWER = "kick:1", "kick:7"
TOKEN = "access"

Status = RedemptionStatus


@dataclass
class PointsPlatform(ChannelRewardSource):
    """`lose_answers`: that many answers get lost after they had their effect."""

    rewards: dict[str, ListedReward] = field(default_factory=dict)
    redemptions: dict[str, ListedRedemption] = field(default_factory=dict)
    foreign: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    failures: dict[str, Unanswered] = field(default_factory=dict)
    lose_answers: int = 0
    before_answer: Callable[[], None] = lambda: None
    shows_pending: bool = True

    name = NAME
    platform = "kick"
    triggers = (Trigger(NAME, "redemption", "Redeem", "points", is_paid=True),)
    batch_size = 25

    def redeem(
        self,
        number: int = 1,
        *,
        account: str = VIEWER,
        reward: str = "",
        status: Status = Status.PENDING,
        at: datetime = NOW,
        is_manageable: bool = True,
    ) -> str:
        redemption_id = f"01REDEMPTION{number:06}"
        self.redemptions[redemption_id] = ListedRedemption(
            redemption_id=redemption_id,
            reward_id=reward or next(iter(self.rewards)),
            account=account,
            status=status,
            redeemed_at=at,
            is_manageable=is_manageable,
        )
        return redemption_id

    def answer_by_hand(self, redemption_id: str, status: Status) -> None:
        self.redemptions[redemption_id] = replace(self.redemptions[redemption_id], status=status)

    def statuses(self) -> list[str]:
        return [one.status for one in self.redemptions.values()]

    # --- What the product calls -------------------------------------------------------------

    def list_rewards(self, access_token: str) -> list[ListedReward]:
        self._note("list", access_token)
        return list(self.rewards.values())

    def create_reward(self, access_token: str, look: RewardLook) -> str:
        self._note("create", access_token)
        reward_id = f"01REWARD{len(self.rewards):06}"
        self.rewards[reward_id] = ListedReward(reward_id, look)
        self._may_lose_answer()
        return reward_id

    def change_reward(self, access_token: str, reward_id: str, look: RewardLook) -> None:
        self._note("change", access_token)
        if reward_id in self.foreign or reward_id not in self.rewards:
            raise PlatformRefused("Not your reward.", status=403)
        self.rewards[reward_id] = ListedReward(reward_id, look)

    def delete_reward(self, access_token: str, reward_id: str) -> None:
        self._note("delete", access_token)
        del self.rewards[reward_id]

    def list_redemptions(
        self, access_token: str, reward_id: str, status: Status, *, cursor: str = ""
    ) -> Iterator[RedemptionPage]:
        """Pages of ten. The oldest redemption first."""
        self._note(f"list {status}", access_token)
        mine = [one for one in self.redemptions.values() if one.reward_id == reward_id]
        found = [one for one in mine if one.status == status]
        if status == Status.PENDING and not self.shows_pending:
            found = []
        for start in range(int(cursor or 0), max(len(found), 1), 10):
            is_last = start + 10 >= len(found)
            yield RedemptionPage(found[start : start + 10], "" if is_last else str(start + 10))

    def read_redemptions(
        self, access_token: str, redemption_ids: Sequence[str]
    ) -> list[ListedRedemption]:
        self._note("read", access_token)
        assert 0 < len(redemption_ids) <= self.batch_size
        return [self.redemptions[one] for one in redemption_ids if one in self.redemptions]

    def answer(
        self, access_token: str, redemption_ids: Sequence[str], *, accept: bool
    ) -> dict[str, Unanswered]:
        self._note("accept" if accept else "reject", access_token)
        assert 0 < len(set(redemption_ids)) == len(redemption_ids) <= self.batch_size
        self.before_answer()
        failed = {}
        for one in redemption_ids:
            if one in self.failures:
                failed[one] = self.failures[one]
            elif self.redemptions[one].status != Status.PENDING:
                failed[one] = Unanswered.NOT_PENDING
            else:
                self.answer_by_hand(one, Status.ACCEPTED if accept else Status.REJECTED)
        self._may_lose_answer()
        return failed

    def _note(self, call: str, access_token: str) -> None:
        assert access_token == TOKEN
        self.calls.append(call)

    def _may_lose_answer(self) -> None:
        if self.lose_answers:
            self.lose_answers -= 1
            raise PlatformUnavailable("The answer got lost.")


def connect(channel: str = CHANNEL, *, now: datetime = NOW) -> None:
    tokens = PlatformTokens(TOKEN, "refresh", scope="", expires_in=86400)
    connect_channel(
        account_key=channel,
        name="streamer",
        authorization=NewAuthorization(tokens, checked_at=now),
        now=now,
    )


def make_points_offer(**fields: object) -> Offer:
    return make_offer(**{"trigger": REDEMPTION, "at_least": 1, "cost": 1000} | fields)


def link(player: Player, account: str = VIEWER) -> None:
    accounts = PlatformAccount.objects.filter(pk=account)
    if not accounts.update(player=player, linked_at=NOW):
        PlatformAccount.objects.create(key=account, player=player, linked_at=NOW, first_seen_at=NOW)


def keep(platform: PointsPlatform, *, after: timedelta = timedelta(0)) -> int:
    clock = HandClock(NOW + after)
    with lease("keep", clock=clock, is_urgent=True) as held:
        assert held
        return keep_rewards(source=platform, clock=clock, held=held)


def settle(
    platform: PointsPlatform, *, after: timedelta = timedelta(0), has_token: bool = True
) -> int:
    """Settle, at this time after the start. An unavailable platform ends the run, as in the job."""
    clock = HandClock(NOW + after)
    if has_token:
        connect(now=clock())
    try:
        with lease("settle", clock=clock, is_urgent=True) as held:
            assert held
            return settle_redemptions(source=platform, clock=clock, held=held)
    except PlatformUnavailable:
        return -1


def states() -> list[tuple[str, str]]:
    """The states of all redemptions, and why they were refused."""
    rows = Redemption.objects.order_by("pk").values_list("state", "use__refusal")
    return [(str(state), str(refusal)) for state, refusal in rows]


def reward_states() -> list[str]:
    return list(ChannelReward.objects.order_by("pk").values_list("state", flat=True))
