"""Pausing a campaign or reward: its claims wait, and are granted after it is resumed."""

import uuid
from datetime import timedelta

import pytest

from accounts.links import NewAuthorization
from claims.ledger import heal_claims
from claims.linking import link_player
from claims.manual_grants import grant_by_hand
from claims.models import Claim, Entitlement, Pause
from claims.pausing import find_pause, pause_grants, resume_grants
from tests.claims.ledger_assertions import receive, record
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_item,
    make_player,
    make_reward,
    new_tokens,
)

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def campaign():
    return make_campaign(rewards=[make_reward(items=[(make_item(sku="cape"), 1)])])


def pause(target, *, now=NOW):
    return pause_grants(target=target, reason="wrong item", actor="ada", now=now)


def states():
    return [(claim.status, claim.hold_reason) for claim in Claim.objects.order_by("pk")]


def test_pause_and_resume(campaign):
    make_account(user_id="7", player=make_player())
    pause(campaign)
    record(receive(campaign))
    waiting = states()

    ended = resume_grants(target=campaign)
    healed = heal_claims(now=LATER)

    assert waiting == [("HELD", "PAUSED")]
    assert (ended.paused_by, ended.reason) == ("ada", "wrong item")
    assert (healed, states()) == (1, [("GRANTED", "")])
    assert Entitlement.objects.get().sku == "cape"


def test_pause_again_changes_nothing(campaign):
    pause(campaign)

    assert pause(campaign, now=LATER) is None

    assert find_pause(campaign).paused_at == NOW


def test_resume_again_changes_nothing(campaign):
    pause(campaign)
    resume_grants(target=campaign)

    assert resume_grants(target=campaign) is None


def test_pause_reaches_claims_that_were_held_before(campaign):
    make_account(user_id="7")
    record(receive(campaign))
    before = states()

    pause(campaign.rewards.get())
    heal_claims(now=LATER)

    assert (before, states()) == ([("HELD", "NOT_LINKED")], [("HELD", "PAUSED")])


def test_link_grants_nothing_that_is_paused(campaign):
    account = make_account(user_id="7")
    record(receive(campaign))
    pause(campaign)

    link_player(
        player=make_player(),
        account_key=account.pk,
        name="nova",
        authorization=NewAuthorization(new_tokens("a-token"), checked_at=NOW),
        now=LATER,
    )

    assert states() == [("HELD", "PAUSED")]


def test_campaign_stays_paused_when_its_reward_is_resumed(campaign):
    make_account(user_id="7", player=make_player())
    reward = campaign.rewards.get()
    pause(campaign)
    pause(reward)
    record(receive(campaign))

    resume_grants(target=reward)

    assert heal_claims(now=LATER) == 0
    assert states() == [("HELD", "PAUSED")]


def test_pause_leaves_granted_claims_alone(campaign):
    make_account(user_id="7", player=make_player())
    record(receive(campaign))

    pause(campaign)

    assert heal_claims(now=LATER) == 0
    assert states() == [("GRANTED", "")]


def test_manual_grant_ignores_a_pause(campaign):
    pause(campaign)

    grant_by_hand(
        player=make_player(),
        pair=campaign.pairs.get(),
        grant_id=uuid.UUID(int=1),
        now=NOW,
    )

    assert states() == [("GRANTED", "")]


def test_deleting_a_paused_reward_deletes_its_pause():
    reward = make_reward()
    pause(reward)

    reward.delete()

    assert not Pause.objects.exists()
