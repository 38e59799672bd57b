"""What the ledger promises to one caller; test_ledger_races.py has what it promises to many."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import PlatformAccount
from claims import ledger_sql
from claims.ledger import Outcome, RecordedClaim, heal_claims, reconsider_account
from claims.models import CampaignReward, Claim, Entitlement, RewardItem
from claims.pausing import pause_grants
from tests.claims.ledger_assertions import owed, receive, record
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_item,
    make_player,
    make_reward,
)

pytestmark = pytest.mark.django_db

HELD = Claim.HoldReason
# However large the batch; on SQLite two of them open and close the savepoint of a test.
STATEMENTS = {"postgresql": 1, "sqlite": 9}


def test_record_claims_grants_each_item_of_a_linked_user_s_reward() -> None:
    player = make_player()
    make_account(user_id="7", player=player)
    reward = make_reward(items=[(make_item(sku="banner"), 1), (make_item(sku="gems"), 500)])
    campaign = make_campaign(rewards=[reward])

    recorded = record(receive(campaign))

    assert recorded == [RecordedClaim("01K0CLAIM", Outcome.RECORDED, "GRANTED", "")]
    assert owed("01K0CLAIM") == [("banner", 1, player.id), ("gems", 500, player.id)]


def test_record_claims_keeps_what_history_needs() -> None:
    campaign = make_campaign()

    record(receive(campaign, external_id="studio-ref"))

    claim = Claim.objects.get()
    assert (claim.source, claim.path) == ("kick_drops", "WEBHOOK")
    assert (claim.message_id, claim.quantity) == ("message-01K0CLAIM", 1)
    assert (claim.received_at, claim.recorded_at, claim.granted_at) == (NOW, NOW, None)
    assert (claim.first_hold_reason, claim.external_id) == ("NOT_LINKED", "studio-ref")


@pytest.mark.parametrize(
    ("is_registered", "is_mapped", "is_linked", "reason"),
    [
        (False, False, False, HELD.UNCONFIRMED),
        (False, True, True, HELD.UNCONFIRMED),
        (True, False, False, HELD.UNMAPPED_REWARD),
        (True, False, True, HELD.UNMAPPED_REWARD),
        (True, True, False, HELD.NOT_LINKED),
    ],
)
def test_record_claims_holds_with_the_first_reason_that_applies(
    is_registered: bool, is_mapped: bool, is_linked: bool, reason: str
) -> None:
    reward = make_reward(items=[(make_item(), 1)] if is_mapped else [])
    campaign = make_campaign(rewards=[reward] if is_registered else [])
    make_account(user_id="7", player=make_player() if is_linked else None)

    recorded = record(
        receive(campaign, reward_id=reward.reward_id) if not is_registered else receive(campaign)
    )

    assert [(claim.status, claim.hold_reason) for claim in recorded] == [("HELD", reason)]
    assert owed("01K0CLAIM") == []


@pytest.mark.parametrize("is_linked", [True, False])
@pytest.mark.parametrize("paused", ["campaign", "reward"])
def test_record_claims_holds_a_paused(paused: str, is_linked: bool) -> None:
    reward = make_reward(items=[(make_item(), 1)])
    campaign = make_campaign(rewards=[reward])
    make_account(user_id="7", player=make_player() if is_linked else None)
    pause_grants(
        target=campaign if paused == "campaign" else reward, reason="wrong item", actor="", now=NOW
    )

    (claim,) = record(receive(campaign))

    assert (claim.status, claim.hold_reason) == ("HELD", HELD.PAUSED)
    assert owed("01K0CLAIM") == []


def test_record_claims_ignores_the_pause_of_another_reward() -> None:
    campaign = make_campaign(rewards=[make_reward(items=[(make_item(), 1)])])
    make_account(user_id="7", player=make_player())
    for target in (make_reward(), make_campaign()):
        pause_grants(target=target, reason="wrong item", actor="", now=NOW)

    assert [claim.status for claim in record(receive(campaign))] == ["GRANTED"]


def test_record_claims_holds_a_registered_campaign_with_another_s_reward() -> None:
    ours, theirs = make_campaign(), make_campaign()
    make_account(user_id="7", player=make_player())

    record(receive(ours, reward_id=theirs.rewards.first().reward_id))

    assert Claim.objects.get().hold_reason == HELD.UNCONFIRMED


def test_record_claims_compares_ids_exactly() -> None:
    campaign = make_campaign(campaign_id="01K0abc")
    make_account(user_id="7", player=make_player())

    record(receive(campaign, campaign_id="01K0ABC"))

    assert Claim.objects.get().hold_reason == HELD.UNCONFIRMED


@pytest.mark.parametrize("user_id", ["0", "9223372036854775808", "18446744073709551615"])
def test_record_claims_takes_all_of_uint64(user_id: str) -> None:
    record(receive(make_campaign(), user_id=user_id))

    account = PlatformAccount.objects.get()
    assert (account.platform, account.user_id) == ("kick", user_id)


def test_record_claims_repeated_writes_nothing() -> None:
    make_account(user_id="7", player=make_player())
    campaign = make_campaign()
    claim = receive(campaign)
    record(claim)

    with CaptureQueriesContext(connection) as queries:
        (again,) = record(claim)

    assert again == RecordedClaim("01K0CLAIM", Outcome.KNOWN, "GRANTED", "")
    assert len(owed("01K0CLAIM")) == 1
    assert len(queries) == STATEMENTS[connection.vendor]


def test_record_claims_repeated_after_the_mapping_grew_grants_no_more() -> None:
    make_account(user_id="7", player=make_player())
    campaign = make_campaign()
    record(receive(campaign))
    RewardItem.objects.create(reward=campaign.rewards.first(), item=make_item(), quantity=1)

    record(receive(campaign))
    heal_claims(now=NOW)

    assert len(owed("01K0CLAIM")) == 1


def test_record_claims_repeated_after_revocation_grants_nothing() -> None:
    make_account(user_id="7", player=make_player())
    campaign = make_campaign()
    record(receive(campaign))
    Entitlement.objects.update(status="REVOKED", revoked_at=NOW, revocation_reason="a test")
    Claim.objects.update(status="REVOKED", revoked_at=NOW)

    (again,) = record(receive(campaign))

    assert (again.outcome, again.status) == (Outcome.KNOWN, "REVOKED")
    assert Entitlement.objects.get().status == "REVOKED"


@pytest.mark.parametrize("field", ["user_id", "campaign_id", "reward_id", "external_id"])
def test_record_claims_repeated_with_other_contents_keeps_the_first(field: str) -> None:
    make_account(user_id="7", player=make_player())
    campaign = make_campaign()
    record(receive(campaign, external_id="first"))
    before = Claim.objects.values().get()

    (again,) = record(receive(campaign, **{"external_id": "first", field: "8"}))

    assert again.outcome == Outcome.DIFFERS
    assert Claim.objects.values().get() == before


def test_record_claims_repeated_with_other_contents_keeps_a_held_one_too() -> None:
    campaign, other = make_campaign(), make_campaign()
    make_account(user_id="8", player=make_player())
    record(receive(campaign))

    (again,) = record(receive(other, user_id="8"))

    assert (again.outcome, again.hold_reason) == (Outcome.DIFFERS, HELD.NOT_LINKED)
    assert Claim.objects.get().account_id == "kick:7"


def test_record_claims_repeated_without_its_external_id_is_no_difference() -> None:
    campaign = make_campaign()
    record(receive(campaign, external_id="studio-ref"))

    (again,) = record(receive(campaign))

    assert again.outcome == Outcome.KNOWN
    assert Claim.objects.get().external_id == "studio-ref"


def test_record_claims_from_the_api_wins_over_a_held_claim() -> None:
    ours = make_campaign()
    make_account(user_id="8", player=make_player())
    record(receive(campaign_id="forged", reward_id="forged"))

    (again,) = record(receive(ours, user_id="8"), path=Claim.Path.SYNC)

    claim = Claim.objects.get()
    assert (again.outcome, again.status) == (Outcome.CHANGED, "GRANTED")
    assert (claim.account_id, claim.campaign_id) == ("kick:8", ours.campaign_id)
    assert (claim.path, claim.first_hold_reason) == ("WEBHOOK", HELD.UNCONFIRMED)


def test_record_claims_from_the_api_loses_to_a_granted_claim() -> None:
    make_account(user_id="7", player=make_player())
    campaign, other = make_campaign(), make_campaign()
    record(receive(campaign))

    (again,) = record(receive(other, user_id="8"), path=Claim.Path.SYNC)

    assert again.outcome == Outcome.DIFFERS
    assert Claim.objects.get().campaign_id == campaign.campaign_id


@pytest.mark.parametrize(
    ("source", "reason"), [("kick_drops", ""), ("channel_rewards", "UNCONFIRMED")]
)
def test_a_claim_without_a_campaign_is_ours_if_its_source_has_the_reward(
    source: str, reason: str
) -> None:
    make_account(user_id="7", player=make_player())
    reward = make_reward(items=[(make_item(), 1)], source=source)

    record(receive(reward_id=reward.reward_id))
    assert Claim.objects.get().hold_reason == reason

    heal_claims(now=NOW)
    assert Claim.objects.get().hold_reason == reason


def test_record_claims_multiplies_large_quantities() -> None:
    make_account(user_id="7", player=make_player())
    campaign = make_campaign(rewards=[make_reward(items=[(make_item(sku="gold"), 2**31 - 1)])])

    record(receive(campaign, quantity=2**31 - 1))

    assert [quantity for _, quantity, _ in owed("01K0CLAIM")] == [(2**31 - 1) ** 2]


def test_record_claims_takes_a_batch_with_everything_in_it() -> None:
    player = make_player()
    make_account(user_id="7", player=player)
    campaign = make_campaign()
    record(receive(campaign, claim_id="known"))

    recorded = record(
        receive(campaign, claim_id="new"),
        receive(campaign, claim_id="known"),
        receive(campaign, claim_id="unlinked", user_id="8"),
        receive(claim_id="foreign", campaign_id="x", reward_id="y"),
        receive(campaign, claim_id="new"),
        receive(campaign, claim_id="new", user_id="9"),
    )

    assert sorted((claim.claim_id, claim.outcome.value) for claim in recorded) == [
        ("foreign", "recorded"),
        ("known", "known"),
        ("new", "differs"),
        ("new", "known"),
        ("new", "recorded"),
        ("unlinked", "recorded"),
    ]
    assert len(owed(["new", "known"])) == 2


@pytest.mark.parametrize("size", [1, 20, 1000])
def test_record_claims_statements_do_not_grow_with_the_batch(size: int) -> None:
    campaign = make_campaign()
    make_account(user_id="7", player=make_player())
    batch = [
        receive(campaign, claim_id=f"claim-{number}", user_id=str(number)) for number in range(size)
    ]

    with CaptureQueriesContext(connection) as queries:
        record(*batch)

    assert Claim.objects.count() == size
    assert len(queries) == STATEMENTS[connection.vendor]


def test_record_claims_with_no_claims_does_nothing() -> None:
    assert record() == []


def test_reconsider_account_grants_what_was_held_for_want_of_a_link() -> None:
    campaign, unmapped = make_campaign(), make_campaign(rewards=[make_reward()])
    record(
        receive(campaign, claim_id="a"),
        receive(unmapped, claim_id="b"),
        receive(campaign, claim_id="c", user_id="8"),
    )
    player = make_player()
    PlatformAccount.objects.filter(key="kick:7").update(player=player, linked_at=NOW)

    granted = reconsider_account(account_id="kick:7", now=NOW + timedelta(hours=1))

    assert granted == 1
    claim = Claim.objects.get(claim_id="a")
    assert (claim.status, claim.hold_reason, claim.first_hold_reason) == (
        "GRANTED",
        "",
        "NOT_LINKED",
    )
    assert claim.granted_at == NOW + timedelta(hours=1)
    assert set(Claim.objects.filter(status="HELD").values_list("claim_id", flat=True)) == {"b", "c"}
    assert reconsider_account(account_id="kick:7", now=NOW) == 0


def test_heal_claims_finds_each_reason_that_no_longer_holds() -> None:
    player = make_player()
    make_account(user_id="7", player=player)
    reward, unmapped = make_reward(items=[(make_item(), 1)]), make_reward()
    unregistered = make_campaign(rewards=[])
    campaign = make_campaign(rewards=[unmapped])
    record(
        receive(unregistered, claim_id="a", reward_id=reward.reward_id),
        receive(campaign, claim_id="b"),
        receive(campaign, claim_id="c", user_id="8"),
    )
    CampaignReward.objects.create(campaign=unregistered, reward=reward)
    RewardItem.objects.create(reward=unmapped, item=make_item(), quantity=2)

    assert heal_claims(now=NOW) == 3

    reasons = dict(Claim.objects.values_list("claim_id", "hold_reason"))
    assert reasons == {"a": "", "b": "", "c": "NOT_LINKED"}
    assert heal_claims(now=NOW) == 0


def test_heal_claims_says_so_when_another_reason_has_come_up() -> None:
    campaign = make_campaign()
    record(receive(campaign))
    RewardItem.objects.all().delete()

    heal_claims(now=NOW)

    assert Claim.objects.get().hold_reason == HELD.UNMAPPED_REWARD


def test_heal_claims_goes_through_more_than_one_batch() -> None:
    reward = make_reward()
    campaign = make_campaign(rewards=[reward])
    make_account(user_id="7", player=make_player())
    for start in (0, 1000):
        record(*(receive(campaign, claim_id=f"{start + n:05}") for n in range(1000)))
    RewardItem.objects.create(reward=reward, item=make_item(), quantity=1)

    renewals: list[int] = []
    assert heal_claims(now=NOW, renew=lambda: renewals.append(1)) == 2000
    assert len(renewals) == 2
    assert Entitlement.objects.count() == 2000


def test_webhook_statement_is_short_enough_for_psycopg_to_keep_its_parameters() -> None:
    longest_that_psycopg_keeps = 4096

    length = len(ledger_sql.RECORD_ONE_ON_POSTGRESQL)

    assert length <= longest_that_psycopg_keeps
