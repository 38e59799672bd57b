"""What there is to claim: at Kick, and here. Two organizations, of which one is ours."""

import random
import threading
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from claims.mapping import map_rewards
from claims.models import Campaign, CampaignReward, Item, Reward
from local.demo.environment import CLIENT_ID, CLIENT_SECRET, Environment
from tests.local_kick_process import LocalKick

OURS, THEIRS = "Skyfall Studio", "Rivermouth Games"
SKUS = tuple(f"item-{number}" for number in range(6))
REWARDS_PER_CAMPAIGN = 6
# Of our three campaigns the last one is not registered here: only Kick's API tells that it is ours.
CAMPAIGNS = 3
# Of a registered campaign's rewards the last ones are mapped while claims come in already.
MAPPED_LATE = 2
CLAIMS_PER_VIEWER = 9


@dataclass(frozen=True, slots=True)
class Pair:
    campaign_id: str
    reward_id: str


@dataclass(frozen=True, slots=True)
class ClaimToMake:
    user_id: int
    pair: Pair

    @property
    def as_json(self) -> dict[str, Any]:
        pair = self.pair
        return {
            "user_id": self.user_id,
            "campaign_id": pair.campaign_id,
            "reward_id": pair.reward_id,
        }


@dataclass(frozen=True, slots=True)
class World:
    registered: list[Pair]
    unregistered: list[Pair]
    theirs: list[Pair]
    viewers: list[int]

    @property
    def ours(self) -> list[Pair]:
        return self.registered + self.unregistered

    @property
    def mapped_late(self) -> list[Pair]:
        return [pair for number, pair in enumerate(self.registered) if _is_mapped_late(number)]

    @property
    def mapped_early(self) -> list[Pair]:
        return [pair for number, pair in enumerate(self.registered) if not _is_mapped_late(number)]


def _is_mapped_late(number: int) -> bool:
    return number % REWARDS_PER_CAMPAIGN >= REWARDS_PER_CAMPAIGN - MAPPED_LATE


# --- At Kick -----------------------------------------------------------------------------------


def make_world(kick: LocalKick, place: Environment, *, claims: int) -> World:
    webhook_url = f"{place.web_url}/webhooks/kick/drops"
    events_url = f"{place.web_url}/webhooks/kick/events"
    kick.register_app(
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        organization=OURS,
        redirect_uris=[
            f"{place.web_url}/link/kick/callback",
            f"{place.web_url}/channel/kick/callback",
        ],
        webhook_url=webhook_url,
        events_url=events_url,
    )
    # Theirs posts to our address: that is how a signed claim of somebody else's is replayed.
    kick.register_app(
        client_id="theirs",
        client_secret="theirs",
        organization=THEIRS,
        webhook_url=webhook_url,
        events_url=events_url,
    )
    campaigns = [_make_campaign(kick, number) for number in range(CAMPAIGNS)]
    their_rewards = [{"name": f"Shell {number}", "required_minutes": 5} for number in range(4)]
    theirs = kick.save_campaign(name="River days", organization=THEIRS, rewards=their_rewards)
    with ThreadPoolExecutor(8) as pool:
        names = (f"viewer-{number:05}" for number in range(-(-claims // CLAIMS_PER_VIEWER)))
        viewers = list(pool.map(kick.make_viewer, names))
    return World(
        registered=[pair for campaign in campaigns[:-1] for pair in _pairs(campaign)],
        unregistered=_pairs(campaigns[-1]),
        theirs=_pairs(theirs),
        viewers=viewers,
    )


def _make_campaign(kick: LocalKick, number: int) -> dict[str, Any]:
    is_registered = number < CAMPAIGNS - 1
    rewards = [
        {
            "name": f"Reward {number}.{place}",
            "required_minutes": 10,
            "external_id": "" if is_registered else SKUS[place % len(SKUS)],
        }
        for place in range(REWARDS_PER_CAMPAIGN)
    ]
    return kick.save_campaign(name=f"Campaign {number}", organization=OURS, rewards=rewards)


def _pairs(campaign: dict[str, Any]) -> list[Pair]:
    rewards = campaign["rewards"]
    return [Pair(campaign["campaign_id"], reward["reward_id"]) for reward in rewards]


# --- Here --------------------------------------------------------------------------------------


@transaction.atomic
def register(world: World, *, now: datetime) -> None:
    """What ops do beforehand: the catalogue, two of the campaigns, most of their rewards mapped."""
    Item.objects.bulk_create([Item(sku=sku, name=sku) for sku in SKUS])
    for campaign_id in dict.fromkeys(pair.campaign_id for pair in world.registered):
        Campaign.objects.create(campaign_id=campaign_id, created_at=now)
    for pair in world.registered:
        Reward.objects.create(reward_id=pair.reward_id, created_at=now)
        CampaignReward.objects.create(campaign_id=pair.campaign_id, reward_id=pair.reward_id)
    for number, pair in enumerate(world.mapped_early):
        map_reward(pair.reward_id, number, now=now)


def map_reward(reward_id: str, number: int, *, now: datetime) -> None:
    """Map a reward to one, two or three items, as staff do. A repeat changes nothing."""
    items = {item.sku: item for item in Item.objects.all()}
    mapping = {items[SKUS[(number + nth) % len(SKUS)]]: 1 + nth for nth in range(1 + number % 3)}
    map_rewards({reward_id: mapping}, actor="ops", now=now)


# --- Who may still claim what ------------------------------------------------------------------


class ClaimBook:
    """The claims that are still to be made. Each is handed out once, to whichever thread asks."""

    def __init__(self, world: World, *, claims: int, dice: random.Random) -> None:
        everything = [ClaimToMake(user, pair) for user in world.viewers for pair in world.ours]
        self._left = dice.sample(everything, claims)
        self._left_of: defaultdict[int, list[ClaimToMake]] = defaultdict(list)
        for claim in self._left:
            self._left_of[claim.user_id].append(claim)
        self._taken: set[ClaimToMake] = set()
        self._lock = threading.Lock()

    def take(self, count: int) -> list[ClaimToMake]:
        """Up to `count` of anybody's; none when all are taken."""
        with self._lock:
            return self._take_from(self._left, count)

    def take_of(self, user_id: int, count: int) -> list[ClaimToMake]:
        """Up to `count` of one viewer's."""
        with self._lock:
            return self._take_from(self._left_of[user_id], count)

    @property
    def taken(self) -> int:
        with self._lock:
            return len(self._taken)

    def _take_from(self, left: list[ClaimToMake], count: int) -> list[ClaimToMake]:
        taken: list[ClaimToMake] = []
        while left and len(taken) < count:
            claim = left.pop()
            if claim not in self._taken:
                self._taken.add(claim)
                taken.append(claim)
        return taken


def as_call(claims: Sequence[ClaimToMake]) -> dict[str, Any]:
    """The body of the local Kick's `POST claims` that makes and delivers these."""
    return {"claims": [claim.as_json for claim in claims], "force": True}
