"""What the ledger promises to many at once."""

import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import pytest
from django.utils import timezone

from accounts.links import LinkRefused, NewAuthorization
from accounts.models import PlatformAccount, Player
from claims.catalogue import discover
from claims.ledger import heal_claims, record_claims
from claims.linking import link_player, unlink_player
from claims.models import Campaign, Claim, Entitlement, Item, RewardItem
from claims.source import Award
from tests.claims.ledger_assertions import owed, receive
from tests.factories import (
    make_account,
    make_campaign,
    make_item,
    make_player,
    make_reward,
    new_tokens,
)
from tests.races import races
from tests.signing import SigningKick, claim_body
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PAIRS_AT_ONCE = 25


@pytest.fixture
def campaign() -> Campaign:
    """Its one reward maps to three items."""
    items = [(make_item(sku=sku), 1) for sku in ("banner", "cape", "gems")]
    return make_campaign(rewards=[make_reward(items=items)])


@pytest.mark.postgresql
def test_record_claims_by_a_hundred_at_once_is_one_claim(
    campaign: Campaign, kick: SigningKick
) -> None:
    player = make_player()
    make_account(user_id="7", player=player)
    claim = receive(campaign)
    body = claim_body(claim)

    statuses = at_once([partial(_deliver, kick, body), partial(_record_page, claim)] * 50)

    assert statuses == [200] * 100
    assert Claim.objects.count() == 1
    assert owed(claim.claim_id) == [(sku, 1, player.id) for sku in ("banner", "cape", "gems")]


def test_record_claims_with_overlapping_pages_never_deadlocks(campaign: Campaign) -> None:
    make_account(user_id="7", player=make_player())
    claims = [receive(campaign, claim_id=f"{n:03}", user_id=str(n % 50)) for n in range(200)]
    pages = [random.Random(seed).sample(claims, 150) for seed in range(8)]

    at_once([partial(_record_page, *page) for page in pages])

    assert Claim.objects.count() == 200
    assert Entitlement.objects.count() == 3 * Claim.objects.filter(status="GRANTED").count()


@pytest.mark.parametrize("race", ["link", "unlink", "relink"])
def test_a_claim_racing_with_its_own_link_is_never_stranded(campaign: Campaign, race: str) -> None:
    """No claim is left held for want of a link while its account has one, without any sweep."""
    full = races(1000)
    for start in range(0, full, PAIRS_AT_ONCE):
        numbers = range(start, min(start + PAIRS_AT_ONCE, full))
        pairs = [_Pair(campaign, race, number) for number in numbers]
        acts = [act for pair in pairs for act in pair.acts]
        random.shuffle(acts)
        at_once(acts)

    stranded = Claim.objects.filter(status="HELD", account__player__isnull=False)
    assert list(stranded) == []
    assert heal_claims(now=timezone.now()) == 0
    assert Claim.objects.count() == full
    assert _players_and_items_per_claim() <= {(1, 3)}
    _assert_nobody_got_a_claim_they_were_never_linked_for()


class _Pair:
    """A claim of one account, and what its player does about the link at the same moment."""

    def __init__(self, campaign: Campaign, race: str, number: int) -> None:
        user_id = str(1_000 + number)
        self.account_key = f"kick:{user_id}"
        self.player = make_player(game_account_id=f"{race}-{number}")
        self.heir = make_player(game_account_id=f"{race}-{number}-heir")
        self.claim = receive(campaign, claim_id=f"{race}-{number}", user_id=user_id)
        if race != "link":
            _link(self.player, self.account_key)
        change = {"link": self.link, "unlink": self.unlink, "relink": self.relink}[race]
        self.acts: list[Callable[[], object]] = [partial(_record_page, self.claim), change]

    def link(self) -> None:
        _link(self.player, self.account_key)

    def unlink(self) -> None:
        unlink_player(player=self.player, platform="kick", now=timezone.now())

    def relink(self) -> None:
        self.unlink()
        _link(self.heir, self.account_key)


@pytest.mark.parametrize("race", ["mapping", "confirming"])
def test_a_claim_racing_with_what_makes_it_grantable_is_granted_after_one_sweep(
    race: str,
) -> None:
    full = races(3000)
    item = make_item()
    for start in range(0, full, PAIRS_AT_ONCE):
        numbers = range(start, min(start + PAIRS_AT_ONCE, full))
        acts = [act for number in numbers for act in _recording_against(race, number, item)]
        random.shuffle(acts)
        at_once(acts)

    heal_claims(now=timezone.now())

    assert Claim.objects.count() == full
    assert set(Claim.objects.values_list("status", flat=True)) == {"GRANTED"}
    assert _players_and_items_per_claim() == {(1, 1)}


def _recording_against(race: str, number: int, item: Item) -> list[Callable[[], object]]:
    """Two acts: a linked user's claim arrives; its reward is mapped, or its pair confirmed."""
    make_account(user_id=str(number), player=make_player())
    is_mapped = race == "confirming"
    reward = make_reward(items=[(item, 1)] if is_mapped else [])
    campaign = make_campaign(rewards=[] if is_mapped else [reward])
    claim = receive(campaign, claim_id=str(number), user_id=str(number), reward_id=reward.reward_id)
    now = timezone.now()
    make_grantable = {
        "mapping": partial(RewardItem.objects.create, reward=reward, item=item, quantity=1),
        "confirming": partial(discover, awards=[claim], source="kick_drops", now=now),
    }[race]
    return [partial(_record_webhook, claim), make_grantable]


def test_link_player_of_one_account_to_many_players_at_once_links_one() -> None:
    players = [make_player() for _ in range(8)]

    outcomes = at_once([partial(_try_to_link, player, "kick:7") for player in players])

    assert Counter(outcomes) == {"linked": 1, "AccountTaken": 7}
    assert PlatformAccount.objects.get().player in players


def test_link_player_of_many_accounts_to_one_player_at_once_links_one() -> None:
    player = make_player()

    outcomes = at_once([partial(_try_to_link, player, f"kick:{number}") for number in range(8)])

    assert Counter(outcomes) == {"linked": 1, "PlayerHasAnotherAccount": 7}
    assert PlatformAccount.objects.filter(player=player).count() == 1


def _deliver(kick: SigningKick, body: bytes) -> int:
    return kick.deliver(body).status_code


def _record_page(*claims: Award) -> int:
    _record(claims, path=Claim.Path.SYNC)
    return 200


def _record_webhook(claim: Award) -> None:
    _record([claim], path=Claim.Path.WEBHOOK)


def _record(claims: Sequence[Award], *, path: Claim.Path) -> None:
    now = timezone.now()
    record_claims(
        claims,
        source="kick_drops",
        path=path,
        is_authoritative=path == Claim.Path.SYNC,
        received_at=now,
        now=now,
    )


def _link(player: Player, account_key: str) -> None:
    grant = NewAuthorization(new_tokens("token"), checked_at=timezone.now())
    link_player(
        player=player,
        account_key=account_key,
        name="viewer",
        authorization=grant,
        now=timezone.now(),
    )


def _try_to_link(player: Player, account_key: str) -> str:
    try:
        _link(player, account_key)
    except LinkRefused as refusal:
        return type(refusal).__name__
    return "linked"


def _players_and_items_per_claim() -> set[tuple[int, int]]:
    """(different players, entitlements) of each granted claim."""
    rows: dict[str, list[int]] = {}
    for claim_id, player_id in Entitlement.objects.values_list("claim_id", "player_id"):
        rows.setdefault(claim_id, []).append(player_id)
    return {(len(set(player_ids)), len(player_ids)) for player_ids in rows.values()}


def _assert_nobody_got_a_claim_they_were_never_linked_for() -> None:
    for entitlement in Entitlement.objects.select_related("player", "claim"):
        assert entitlement.player.game_account_id.startswith(entitlement.claim_id)
