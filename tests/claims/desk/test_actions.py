"""The acts of support and ops, each with the trace that it leaves."""

import uuid

import pytest

from accounts.links import NotLinked
from accounts.models import LinkEvent, PlatformAccount
from claims.desk import actions
from claims.desk.actions import ActionContext
from claims.entitlements import ReasonMissing
from claims.manual_grants import NothingToGrant
from claims.models import AuditEvent, Claim, Entitlement
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_claim,
    make_entitlement,
    make_item,
    make_player,
    make_reward,
)

pytestmark = pytest.mark.django_db

ACT = ActionContext(actor="ada", reason="a goodwill gift", now=NOW)
WITHOUT_REASON = ActionContext(actor="ada", reason="  ", now=NOW)


def test_grant_by_hand_gives_what_the_reward_maps_to() -> None:
    player = make_player()
    reward = make_reward(items=[(make_item(sku="gem"), 5), (make_item(sku="cape"), 1)])
    pair = make_campaign(rewards=[reward]).pairs.get()

    claim = actions.grant_by_hand(player=player, pair=pair, grant_id=uuid.uuid4(), act=ACT)

    claim.refresh_from_db()
    assert (claim.source, claim.status, claim.account) == ("manual", "GRANTED", None)
    given = Entitlement.objects.filter(player=player).values_list("sku", "quantity")
    assert set(given) == {("gem", 5), ("cape", 1)}
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.reason) == ("GRANT", "ada", "a goodwill gift")
    assert (event.subject_id, event.player) == (claim.pk, player)
    assert event.after == {"items": {"gem": 5, "cape": 1}}


def test_grant_by_hand_sent_twice_gives_once() -> None:
    player, pair, grant_id = make_player(), make_campaign().pairs.get(), uuid.uuid4()

    first = actions.grant_by_hand(player=player, pair=pair, grant_id=grant_id, act=ACT)
    again = actions.grant_by_hand(player=player, pair=pair, grant_id=grant_id, act=ACT)

    assert first == again
    assert Entitlement.objects.count() == AuditEvent.objects.count() == 1


def test_grant_by_hand_of_a_reward_that_maps_to_nothing() -> None:
    pair = make_campaign(rewards=[make_reward()]).pairs.get()

    with pytest.raises(NothingToGrant, match="Map it first"):
        actions.grant_by_hand(player=make_player(), pair=pair, grant_id=uuid.uuid4(), act=ACT)

    assert not Claim.objects.exists()


def test_revoke_takes_back_and_notes() -> None:
    owed = make_entitlement()
    fulfilled = make_entitlement(claim=owed.claim, player=owed.player, status="FULFILLED")

    done = actions.revoke(player=owed.player, entitlement_ids=[owed.pk, fulfilled.pk], act=ACT)

    assert (done.revoked, done.noted) == (1, 1)
    event = AuditEvent.objects.get()
    assert event.before == {str(owed.pk): "GRANTED", str(fulfilled.pk): "FULFILLED"}
    assert event.after == {str(owed.pk): "REVOKED", str(fulfilled.pk): "FULFILLED"}


def test_revoke_leaves_what_is_anothers() -> None:
    owed = make_entitlement()

    done = actions.revoke(player=make_player(), entitlement_ids=[owed.pk], act=ACT)

    owed.refresh_from_db()
    assert (done.revoked, owed.status) == (0, "GRANTED")
    assert not AuditEvent.objects.exists()


def test_unlink_names_the_staff_in_the_history_and_the_audit() -> None:
    player = make_player()
    account = make_account(player=player)

    actions.unlink(player=player, platform="kick", act=ACT)

    assert PlatformAccount.objects.get().player is None
    assert LinkEvent.objects.get().actor == "ada"
    assert AuditEvent.objects.get().before == {"account": account.pk}


def test_unlink_of_nobody_leaves_no_trace() -> None:
    with pytest.raises(NotLinked):
        actions.unlink(player=make_player(), platform="kick", act=ACT)

    assert not AuditEvent.objects.exists()


def test_what_gives_or_takes_asks_for_a_reason() -> None:
    owed = make_entitlement()
    pair = make_campaign().pairs.get()
    player = owed.player

    with pytest.raises(ReasonMissing):
        actions.grant_by_hand(player=player, pair=pair, grant_id=uuid.uuid4(), act=WITHOUT_REASON)
    with pytest.raises(ReasonMissing):
        actions.revoke(player=player, entitlement_ids=[owed.pk], act=WITHOUT_REASON)
    with pytest.raises(ReasonMissing):
        actions.unlink(player=player, platform="kick", act=WITHOUT_REASON)

    assert not AuditEvent.objects.exists()


def test_retry_grants_only_what_nothing_holds_any_more() -> None:
    account = make_account(player=make_player())
    free = make_claim(account=account)
    unmapped = make_claim(
        account=account,
        campaign=make_campaign(rewards=[make_reward()]),
        hold_reason="UNMAPPED_REWARD",
    )

    granted = actions.retry_claims(account=account, act=ACT)

    assert granted == 1
    assert Claim.objects.get(pk=free.pk).status == "GRANTED"
    assert Claim.objects.get(pk=unmapped.pk).status == "HELD"
    assert actions.retry_claims(account=account, act=ACT) == 0
