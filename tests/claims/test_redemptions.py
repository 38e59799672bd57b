"""Redemptions end accepted with the item, or rejected with the points back and no item."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest

from claims.models import (
    Channel,
    ChannelBan,
    ChannelReward,
    Claim,
    Entitlement,
    Offer,
    OfferUse,
    Pause,
    Redemption,
    RewardItem,
)
from claims.redemptions import (
    Hint,
    note_ban,
    note_hint,
    settle_redemptions,
    wake_redemptions_of,
)
from claims.source import ListedRedemption, RedemptionStatus, Unanswered
from core.leases import lease
from tests.claims.make_offers import NOW, make_channel
from tests.claims.points_platform import (
    CHANNEL,
    NAME,
    VIEWER,
    PointsPlatform,
    connect,
    keep,
    link,
    make_points_offer,
    settle,
    states,
)
from tests.factories import make_player
from tests.hand_clock import HandClock
from tests.threads import at_once

pytestmark = pytest.mark.django_db

Status = RedemptionStatus
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def make_platform(**fields: object) -> PointsPlatform:
    """With one offer in one connected channel, whose reward is on the platform."""
    make_points_offer(**fields)
    connect()
    platform = PointsPlatform()
    keep(platform)
    platform.calls.clear()
    return platform


def hint(redemption_id: str, **fields: object) -> str:
    known = {
        "redemption_id": redemption_id,
        "reward_id": "01REWARD000000",
        "account": VIEWER,
        "channel_id": CHANNEL,
        "status": Status.PENDING,
        "redeemed_at": NOW,
        "message_id": "message",
    }
    return note_hint(Hint(**{**known, **fields}), source=NAME, now=NOW)  # type: ignore[arg-type]


def granted() -> int:
    return Entitlement.objects.filter(status=Entitlement.Status.GRANTED).count()


class TestLinked:
    @pytest.fixture
    def platform(self) -> PointsPlatform:
        platform = make_platform()
        link(make_player())
        return platform

    @pytest.mark.parametrize("seen_by", ["event", "list", "both"])
    def test_the_item_is_granted_and_the_redemption_accepted(
        self, platform: PointsPlatform, seen_by: str
    ) -> None:
        redemption_id = platform.redeem()
        platform.shows_pending = seen_by != "event"
        if seen_by != "list":
            assert hint(redemption_id) == f"{NAME}:{redemption_id}"

        assert settle(platform, after=MINUTE) == 1

        assert platform.statuses() == [Status.ACCEPTED]
        assert states() == [(Redemption.State.ACCEPTED, "")]
        claim = Claim.objects.get()
        assert (claim.status, claim.source, claim.occurred_at) == ("GRANTED", NAME, NOW)
        assert granted() == 1

    def test_a_repeat_does_nothing(self, platform: PointsPlatform) -> None:
        redemption_id = platform.redeem()
        settle(platform, after=MINUTE)
        platform.calls.clear()

        for status in Status:
            assert hint(redemption_id, status=status, message_id="another")
        assert settle(platform, after=MINUTE) == 0

        assert platform.calls == []
        assert granted() == 1

    def test_the_item_is_committed_before_the_redemption_is_accepted(
        self, platform: PointsPlatform
    ) -> None:
        platform.redeem()
        seen: list[int] = []
        platform.before_answer = lambda: seen.append(granted())

        settle(platform, after=MINUTE)

        assert seen == [1]

    def test_a_lost_answer_is_read_before_anything_is_sent_again(
        self, platform: PointsPlatform
    ) -> None:
        platform.redeem()
        platform.lose_answers = 1
        assert settle(platform, after=MINUTE) == -1
        assert states() == [(Redemption.State.ACCEPTING, "")]

        assert settle(platform, after=5 * MINUTE) == 1

        assert platform.calls.count("accept") == 1
        assert states() == [(Redemption.State.ACCEPTED, "")]
        assert granted() == 1

    def test_the_list_is_not_believed_after_an_answer_was_sent(
        self, platform: PointsPlatform
    ) -> None:
        redemption_id = platform.redeem()
        platform.lose_answers = 1
        settle(platform, after=MINUTE)
        platform.calls.clear()
        listed = platform.redemptions[redemption_id]
        platform.answer_by_hand(redemption_id, Status.PENDING)  # so that it's listed once more
        before = platform.read_redemptions

        def read(token: str, ids: Sequence[str]) -> list[ListedRedemption]:
            platform.redemptions[redemption_id] = listed
            return before(token, ids)

        platform.read_redemptions = read  # type: ignore[method-assign]
        settle(platform, after=5 * MINUTE)

        assert "accept" not in platform.calls
        assert states() == [(Redemption.State.ACCEPTED, "")]

    def test_a_call_that_had_no_effect_is_sent_again(self, platform: PointsPlatform) -> None:
        redemption_id = platform.redeem()
        platform.lose_answers = 1
        settle(platform, after=MINUTE)
        platform.answer_by_hand(redemption_id, Status.PENDING)

        assert settle(platform, after=5 * MINUTE) == 1

        assert platform.statuses() == [Status.ACCEPTED]

    def test_a_streamer_who_rejects_between_grant_and_answer_takes_the_item_back(
        self, platform: PointsPlatform
    ) -> None:
        redemption_id = platform.redeem()
        platform.before_answer = lambda: platform.answer_by_hand(redemption_id, Status.REJECTED)

        settle(platform, after=MINUTE)
        settle(platform, after=2 * MINUTE)

        assert states() == [(Redemption.State.REJECTED, OfferUse.Refusal.BY_STREAMER)]
        assert Entitlement.objects.get().status == Entitlement.Status.REVOKED
        assert Claim.objects.get().status == Claim.Status.REVOKED

    def test_a_delivered_item_stays(self, platform: PointsPlatform) -> None:
        redemption_id = platform.redeem()

        def deliver_and_reject() -> None:
            fulfilled = Entitlement.Status.FULFILLED
            Entitlement.objects.update(
                status=fulfilled, fulfilled_at=NOW, fulfilment_id="f", revoked_at=None
            )
            platform.answer_by_hand(redemption_id, Status.REJECTED)

        platform.before_answer = deliver_and_reject
        settle(platform, after=MINUTE)
        settle(platform, after=2 * MINUTE)

        item = Entitlement.objects.get()
        assert item.status == Entitlement.Status.FULFILLED
        assert item.revoked_at

    @pytest.mark.parametrize("reason", [Unanswered.NOT_FOUND, Unanswered.NOT_OWNED])
    def test_an_answer_that_the_platform_refuses_for_good_needs_a_decision(
        self, platform: PointsPlatform, reason: Unanswered
    ) -> None:
        platform.failures[platform.redeem()] = reason

        assert settle(platform, after=MINUTE) == 1

        assert states() == [(Redemption.State.STUCK, "")]
        assert Redemption.objects.get().error == reason

    def test_a_reward_of_another_client_id_grants_nothing(self, platform: PointsPlatform) -> None:
        """We could neither accept nor refund."""
        platform.redeem(is_manageable=False)

        settle(platform, after=MINUTE)

        assert states() == [(Redemption.State.STUCK, "")]
        assert ChannelReward.objects.get().state == ChannelReward.State.FOREIGN
        assert not Claim.objects.exists()
        assert "accept" not in platform.calls

    def test_an_unknown_failure_is_tried_again(self, platform: PointsPlatform) -> None:
        redemption_id = platform.redeem()
        platform.failures[redemption_id] = Unanswered.UNKNOWN
        settle(platform, after=MINUTE)
        assert states() == [(Redemption.State.ACCEPTING, "")]

        del platform.failures[redemption_id]
        settle(platform, after=HOUR)

        assert states() == [(Redemption.State.ACCEPTED, "")]

    def test_a_redemption_of_another_viewer_than_the_event_says(
        self, platform: PointsPlatform
    ) -> None:
        hint(platform.redeem(account="kick:8"))

        settle(platform, after=MINUTE)

        assert states() == [(Redemption.State.STUCK, "")]
        assert not Claim.objects.exists()

    def test_a_copy_of_an_event_about_nothing(self, platform: PointsPlatform) -> None:
        hint("01REDEMPTION-THAT-NEVER-WAS")

        settle(platform, after=MINUTE)
        assert states() == [(Redemption.State.UNCONFIRMED, "")]
        settle(platform, after=DAY + HOUR)

        assert states() == [(Redemption.State.REJECTED, OfferUse.Refusal.UNKNOWN)]
        assert not Claim.objects.exists()

    def test_more_than_one_call_takes(self, platform: PointsPlatform) -> None:
        for number in range(60):
            platform.redeem(number)

        assert settle(platform, after=MINUTE) == 60

        assert platform.calls.count("accept") == 3
        assert granted() == 60

    def test_accepted_because_the_queue_was_skipped(self, platform: PointsPlatform) -> None:
        hint(platform.redeem(status=Status.ACCEPTED), status=Status.ACCEPTED)

        settle(platform, after=MINUTE)

        assert states() == [(Redemption.State.ACCEPTED, "")]
        assert granted() == 1
        assert "accept" not in platform.calls

    def test_accepted_by_hand_and_no_event_came(self, platform: PointsPlatform) -> None:
        """The list of accepted redemptions is read four times a day."""
        settle(platform, after=MINUTE)
        for number in range(120):  # more than one run reads
            platform.redeem(number, status=Status.ACCEPTED)
        settle(platform, after=HOUR)
        assert not Redemption.objects.exists()

        for number in range(4):
            settle(platform, after=7 * HOUR + number * MINUTE)

        assert set(states()) == {(Redemption.State.ACCEPTED, "")}
        assert granted() == Redemption.objects.count() == 120
        platform.calls.clear()
        settle(platform, after=8 * HOUR)
        assert platform.calls == ["list pending"]

    @pytest.mark.parametrize("is_first_pending", [True, False])
    def test_rejected_by_the_streamer_at_once(
        self, platform: PointsPlatform, is_first_pending: bool
    ) -> None:
        redemption_id = platform.redeem(status=Status.REJECTED)
        hint(redemption_id, status=Status.PENDING if is_first_pending else Status.REJECTED)

        settle(platform, after=MINUTE)

        assert states() == [(Redemption.State.REJECTED, OfferUse.Refusal.BY_STREAMER)]
        assert not Claim.objects.exists()


class TestNotLinked:
    @pytest.fixture
    def platform(self) -> PointsPlatform:
        platform = make_platform()
        platform.redeem()
        settle(platform, after=MINUTE)
        return platform

    def test_it_waits_without_a_claim(self, platform: PointsPlatform) -> None:
        assert states() == [(Redemption.State.OPEN, "")]
        assert OfferUse.objects.get().due_at == NOW + DAY
        assert not Claim.objects.exists()
        platform.calls.clear()
        assert settle(platform, after=MINUTE + MINUTE / 2) == 0
        assert platform.calls == []

    def test_a_link_in_time_grants_and_accepts(self, platform: PointsPlatform) -> None:
        link(make_player())
        assert wake_redemptions_of(account_id=VIEWER, now=NOW + HOUR) == 1

        assert settle(platform, after=HOUR) == 1

        assert platform.statuses() == [Status.ACCEPTED]
        assert granted() == 1

    def test_without_a_link_the_points_go_back(self, platform: PointsPlatform) -> None:
        assert settle(platform, after=DAY + MINUTE) == 1

        assert platform.statuses() == [Status.REJECTED]
        assert states() == [(Redemption.State.REJECTED, OfferUse.Refusal.NOT_LINKED)]
        link(make_player())
        assert wake_redemptions_of(account_id=VIEWER, now=NOW + 2 * DAY) == 0
        assert settle(platform, after=2 * DAY) == 0
        assert not Claim.objects.exists()

    def test_nothing_is_granted_after_our_rejection_was_sent(
        self, platform: PointsPlatform
    ) -> None:
        platform.lose_answers = 1
        settle(platform, after=DAY + MINUTE)
        link(make_player())
        wake_redemptions_of(account_id=VIEWER, now=NOW + DAY + MINUTE)

        settle(platform, after=DAY + HOUR)

        assert platform.statuses() == [Status.REJECTED]
        assert not Claim.objects.exists()

    def test_accepted_by_hand_the_item_waits_for_the_link(self, platform: PointsPlatform) -> None:
        """The points can't be given back any more."""
        (redemption_id,) = platform.redemptions
        platform.answer_by_hand(redemption_id, Status.ACCEPTED)

        settle(platform, after=DAY + MINUTE)

        claim = Claim.objects.get()
        assert (claim.status, claim.hold_reason) == ("HELD", "NOT_LINKED")
        assert states() == [(Redemption.State.ACCEPTED, "")]

    def test_accepted_by_hand_just_before_our_rejection(self, platform: PointsPlatform) -> None:
        (redemption_id,) = platform.redemptions
        platform.before_answer = lambda: platform.answer_by_hand(redemption_id, Status.ACCEPTED)
        settle(platform, after=DAY + MINUTE)

        settle(platform, after=DAY + HOUR)

        assert states() == [(Redemption.State.ACCEPTED, "")]
        assert Claim.objects.get().hold_reason == "NOT_LINKED"


class TestRefused:
    def refused(self, platform: PointsPlatform) -> str:
        settle(platform, after=MINUTE)
        settle(platform, after=2 * MINUTE)
        assert platform.statuses() == [Status.REJECTED]
        assert not Claim.objects.exists()
        ((state, refusal),) = states()
        assert state == Redemption.State.REJECTED
        return refusal

    @pytest.fixture
    def platform(self) -> PointsPlatform:
        platform = make_platform(limit_per_player=1, ends_at=NOW + DAY)
        link(make_player())
        return platform

    def test_after_the_offer(self, platform: PointsPlatform) -> None:
        platform.redeem(at=NOW + DAY)

        assert self.refused(platform) == OfferUse.Refusal.NOT_RUNNING

    def test_in_a_channel_that_is_not_active_any_more(self, platform: PointsPlatform) -> None:
        platform.redeem()
        Channel.objects.update(is_active=False)

        assert self.refused(platform) == OfferUse.Refusal.CHANNEL_LEFT

    def test_while_the_channel_leaves(self, platform: PointsPlatform) -> None:
        platform.redeem(account="kick:9")
        Channel.objects.update(leaving_at=NOW)

        assert self.refused(platform) == OfferUse.Refusal.CHANNEL_LEFT

    def test_by_the_owner(self, platform: PointsPlatform) -> None:
        platform.redeem(account=CHANNEL)

        assert self.refused(platform) == OfferUse.Refusal.OWN_CHANNEL

    @pytest.mark.parametrize(
        ("expires_after", "is_refused"), [(None, True), (DAY, True), (-DAY, False)]
    )
    def test_banned_from_the_channel(
        self, platform: PointsPlatform, expires_after: timedelta | None, is_refused: bool
    ) -> None:
        ban = {"channel_id": CHANNEL, "account_id": VIEWER, "banned_at": NOW}
        assert note_ban(**ban, expires_at=expires_after and NOW + expires_after)
        platform.redeem()

        settle(platform, after=MINUTE)

        ((_, refusal),) = states()
        assert refusal == (OfferUse.Refusal.BANNED if is_refused else "")

    def test_older_copy_of_a_ban_changes_nothing(self) -> None:
        make_channel()
        ban = {"channel_id": CHANNEL, "account_id": VIEWER}
        note_ban(**ban, banned_at=NOW, expires_at=NOW + DAY)

        assert note_ban(**ban, banned_at=NOW - DAY, expires_at=None)
        assert not note_ban(**ban | {"channel_id": "kick:2"}, banned_at=NOW, expires_at=None)

        assert ChannelBan.objects.get().expires_at == NOW + DAY

    def test_without_an_item(self, platform: PointsPlatform) -> None:
        platform.redeem()
        RewardItem.objects.all().delete()

        assert self.refused(platform) == OfferUse.Refusal.NO_ITEM

    def test_over_a_limit(self, platform: PointsPlatform) -> None:
        platform.redeem(1)
        platform.redeem(2)

        settle(platform, after=MINUTE)

        assert sorted(platform.statuses()) == [Status.ACCEPTED, Status.REJECTED]
        assert sorted(refusal for _, refusal in states()) == ["", OfferUse.Refusal.PER_PLAYER]
        assert granted() == 1

    def test_over_a_limit_but_accepted_by_hand(self, platform: PointsPlatform) -> None:
        """The points are spent, and a limit is a limit: staff decide."""
        hint(platform.redeem(1), status=Status.PENDING)
        settle(platform, after=MINUTE)
        hint(platform.redeem(2, status=Status.ACCEPTED), status=Status.ACCEPTED)

        settle(platform, after=2 * MINUTE)

        assert states()[1] == (Redemption.State.STUCK, OfferUse.Refusal.PER_PLAYER)
        assert granted() == 1

    def test_a_paused_reward_waits_for_staff(self, platform: PointsPlatform) -> None:
        pause = Pause.objects.create(
            reward=Offer.objects.get().reward, paused_at=NOW, paused_by="ops", reason="a bug"
        )
        platform.redeem()
        settle(platform, after=MINUTE)
        assert states() == [(Redemption.State.OPEN, "")]
        assert not Claim.objects.exists()

        pause.delete()
        settle(platform, after=3 * MINUTE)

        assert states() == [(Redemption.State.ACCEPTED, "")]


class TestToken:
    def test_without_a_connection_redemptions_wait(self) -> None:
        platform = make_platform()
        link(make_player())
        platform.redeem()

        assert settle(platform, after=DAY, has_token=False) == 0
        assert platform.calls == []  # the access token has expired

        settle(platform, after=DAY + MINUTE)
        assert platform.statuses() == [Status.ACCEPTED]


def test_an_event_about_a_reward_of_another_app_or_channel_is_ignored() -> None:
    make_platform()

    assert hint("01R", reward_id="01ANOTHER") == ""
    assert hint("01R", reward_id="") == ""
    assert hint("01R", channel_id="kick:2") == ""
    assert not Redemption.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgresql
def test_a_hundred_events_and_polls_of_one_redemption_at_once() -> None:
    platform = make_platform(limit_per_player=1)
    link(make_player())
    redemption_id = platform.redeem()

    def deliver_or_settle(number: int) -> None:
        if number % 4:
            hint(redemption_id, message_id=f"message {number}")
        else:
            settle_if_free(platform)

    at_once([partial(deliver_or_settle, number) for number in range(100)])
    settle(platform, after=5 * MINUTE)

    assert platform.calls.count("accept") == 1
    assert platform.statuses() == [Status.ACCEPTED]
    assert Claim.objects.count() == granted() == Redemption.objects.count() == 1


def settle_if_free(platform: PointsPlatform) -> None:
    clock = HandClock(NOW + MINUTE)
    with lease("settle", clock=clock, is_urgent=True) as held:
        if held:
            settle_redemptions(source=platform, clock=clock, held=held)
