"""Each final check fails for the fault that it is there to find."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.chaos.facts import (
    PENDING,
    SENT,
    Facts,
    KickClaim,
    KickDelivery,
    LedgerClaim,
    Owed,
)
from tests.chaos.final_checks import CHECKS, check_all
from tests.chaos.link_intervals import FOREVER, LinkInterval, distance_to, link_intervals_of
from tests.chaos.points import PointsFacts, RedemptionFact
from tests.chaos.world import OURS, THEIRS

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
STREAMER = "the streamer"
ITEM = (("item-0", 1, "GRANTED"),)


def sound_facts() -> Facts:
    """Three claims: one fulfilled, one held, one of another organization."""
    return Facts(
        kick_claims=[
            KickClaim("done", "kick:7", "campaign", "reward", "processed", OURS),
            KickClaim("held", "kick:8", "campaign", "reward", "initiated", OURS),
            KickClaim("theirs", "kick:7", "river", "shell", "initiated", THEIRS),
        ],
        deliveries=[
            KickDelivery("done", "", 200),
            KickDelivery("held", "drop", None),
            KickDelivery("held", "corrupt", 401),
            KickDelivery("theirs", "duplicate", 200),
        ],
        claims=[
            _claim("done", "kick:7", status="GRANTED", granted_at=NOON, report=SENT),
            _claim("held", "kick:8", status="HELD", hold_reason="NOT_LINKED"),
            replace(
                _claim("theirs", "kick:7", status="HELD", hold_reason="UNCONFIRMED"),
                campaign_id="river",
                reward_id="shell",
            ),
        ],
        owed=[Owed("done", 1, "cape", 2, "FULFILLED", "hand-out")],
        link_intervals=[
            LinkInterval("kick:7", 1, NOON - HOUR, NOON + HOUR),
            LinkInterval("kick:7", 2, NOON + 2 * HOUR, FOREVER),
        ],
        linked={"kick:7": 2},
        pairs={("campaign", "reward")},
        items={"reward": {"cape": 2}},
        handed_out={("done", "cape"): {"hand-out"}},
        points=PointsFacts(
            (
                RedemptionFact("granted", "accepted", "app", 100, "ACCEPTED", "GRANTED", ITEM),
                RedemptionFact("refunded", "rejected", "app", 100, "REJECTED"),
                RedemptionFact("unlinked", "accepted", STREAMER, 100, "ACCEPTED", "HELD"),
                RedemptionFact("over-limit", "accepted", STREAMER, 100, "STUCK"),
                RedemptionFact("undone", "rejected", STREAMER, 100, "REJECTED", "REVOKED"),
            ),
            points_taken=300,
        ),
        requested_at=[NOON + n * HOUR / 4000 for n in range(66)],
    )


def _claim(claim_id: str, account_id: str, **fields: object) -> LedgerClaim:
    defaults = {"hold_reason": "", "path": "WEBHOOK", "granted_at": None}
    return LedgerClaim(claim_id, account_id, "campaign", "reward", **(defaults | fields))


def red(facts: Facts) -> set[str]:
    return {CHECKS[check.name].__name__ for check in check_all(facts) if check.wrong}


def lost(facts: Facts) -> Facts:
    return replace(facts, claims=[claim for claim in facts.claims if claim.claim_id != "held"])


def recorded_twice(facts: Facts) -> Facts:
    return replace(facts, claims=[*facts.claims, facts.claims[1]])


def recorded_for_another(facts: Facts) -> Facts:
    return with_claim(facts, 1, account_id="kick:9")


def invented(facts: Facts) -> Facts:
    more = _claim("invented", "kick:8", status="HELD", hold_reason="UNCONFIRMED")
    return replace(facts, claims=[*facts.claims, more])


def answered_and_gone(facts: Facts) -> Facts:
    return replace(facts, deliveries=[*facts.deliveries, KickDelivery("gone", "", 200)])


def answered_500(facts: Facts) -> Facts:
    return replace(facts, deliveries=[*facts.deliveries, KickDelivery("done", "", 500)])


def forgery_accepted(facts: Facts) -> Facts:
    return replace(facts, deliveries=[*facts.deliveries, KickDelivery("done", "corrupt", 200)])


def item_missing(facts: Facts) -> Facts:
    return replace(facts, items={"reward": {"cape": 2, "hat": 1}})


def item_twice(facts: Facts) -> Facts:
    again = Owed("done", 1, "cape", 2, "FULFILLED", "hand-out")
    return replace(facts, owed=[*facts.owed, again])


def owed_for_held(facts: Facts) -> Facts:
    return replace(facts, owed=[*facts.owed, Owed("held", 2, "cape", 2, "GRANTED", "")])


def handed_out_twice(facts: Facts) -> Facts:
    return replace(facts, handed_out={("done", "cape"): {"hand-out", "another"}})


def hand_out_forgotten(facts: Facts) -> Facts:
    owed = replace(facts.owed[0], status="GRANTED", fulfilment_id="")
    return replace(facts, owed=[owed])


def granted_to_the_next(facts: Facts) -> Facts:
    return replace(facts, owed=[replace(facts.owed[0], player_id=2)])


def two_links_of_an_account(facts: Facts) -> Facts:
    return replace(
        facts, link_intervals=[*facts.link_intervals, LinkInterval("kick:7", 3, NOON, NOON + HOUR)]
    )


def two_links_of_a_player(facts: Facts) -> Facts:
    return replace(
        facts, link_intervals=[*facts.link_intervals, LinkInterval("kick:8", 1, NOON, NOON + HOUR)]
    )


def foreign_granted(facts: Facts) -> Facts:
    return with_claim(facts, 2, status="GRANTED", hold_reason="", granted_at=NOON)


def stranded(facts: Facts) -> Facts:
    return replace(facts, linked={"kick:7": 2, "kick:8": 1})


def unconfirmed_for_ever(facts: Facts) -> Facts:
    return with_claim(facts, 1, hold_reason="UNCONFIRMED")


def not_processed(facts: Facts) -> Facts:
    claims = [replace(facts.kick_claims[0], external_status="initiated"), *facts.kick_claims[1:]]
    return replace(facts, kick_claims=claims)


def processed_too_soon(facts: Facts) -> Facts:
    claim = replace(facts.kick_claims[1], external_status="processed")
    return replace(facts, kick_claims=[facts.kick_claims[0], claim, facts.kick_claims[2]])


def asked_too_often(facts: Facts) -> Facts:
    return replace(facts, requested_at=[NOON + n * HOUR / 4000 for n in range(67)])


def with_redemption(facts: Facts, place: int, **fields: object) -> Facts:
    redemptions = list(facts.points.redemptions)
    redemptions[place] = replace(redemptions[place], **fields)
    return replace(facts, points=replace(facts.points, redemptions=tuple(redemptions)))


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        (0, {"status": "pending"}),
        (0, {"claim": "HELD", "items": ()}),
        (0, {"items": ITEM * 2}),
        (0, {"items": ()}),
        (1, {"claim": "GRANTED", "items": ITEM}),
        (2, {"claim": ""}),
        (2, {"answered_by": "app"}),
        (3, {"state": "ACCEPTED"}),
        (4, {"claim": "GRANTED", "items": ITEM}),
    ],
)
def test_redemption_with_a_wrong_end_fails(place: int, fields: dict[str, object]) -> None:
    assert "redemptions_ended" in red(with_redemption(sound_facts(), place, **fields))


def test_points_that_do_not_add_up_fail() -> None:
    facts = sound_facts()
    spoilt = replace(facts, points=replace(facts.points, points_taken=301))

    assert red(spoilt) == {"points_add_up"}


def with_claim(facts: Facts, place: int, **fields: object) -> Facts:
    claims = list(facts.claims)
    claims[place] = replace(claims[place], **fields)
    return replace(facts, claims=claims)


CASES = {
    lost: "recorded_once",
    recorded_twice: "recorded_once",
    recorded_for_another: "recorded_as_claimed",
    invented: "recorded_as_claimed",
    answered_and_gone: "acknowledged_is_there",
    answered_500: "answered_properly",
    forgery_accepted: "answered_properly",
    item_missing: "granted_each_item_once",
    item_twice: "granted_each_item_once",
    owed_for_held: "nothing_else_granted",
    handed_out_twice: "handed_out_once",
    hand_out_forgotten: "handed_out_once",
    granted_to_the_next: "granted_to_the_linked",
    two_links_of_an_account: "linked_one_to_one",
    two_links_of_a_player: "linked_one_to_one",
    foreign_granted: "foreign_never_granted",
    stranded: "held_for_a_reason",
    unconfirmed_for_ever: "held_for_a_reason",
    not_processed: "processed_at_kick",
    processed_too_soon: "processed_at_kick",
    asked_too_often: "within_the_budget",
}


def test_sound_facts_pass_every_check() -> None:
    assert red(sound_facts()) == set()


@pytest.mark.parametrize(
    ("spoil", "check"), CASES.items(), ids=lambda case: getattr(case, "__name__", case)
)
def test_spoilt_facts_fail(spoil: Callable[[Facts], Facts], check: str) -> None:
    facts = spoil(sound_facts())

    assert check in red(facts)


@pytest.mark.parametrize(("place", "report"), [(0, ""), (0, PENDING), (1, PENDING), (1, SENT)])
def test_report_that_kick_contradicts_fails(place: int, report: str) -> None:
    facts = with_claim(sound_facts(), place, report=report)

    assert red(facts) == {"reported_as_processed"}


def test_every_check_has_a_case() -> None:
    checks = {check.__name__ for check in CHECKS.values()}

    others = {"reported_as_processed", "redemptions_ended", "points_add_up"}
    assert checks == {*CASES.values(), *others}


def test_spans_of_a_link_that_ended_and_one_that_lasts() -> None:
    events = [
        {"kind": "LINKED", "account_id": "kick:7", "player_id": 1, "at": NOON},
        {"kind": "RENEWED", "account_id": "kick:7", "player_id": 1, "at": NOON + HOUR},
        {"kind": "UNLINKED", "account_id": "kick:7", "player_id": 1, "at": NOON + 2 * HOUR},
        {"kind": "LINKED", "account_id": "kick:7", "player_id": 2, "at": NOON + 3 * HOUR},
    ]

    assert link_intervals_of(events) == [
        LinkInterval("kick:7", 1, NOON, NOON + 2 * HOUR),
        LinkInterval("kick:7", 2, NOON + 3 * HOUR, FOREVER),
    ]


@pytest.mark.parametrize(
    ("at", "distance"),
    [
        (NOON, timedelta(0)),
        (NOON - 3 * HOUR, 2 * HOUR),
        (NOON + 3 * HOUR, 2 * HOUR),
    ],
)
def test_distance_to_a_link(at: datetime, distance: timedelta) -> None:
    assert distance_to(at, [LinkInterval("kick:7", 1, NOON - HOUR, NOON + HOUR)]) == distance


def test_distance_without_any_link_is_endless() -> None:
    assert distance_to(NOON, []) == timedelta.max
