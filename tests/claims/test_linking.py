"""Linking with what it means for claims, and the races that the database has to decide."""

import threading
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.links import (
    AccountTaken,
    DeauthorizationUnderWay,
    Linked,
    LinkRefused,
    NewAuthorization,
    NotLinked,
    PlayerHasAnotherAccount,
)
from accounts.models import Authorization, Deauthorization, LinkEvent, PlatformAccount, Player
from accounts.tokens import decrypt, encrypt
from claims.linking import LinkResult, link_player, unlink_player
from claims.models import Claim, Entitlement
from tests.factories import NOW, make_account, make_claim, make_player, new_tokens
from tests.races import races
from tests.threads import at_once

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def link(
    player: Player, account_key: str, *, token: str = "a-token", now: datetime = NOW
) -> LinkResult:
    return link_player(
        player=player,
        account_key=account_key,
        name="nova_live",
        authorization=NewAuthorization(new_tokens(token), checked_at=now),
        now=now,
    )


def revocation_of(account: PlatformAccount, **fields: object) -> Deauthorization:
    due = {"created_at": NOW, "next_attempt_at": NOW, "encrypted_refresh_token": encrypt("old")}
    return Deauthorization.objects.create(account=account, **due | fields)


def test_link_player_of_a_account_never_seen() -> None:
    player = make_player()

    result = link(player, "kick:18446744073709551615")

    account = PlatformAccount.objects.get(pk="kick:18446744073709551615")
    assert result == LinkResult(outcome=Linked.NEW, granted_claims=0)
    assert (account.player, account.linked_at, account.name) == (player, NOW, "nova_live")
    assert LinkEvent.objects.get().actor == "player"


def test_link_player_grants_what_was_held() -> None:
    player, account = make_player(), make_account()
    held = [make_claim(account=account) for _ in range(3)]
    another = make_claim()

    result = link(player, account.pk)

    granted = Claim.objects.filter(status=Claim.Status.GRANTED)
    assert result.granted_claims == 3
    assert set(granted) == set(held)
    assert set(Entitlement.objects.values_list("player", flat=True)) == {player.pk}
    assert Claim.objects.get(pk=another.pk).status == Claim.Status.HELD


def test_link_player_twice_replaces_the_grant() -> None:
    player = make_player()
    link(player, "kick:1", token="first")

    result = link(player, "kick:1", token="second")

    assert result.outcome == Linked.RENEWED
    assert decrypt(Authorization.objects.get().encrypted_refresh_token) == "second"
    assert PlatformAccount.objects.get().linked_at == NOW


def test_link_player_with_a_taken_account_forgets_the_grant() -> None:
    owner = make_player()
    link(owner, "kick:1", token="live")

    with pytest.raises(AccountTaken):
        link(make_player(), "kick:1", token="fresh")

    assert decrypt(Authorization.objects.get().encrypted_refresh_token) == "live"
    assert not Deauthorization.objects.exists()


def test_link_player_with_another_account_revokes_the_fresh_grant() -> None:
    player = make_player()
    link(player, "kick:1")

    with pytest.raises(PlayerHasAnotherAccount) as refusal:
        link(player, "kick:2", token="fresh")

    deauthorization = Deauthorization.objects.get()
    assert refusal.value.account.pk == deauthorization.account_id == "kick:2"
    assert decrypt(deauthorization.encrypted_refresh_token) == "fresh"
    assert PlatformAccount.objects.get(pk="kick:2").player is None


def test_link_player_both_of_whom_are_linked_elsewhere_revokes_nothing() -> None:
    player, other = make_player(), make_player()
    link(player, "kick:1")
    link(other, "kick:2")

    with pytest.raises(AccountTaken):
        link(player, "kick:2")

    assert not Deauthorization.objects.exists()


def test_link_player_overtakes_pending_revocations() -> None:
    account = make_account()
    deauthorization = revocation_of(account)
    other = revocation_of(make_account())

    link(make_player(), account.pk)

    deauthorization.refresh_from_db()
    other.refresh_from_db()
    assert (deauthorization.outcome, deauthorization.ended_at) == ("OVERTAKEN", NOW)
    assert bytes(deauthorization.encrypted_refresh_token) == b""
    assert other.outcome == "PENDING"


def test_link_player_while_kick_is_told_to_revoke_is_refused() -> None:
    account = make_account()
    revocation_of(account, sending_since=NOW - SECOND)

    with pytest.raises(DeauthorizationUnderWay):
        link(make_player(), account.pk)

    # The fresh grant is to go too, unless the player connects again first.
    assert Deauthorization.objects.filter(outcome="PENDING").count() == 2


def test_link_player_just_after_a_revocation_that_may_have_hit_it_is_refused() -> None:
    account = make_account()
    revocation_of(account, outcome="REVOKED", next_attempt_at=None, ended_at=NOW)

    with pytest.raises(DeauthorizationUnderWay):
        link(make_player(), account.pk, now=NOW)

    assert link(make_player(), account.pk, now=NOW + SECOND).outcome == Linked.NEW


def test_link_player_after_a_worker_died_while_telling_kick() -> None:
    account = make_account()
    deauthorization = revocation_of(account, sending_since=NOW - timedelta(minutes=4))

    link(make_player(), account.pk)

    deauthorization.refresh_from_db()
    assert deauthorization.outcome == "OVERTAKEN"


def test_unlink_player_leaves_what_was_granted() -> None:
    player, account = make_player(), make_account()
    make_claim(account=account)
    link(player, account.pk, token="live")

    unlink_player(player=player, platform="kick", now=NOW + SECOND)

    deauthorization = Deauthorization.objects.get()
    account.refresh_from_db()
    assert (account.player, account.linked_at) == (None, None)
    assert Entitlement.objects.get().player == player
    assert decrypt(deauthorization.encrypted_refresh_token) == "live"
    assert deauthorization.next_attempt_at == NOW + SECOND
    assert not Authorization.objects.exists()


def test_unlink_player_twice_raises_not_linked() -> None:
    player = make_player()
    link(player, "kick:1")
    unlink_player(player=player, platform="kick", now=NOW)

    with pytest.raises(NotLinked):
        unlink_player(player=player, platform="kick", now=NOW)

    assert LinkEvent.objects.filter(kind=LinkEvent.Kind.UNLINKED).count() == 1


def test_relink_to_another_player_grants_later_claims_to_that_one() -> None:
    first, second, account = make_player(), make_player(), make_account()
    make_claim(account=account)
    link(first, account.pk)
    unlink_player(player=first, platform="kick", now=NOW)
    make_claim(account=account)

    link(second, account.pk, now=NOW + SECOND)

    owners = Entitlement.objects.order_by("pk").values_list("player", flat=True)
    assert list(owners) == [first.pk, second.pk]


def test_link_in_a_transaction_that_fails_changes_nothing() -> None:
    player, account = make_player(), make_account()
    make_claim(account=account)

    with transaction.atomic():
        link(player, account.pk)
        transaction.set_rollback(True)

    assert not LinkEvent.objects.exists()
    assert not Entitlement.objects.exists()


def test_unique_key_refuses_two_accounts_of_one_player() -> None:
    player = make_player()
    make_account(player=player)

    with pytest.raises(IntegrityError), transaction.atomic():
        make_account(player=player)


@pytest.mark.parametrize("fields", [{"linked_at": None}, {"player": None}])
def test_link_and_its_time_go_together(fields: dict[str, None]) -> None:
    account = make_account(player=make_player())

    with pytest.raises(IntegrityError), transaction.atomic():
        PlatformAccount.objects.filter(pk=account.pk).update(**fields)


def _outcome(player: Player, account_key: str) -> str:
    try:
        return link(player, account_key).outcome
    except LinkRefused as refusal:
        return type(refusal).__name__


@pytest.mark.django_db(transaction=True)
def test_race_of_two_players_for_one_account_has_one_winner() -> None:
    for number in range(races(100)):
        user_id, players = str(1000 + number), [make_player(), make_player()]
        if number % 2:
            make_account(user_id=user_id)

        outcomes = at_once([partial(_outcome, player, f"kick:{user_id}") for player in players])

        assert sorted(outcomes) == ["AccountTaken", "new"]
    assert not Deauthorization.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_race_of_one_player_for_two_accounts_has_one_winner() -> None:
    for number in range(races(100)):
        player, keys = make_player(), [f"kick:{n + number}" for n in (2000, 7000)]

        outcomes = at_once([partial(_outcome, player, key) for key in keys])

        assert sorted(outcomes) == ["PlayerHasAnotherAccount", "new"]
    # Each loser's account isn't linked, and its authorization is to be ended.
    assert Deauthorization.objects.count() == races(100)


@pytest.mark.django_db(transaction=True)
def test_race_of_link_and_unlink_leaves_a_grant_exactly_when_linked() -> None:
    player, account_key = make_player(), "kick:42"
    link(player, account_key)

    def unlink() -> str:
        try:
            unlink_player(player=player, platform="kick", now=NOW)
        except NotLinked:
            return "not linked"
        return "unlinked"

    for _ in range(races(100)):
        at_once([unlink, partial(_outcome, player, account_key), unlink])

        is_linked = PlatformAccount.objects.filter(pk=account_key, player=player).exists()
        assert Authorization.objects.exists() is is_linked


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_race_that_the_check_cannot_see_is_decided_by_the_unique_key() -> None:
    """The other link commits after the check and before the write."""
    player = make_player()
    first, second = make_account(), make_account()

    is_linked = threading.Event()

    def link_and_commit_late() -> str:
        with transaction.atomic():
            link(player, first.pk)
            is_linked.set()
            _wait_until_somebody_waits()
        return "committed"

    def link_meanwhile() -> str:
        is_linked.wait(timeout=10)
        return _outcome(player, second.pk)

    outcomes = at_once([link_and_commit_late, link_meanwhile])

    assert outcomes == ["committed", "PlayerHasAnotherAccount"]


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_unlink_player_never_ends_the_link_of_whoever_came_next() -> None:
    """The account is linked to another player after it was read and before it is locked."""
    player, heir, account = make_player(), make_player(), make_account()
    link(player, account.pk)
    is_moved = threading.Event()

    def move_and_commit_late() -> None:
        with transaction.atomic():
            unlink_player(player=player, platform="kick", now=NOW)
            link(heir, account.pk, now=NOW + SECOND)
            is_moved.set()
            _wait_until_somebody_waits()

    def unlink_meanwhile() -> None:
        is_moved.wait(timeout=10)
        with pytest.raises(NotLinked):
            unlink_player(player=player, platform="kick", now=NOW)

    at_once([move_and_commit_late, unlink_meanwhile])

    account.refresh_from_db()
    assert account.player == heir


def _wait_until_somebody_waits() -> None:
    with connection.cursor() as cursor:
        for _ in range(500):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01)"
                " WHERE wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
