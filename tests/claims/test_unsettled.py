"""Which claims of a page still have to be recorded."""

from dataclasses import replace
from typing import Any

import pytest

from claims.ledger import find_unsettled
from claims.models import Claim
from claims.source import Award
from tests.factories import NOW, make_claim, make_report

pytestmark = pytest.mark.django_db


def shown(claim: Claim, **changes: Any) -> Award:
    """The claim as the platform's API shows it."""
    award = Award(
        claim_id=claim.claim_id,
        account=claim.account_id,
        campaign_id=claim.campaign_id or "",
        reward_id=claim.reward_id,
        external_id=claim.external_id,
        quantity=claim.quantity,
        occurred_at=NOW,
        is_reported=False,
    )
    return replace(award, **changes)


@pytest.mark.parametrize("status", [Claim.Status.GRANTED, Claim.Status.REVOKED])
@pytest.mark.parametrize("fields", [{}, {"campaign": None}, {"quantity": 3}])
def test_find_unsettled_drops_final_claims_with_the_same_contents(
    status: str, fields: dict[str, Any]
) -> None:
    reward = make_claim().reward
    claim = make_claim(status=status, occurred_at=NOW, **{"reward": reward} | fields)

    assert find_unsettled([shown(claim)]) == []


def test_find_unsettled_keeps_held_and_new_claims() -> None:
    held = shown(make_claim(occurred_at=NOW))
    new = replace(held, claim_id="01K0NEVERSEEN")

    assert find_unsettled([held, new]) == [held, new]


@pytest.mark.parametrize(
    "changes",
    [
        {"account": "kick:7"},
        {"account": "twitch:7"},
        {"campaign_id": "7"},
        {"campaign_id": ""},
        {"reward_id": "7"},
        {"external_id": "7"},
        {"quantity": 7},
    ],
)
def test_find_unsettled_keeps_a_claim_with_other_contents(changes: dict[str, Any]) -> None:
    claim = make_claim(status=Claim.Status.GRANTED, occurred_at=NOW, external_id="cape")
    same, other = shown(claim), shown(claim, **changes)

    assert find_unsettled([same, other]) == [other]


def test_find_unsettled_ignores_an_external_id_that_one_side_lacks() -> None:
    without = make_claim(status=Claim.Status.GRANTED, occurred_at=NOW)

    assert find_unsettled([shown(without, external_id="cape")]) == []


def test_find_unsettled_keeps_a_claim_whose_time_is_new() -> None:
    claim = make_claim(status=Claim.Status.GRANTED, occurred_at=None)
    timed, untimed = shown(claim), shown(claim, occurred_at=None)

    assert find_unsettled([timed, untimed]) == [timed]


@pytest.mark.parametrize("is_reported", [True, False])
def test_find_unsettled_keeps_a_claim_whose_report_the_platform_contradicts(
    is_reported: bool,
) -> None:
    claim = make_claim(status=Claim.Status.GRANTED, occurred_at=NOW)
    make_report(claim, reported_at=NOW if is_reported else None)
    agreeing = shown(claim, is_reported=is_reported)
    contradicting = shown(claim, is_reported=not is_reported)
    silent = shown(claim, is_reported=None)

    assert find_unsettled([agreeing, contradicting, silent]) == [contradicting]


@pytest.mark.parametrize("is_reported", [True, False, None])
def test_find_unsettled_drops_a_claim_that_has_no_report_to_contradict(
    is_reported: bool | None,
) -> None:
    claim = make_claim(status=Claim.Status.GRANTED, occurred_at=NOW)

    assert find_unsettled([shown(claim, is_reported=is_reported)]) == []
