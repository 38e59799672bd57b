"""Channel points in the end: what Kick shows, what we have, and whether the sums are right."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from claims.models import Claim, Entitlement, Redemption
from tests.local_kick_process import LocalKick

SOURCE = "kick_channel_rewards"
SKU = "item-0"
POINTS_TO_BEGIN_WITH = 10_000


@dataclass(frozen=True, slots=True)
class RedemptionFact:
    """`status` and `answered_by` as Kick shows them. `claim` is the claim's status here, or ""."""

    redemption_id: str
    status: str
    answered_by: str
    points: int
    state: str = ""
    claim: str = ""
    items: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PointsFacts:
    redemptions: tuple[RedemptionFact, ...] = ()
    points_taken: int = 0


def read_points(kick: LocalKick) -> PointsFacts:
    told = kick.call("GET", "dump/redemptions")
    states = dict(Redemption.objects.values_list("redemption_id", "state"))
    claims = dict(Claim.objects.filter(source=SOURCE).values_list("pk", "status"))
    items: dict[str, list[tuple[str, int, str]]] = {}
    rows = Entitlement.objects.filter(claim__source=SOURCE)
    for one in rows:
        # A delivered item stays delivered. That it was to be revoked is noted on it.
        state = "REVOKED" if one.revoked_at else one.status
        items.setdefault(one.claim_id, []).append((one.sku, one.quantity, state))
    return PointsFacts(
        redemptions=tuple(_fact(one, states, claims, items) for one in told["redemptions"]),
        points_taken=sum(POINTS_TO_BEGIN_WITH - one["points"] for one in told["balances"]),
    )


def _fact(
    one: dict[str, Any],
    states: dict[str, str],
    claims: dict[str, str],
    items: dict[str, list[tuple[str, int, str]]],
) -> RedemptionFact:
    claim_id = f"{SOURCE}:{one['id']}"
    return RedemptionFact(
        redemption_id=one["id"],
        status=one["status"],
        answered_by=one["answered_by"],
        points=one["points"],
        state=states.get(one["id"], ""),
        claim=claims.get(claim_id, ""),
        items=tuple(items.get(claim_id, [])),
    )


def ended_rightly(facts: PointsFacts) -> tuple[int, Iterable[str]]:
    """Accepted with the item once, or rejected without one."""
    return len(facts.redemptions), (
        f"{one.redemption_id} is {one.status} by {one.answered_by or 'no one'}, here"
        f" {one.state or 'unknown'}, its claim is {one.claim or 'missing'} with {one.items}"
        for one in facts.redemptions
        if not _is_right(one)
    )


def _is_right(one: RedemptionFact) -> bool:
    is_by_hand = one.answered_by == "the streamer"
    is_granted = one.claim == "GRANTED" and [item[:2] for item in one.items] == [(SKU, 1)]
    if one.status == "accepted":
        # By hand, the viewer may not be linked yet, or the limit may be reached: staff decide.
        waits = one.claim == "HELD" and not one.items
        needs_decision = one.state == "STUCK" and not one.claim
        return is_granted or (is_by_hand and (waits or needs_decision))
    if one.status == "rejected":
        # By hand, the item may have been granted before.
        is_revoked = all(state == "REVOKED" for _, _, state in one.items)
        return not one.claim or (is_by_hand and is_revoked)
    return False


def points_are_those_of_accepted(facts: PointsFacts) -> tuple[int, Iterable[str]]:
    accepted = sum(one.points for one in facts.redemptions if one.status == "accepted")
    wrong = f"{facts.points_taken} points were taken, {accepted} for accepted redemptions"
    return facts.points_taken, [wrong] if facts.points_taken != accepted else []
