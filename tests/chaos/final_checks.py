"""The comparison. Each check says how much it looked at, and names what is wrong."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from tests.chaos.facts import SENT, Facts, KickClaim, LedgerClaim, Owed
from tests.chaos.link_intervals import LinkInterval, distance_to, overlaps
from tests.chaos.points import ended_rightly, points_are_those_of_accepted
from tests.chaos.world import OURS

# `granted_at` and a link's time are taken just before the lock that puts the two in order, so they
# may be the other way round by as long as that lock was waited for.
LOCK_IS_WAITED_FOR = timedelta(seconds=5)
NOT_CONFIRMED = ("UNCONFIRMED", "NOT_OURS")
# 401 while a key's rotation goes unnoticed; 503 while the database is away; None: no answer came.
WEBHOOK_ANSWERS = (None, 200, 401, 503)


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    looked_at: int
    wrong: list[str]


Finding = tuple[int, Iterable[str]]


def check_all(facts: Facts) -> list[Check]:
    return [Check(name, *_listed(check(facts))) for name, check in CHECKS.items()]


def _listed(finding: Finding) -> tuple[int, list[str]]:
    looked_at, wrong = finding
    return looked_at, sorted(wrong)


def _by_id(facts: Facts) -> dict[str, LedgerClaim]:
    return {claim.claim_id: claim for claim in facts.claims}


def _ours(facts: Facts) -> list[KickClaim]:
    return [claim for claim in facts.kick_claims if claim.organization == OURS]


def _granted(facts: Facts) -> list[LedgerClaim]:
    return [claim for claim in facts.claims if claim.status == "GRANTED"]


# --- Never lost --------------------------------------------------------------------------------


def recorded_once(facts: Facts) -> Finding:
    times = Counter(claim.claim_id for claim in facts.claims)
    return len(_ours(facts)), (
        f"{claim.claim_id} is in the ledger {times[claim.claim_id]} times"
        for claim in _ours(facts)
        if times[claim.claim_id] != 1
    )


def recorded_as_claimed(facts: Facts) -> Finding:
    at_kick = {claim.claim_id: claim for claim in facts.kick_claims}
    return len(facts.claims), (
        f"{claim.claim_id} is not what Kick shows"
        for claim in facts.claims
        if (kick := at_kick.get(claim.claim_id)) is None
        or (kick.account_id, kick.campaign_id, kick.reward_id)
        != (claim.account_id, claim.campaign_id, claim.reward_id)
    )


def acknowledged_is_there(facts: Facts) -> Finding:
    recorded = _by_id(facts)
    acknowledged = [one.claim_id for one in facts.deliveries if one.status == 200]
    return len(acknowledged), {
        f"{claim_id} was answered with 200 and is not there"
        for claim_id in acknowledged
        if claim_id not in recorded
    }


def answered_properly(facts: Facts) -> Finding:
    return len(facts.deliveries), (
        f"{one.claim_id} ({one.fault or 'no fault'}) was answered with {one.status}"
        for one in facts.deliveries
        if one.status not in WEBHOOK_ANSWERS or (one.fault == "corrupt" and one.status == 200)
    )


# --- Never twice -------------------------------------------------------------------------------


def granted_each_item_once(facts: Facts) -> Finding:
    owed = facts.owed_by_claim
    granted = _granted(facts)
    return len(granted), (
        f"{claim.claim_id} has {got}, not {wanted}"
        for claim in granted
        if (got := sorted((one.sku, one.quantity) for one in owed.get(claim.claim_id, [])))
        != (wanted := sorted(facts.items.get(claim.reward_id, {}).items()))
    )


def nothing_else_granted(facts: Facts) -> Finding:
    granted = {claim.claim_id for claim in _granted(facts)}
    return len(facts.owed), (
        f"{owed.sku} is owed for {owed.claim_id}, which is not granted"
        for owed in facts.owed
        if owed.claim_id not in granted
    )


def handed_out_once(facts: Facts) -> Finding:
    noted = {(one.claim_id, one.sku): one.fulfilment_id for one in facts.owed}
    return len(facts.handed_out), (
        f"{item} was handed out as {sorted(under)}, and is noted as {noted.get(item) or 'owed'}"
        for item, under in facts.handed_out.items()
        if under != {noted.get(item)}
    )


# --- Never to the wrong one --------------------------------------------------------------------


def granted_to_the_linked(facts: Facts) -> Finding:
    owed = list(outside_of_links(facts))
    return len(owed), (
        f"{one.claim_id}: player {one.player_id} was not linked when it was granted"
        for one, distance in owed
        if distance > LOCK_IS_WAITED_FOR
    )


def outside_of_links(facts: Facts) -> Iterator[tuple[Owed, timedelta]]:
    """For what is owed: how far from its player's link the claim was granted, by the clock."""
    intervals: defaultdict[tuple[str, int], list[LinkInterval]] = defaultdict(list)
    for interval in facts.link_intervals:
        intervals[interval.account_id, interval.player_id].append(interval)
    claims = _by_id(facts)
    for one in facts.owed:
        claim = claims[one.claim_id]
        if claim.granted_at is not None:
            linked = intervals[claim.account_id, one.player_id]
            yield one, distance_to(claim.granted_at, linked)


def linked_one_to_one(facts: Facts) -> Finding:
    twice = [
        *overlaps(facts.link_intervals, lambda interval: f"account {interval.account_id}"),
        *overlaps(facts.link_intervals, lambda interval: f"player {interval.player_id}"),
    ]
    return len(facts.link_intervals), (
        f"{owner} was linked twice at {began}"
        for owner, began, lasted in twice
        if lasted > LOCK_IS_WAITED_FOR
    )


def foreign_never_granted(facts: Facts) -> Finding:
    foreign = {claim.claim_id for claim in facts.kick_claims if claim.organization != OURS}
    seen = [claim for claim in facts.claims if claim.claim_id in foreign]
    return len(seen), (
        f"{claim.claim_id} is another organization's and is {claim.status} {claim.hold_reason}"
        for claim in seen
        if claim.hold_reason not in NOT_CONFIRMED
    )


# --- Never silent ------------------------------------------------------------------------------


def held_for_a_reason(facts: Facts) -> Finding:
    held = [claim for claim in facts.claims if claim.status == "HELD"]
    ours = {claim.claim_id for claim in _ours(facts)}
    return len(held), (
        f"{claim.claim_id} is held as {claim.hold_reason}, not as {reason or 'anything'}"
        for claim in held
        if (reason := _reason(claim, facts, is_ours=claim.claim_id in ours)) != claim.hold_reason
    )


def _reason(claim: LedgerClaim, facts: Facts, *, is_ours: bool) -> str:
    if not is_ours:
        return claim.hold_reason if claim.hold_reason in NOT_CONFIRMED else "UNCONFIRMED"
    if (claim.campaign_id, claim.reward_id) not in facts.pairs:
        return "nothing: Kick's API shows it"
    if claim.reward_id not in facts.items:
        return "UNMAPPED_REWARD"
    return "" if claim.account_id in facts.linked else "NOT_LINKED"


# --- Kick is told ------------------------------------------------------------------------------


def processed_at_kick(facts: Facts) -> Finding:
    owed = facts.owed_by_claim
    ours = _ours(facts)

    def is_fulfilled(claim_id: str) -> bool:
        statuses = {one.status for one in owed.get(claim_id, [])}
        return statuses == {"FULFILLED"}

    return sum(is_fulfilled(claim.claim_id) for claim in ours), (
        f"{claim.claim_id} reads {claim.external_status} at Kick and"
        f" {'is' if is_fulfilled(claim.claim_id) else 'is not'} fulfilled"
        for claim in ours
        if (claim.external_status == "processed") != is_fulfilled(claim.claim_id)
    )


def reported_as_processed(facts: Facts) -> Finding:
    at_kick = {claim.claim_id: claim.external_status for claim in _ours(facts)}
    ours = [claim for claim in facts.claims if claim.claim_id in at_kick]
    return len(ours), (
        f"the report of {claim.claim_id} is {claim.report or 'missing'},"
        f" and Kick shows {at_kick[claim.claim_id]}"
        for claim in ours
        if claim.report != (SENT if at_kick[claim.claim_id] == "processed" else "")
    )


def within_the_budget(facts: Facts) -> Finding:
    """No minute has more than a tenth above the budget."""
    at = sorted(facts.requested_at)
    allowed = 1.1 * facts.requests_per_minute
    first, wrong = 0, set()
    for last, moment in enumerate(at):
        while moment - at[first] >= timedelta(minutes=1):
            first += 1
        if last - first + 1 > allowed:
            wrong.add(f"{at[first]:%H:%M} had {last - first + 1} requests in a minute")
    return len(at), wrong


def redemptions_ended(facts: Facts) -> Finding:
    return ended_rightly(facts.points)


def points_add_up(facts: Facts) -> Finding:
    return points_are_those_of_accepted(facts.points)


CHECKS: dict[str, Callable[[Facts], Finding]] = {
    "claims at Kick that are in the ledger, once": recorded_once,
    "claims in the ledger with what Kick shows": recorded_as_claimed,
    "answers of 200 whose claim is there": acknowledged_is_there,
    "webhooks answered 200, 401, 503 or not at all": answered_properly,
    "granted claims with each item once": granted_each_item_once,
    "entitlements of a claim that is granted": nothing_else_granted,
    "entitlements handed out once": handed_out_once,
    "entitlements of the player who was linked": granted_to_the_linked,
    "links, one to one both ways at any time": linked_one_to_one,
    "claims of another organization, never granted": foreign_never_granted,
    "held claims whose reason holds": held_for_a_reason,
    "fulfilled claims that read processed at Kick, and no other": processed_at_kick,
    "requests of jobs, within their budget in each minute": within_the_budget,
    "redemptions accepted with their item, or rejected without": redemptions_ended,
    "points taken, all of them for accepted redemptions": points_add_up,
    "reports sent exactly for the claims that read processed at Kick": reported_as_processed,
}
