"""What staff grant by hand: once, whole, and not without items, however many ask at once."""

import uuid
from functools import partial

import pytest
from django.db import IntegrityError

from claims.entitlements import revoke_entitlements
from claims.ledger import heal_claims
from claims.manual_grants import ManualGrant, NothingToGrant, grant_by_hand
from claims.models import CampaignReward, Claim, Entitlement, Report, RewardItem
from tests.factories import NOW, make_campaign, make_item, make_player, make_reward
from tests.races import races
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

GRANT_ID = uuid.UUID(int=1)
ITEMS = {"banner": 1, "cape": 2, "gems": 500}


@pytest.fixture
def pair() -> CampaignReward:
    items = [(make_item(sku=sku), quantity) for sku, quantity in ITEMS.items()]
    return make_campaign(rewards=[make_reward(items=items)]).pairs.get()


def test_claim_is_whole_and_never_reported(pair: CampaignReward) -> None:
    player = make_player()

    given = grant_by_hand(player=player, pair=pair, grant_id=GRANT_ID, now=NOW)

    claim = Claim.objects.get()
    assert given == ManualGrant(claim, ITEMS, is_new=True)
    assert (claim.source, claim.path, claim.status) == ("manual", "MANUAL", "GRANTED")
    assert (claim.account, claim.quantity, claim.granted_at) == (None, 1, NOW)
    assert (claim.campaign_id, claim.reward_id) == (pair.campaign_id, pair.reward_id)
    assert not Report.objects.exists()
    assert {owed.player for owed in Entitlement.objects.all()} == {player}
    assert heal_claims(now=NOW) == 0


def test_repeat_gives_nothing_even_when_it_names_something_else(pair: CampaignReward) -> None:
    first = grant_by_hand(player=make_player(), pair=pair, grant_id=GRANT_ID, now=NOW)
    RewardItem.objects.all().delete()

    again = grant_by_hand(player=make_player(), pair=pair, grant_id=GRANT_ID, now=NOW)

    assert (again.claim, again.items, again.is_new) == (first.claim, ITEMS, False)
    assert Entitlement.objects.count() == len(ITEMS)


def test_repeat_after_it_was_taken_back_does_not_give_it_again(pair: CampaignReward) -> None:
    player = make_player()
    grant_by_hand(player=player, pair=pair, grant_id=GRANT_ID, now=NOW)
    ids = list(Entitlement.objects.values_list("pk", flat=True))
    revoke_entitlements(entitlement_ids=ids, reason="By mistake.", now=NOW)

    again = grant_by_hand(player=player, pair=pair, grant_id=GRANT_ID, now=NOW)

    assert (again.claim.status, again.is_new) == ("REVOKED", False)
    assert set(Entitlement.objects.values_list("status", flat=True)) == {"REVOKED"}


def test_reward_without_items_leaves_no_claim() -> None:
    pair = make_campaign(rewards=[make_reward()]).pairs.get()

    with pytest.raises(NothingToGrant, match="Map it first"):
        grant_by_hand(player=make_player(), pair=pair, grant_id=GRANT_ID, now=NOW)

    assert not Claim.objects.exists()


def test_player_who_is_gone_leaves_no_claim(pair: CampaignReward) -> None:
    player = make_player()
    player.delete()
    player.pk = 4711

    with pytest.raises(IntegrityError):
        grant_by_hand(player=player, pair=pair, grant_id=GRANT_ID, now=NOW)

    assert not Claim.objects.exists()


def test_race_of_a_double_click_gives_once(pair: CampaignReward) -> None:
    player = make_player()
    for number in range(races(100)):
        grant_id = uuid.UUID(int=number)
        ask = partial(grant_by_hand, player=player, pair=pair, grant_id=grant_id, now=NOW)

        given = at_once([ask] * 8)

        assert sum(one.is_new for one in given) == 1
        assert {one.claim.pk for one in given} == {f"manual-{grant_id.hex}"}
        assert all(one.items == ITEMS for one in given)
    assert Entitlement.objects.count() == len(ITEMS) * Claim.objects.count()


def test_race_with_a_mapping_that_goes_gives_all_or_nothing(pair: CampaignReward) -> None:
    player = make_player()
    mapping = list(RewardItem.objects.all())
    for number in range(races(100)):
        RewardItem.objects.bulk_create(mapping, ignore_conflicts=True)
        ask = partial(_try_to_grant, player=player, pair=pair, grant_id=uuid.UUID(int=number))

        at_once([ask, RewardItem.objects.all().delete, ask])

    counts = [claim.entitlements.count() for claim in Claim.objects.all()]
    assert set(counts) <= {len(ITEMS)}


def _try_to_grant(**grant: object) -> ManualGrant | None:
    try:
        return grant_by_hand(**grant, now=NOW)
    except NothingToGrant:
        return None
