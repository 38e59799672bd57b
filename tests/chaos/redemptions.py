"""Channel points under chaos: a partner channel, and viewers who redeem."""

import heapq
import time
from contextlib import suppress
from urllib.parse import parse_qs, urlsplit

import requests
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from accounts.channels import connect_channel
from accounts.links import NewAuthorization
from accounts.models import Purpose, account_key
from accounts.platform_login import get_login
from claims.models import Channel, Item, Offer, OfferUse, Redemption
from claims.offers import create_offer
from local.demo.environment import CLIENT_ID
from platforms.kick.protocol.oauth import challenge_of
from tests.chaos.points import SKU, SOURCE
from tests.chaos.workload import Workload
from tests.local_kick_process import ControlError, LocalKick

STREAMER = "streamer"
COST, LIMIT_PER_PLAYER = 100, 2
REDEMPTIONS_PER_CLAIM = 0.2
# The streamer answers so many by hand, some of them before us.
BY_HAND = 0.5
BY_HAND_WITHIN = 2.0
EVENT = "channel.reward.redemption.updated"


# --- Set-up ------------------------------------------------------------------------------------


def make_channel(kick: LocalKick) -> None:
    """An offer in a connected channel, here. A job makes the reward at Kick."""
    streamer = kick.make_viewer(STREAMER)
    channel = Channel.objects.create(
        pk=account_key("kick", str(streamer)), name=STREAMER, added_at=timezone.now()
    )
    create_offer(
        name="Item for points",
        offer=Offer(trigger=f"{SOURCE}:redemption", cost=COST, limit_per_player=LIMIT_PER_PLAYER),
        channels=[channel],
        items={Item.objects.get(sku=SKU): 1},
        actor="ops",
        now=timezone.now(),
    )
    _connect(kick, streamer)
    _subscribe_their_app(kick, streamer)


def _connect(kick: LocalKick, streamer: int) -> None:
    login, verifier = get_login("kick"), "v" * 43
    address = kick.authorize(
        client_id=CLIENT_ID,
        user_id=streamer,
        redirect_uri=settings.KICK_CHANNEL_REDIRECT_URI,
        state="s",
        code_challenge=challenge_of(verifier),
        scope="user:read channel:rewards:read channel:rewards:write",
    )
    code, now = parse_qs(urlsplit(address).query)["code"][0], timezone.now()
    tokens = login.exchange_code(code=code, verifier=verifier, purpose=Purpose.CHANNEL)
    connect_channel(
        account_key=account_key("kick", str(streamer)),
        name=STREAMER,
        authorization=NewAuthorization(tokens, checked_at=now),
        now=now,
    )


def _subscribe_their_app(kick: LocalKick, streamer: int) -> None:
    """Another app gets a copy of each event, under its own IDs, and sends it to our address."""
    form = {"grant_type": "client_credentials", "client_id": "theirs", "client_secret": "theirs"}
    token = requests.post(f"{kick.url}/oauth/token", data=form, timeout=10).json()["access_token"]
    requests.post(
        f"{kick.url}/public/v1/events/subscriptions",
        json={
            "broadcaster_user_id": streamer,
            "events": [{"name": EVENT, "version": 1}],
            "method": "webhook",
        },
        headers={"Authorization": f"Bearer {token}"},
        timeout=10,
    ).raise_for_status()


# --- While faults strike -----------------------------------------------------------------------


def redeem_and_answer_by_hand(workload: Workload, number: int, of: int) -> None:
    """Redeem, evenly over the run. The streamer accepts or rejects some by hand, a little later."""
    dice = workload.dice(f"redemptions {number}")
    wanted, made = int(workload.options.claims * REDEMPTIONS_PER_CLAIM / of), 0
    reward = _reward(workload)
    by_hand: list[tuple[float, str]] = []
    while not workload.is_over and (made < wanted or by_hand):
        while by_hand and by_hand[0][0] <= time.monotonic():
            _answer_by_hand(workload, heapq.heappop(by_hand)[1], accept=dice.random() < 0.5)
        if made >= wanted * workload.progress / 0.9:
            workload.rest(0.05)
            continue
        body = {"reward": reward, "user_id": dice.choice(workload.world.viewers)}
        made += 1
        with suppress(ControlError):
            redemption = workload.kick.call("POST", "redemptions", body)["redemption"]
            workload.count("redemptions made")
            if dice.random() < BY_HAND:
                due = time.monotonic() + dice.uniform(0, BY_HAND_WITHIN)
                heapq.heappush(by_hand, (due, redemption))


def _answer_by_hand(workload: Workload, redemption: str, *, accept: bool) -> None:
    with suppress(ControlError):  # we were faster
        workload.kick.call("PATCH", "redemptions", {"redemption": redemption, "accept": accept})
        workload.count("redemptions answered by hand")


def _reward(workload: Workload) -> str:
    """Its ID, once the job has made it."""
    while not workload.is_over:
        for one in workload.kick.call("GET", "rewards")["rewards"]:
            return str(one["id"])
        workload.rest(0.2)
    return ""


def let_time_pass() -> None:
    """The time to link is over for all who wait, so that every redemption comes to its end."""
    now = timezone.now()
    try:
        waiting = OfferUse.objects.filter(outcome=OfferUse.Outcome.OPEN, due_at__gt=now)
        waiting = waiting.filter(redemption__state=Redemption.State.OPEN)
        ids = list(waiting.values_list("pk", flat=True))
        Redemption.objects.open().filter(pk__in=ids).update(next_attempt_at=now)
        OfferUse.objects.filter(pk__in=ids).update(due_at=now)
    except DatabaseError:
        connection.close()
        time.sleep(0.3)
