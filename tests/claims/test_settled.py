"""What a page of the claims API shows and nothing has to be done about."""

from dataclasses import replace
from datetime import datetime

import pytest

from claims.models import Claim
from claims.settled import find_unsettled
from platforms.kick.protocol.payloads import ApiClaim, ClaimPayload
from tests.factories import NOW, make_claim

pytestmark = pytest.mark.django_db


def shown(
    claim: Claim, *, external_status: str = "initiated", at: datetime | None = NOW
) -> ApiClaim:
    payload = ClaimPayload(
        claim.claim_id,
        str(claim.account_id),
        claim.campaign_id,
        claim.reward_id,
        claim.external_id,
    )
    return ApiClaim(payload, external_status, created_at=at, updated_at=None)


@pytest.mark.parametrize("status", [Claim.Status.GRANTED, Claim.Status.REVOKED])
def test_find_unsettled_leaves_out_what_is_final_and_as_shown(status: str) -> None:
    claim = make_claim(status=status, occurred_at=NOW)

    assert find_unsettled([shown(claim)]) == []


def test_find_unsettled_keeps_what_is_held_and_what_is_new() -> None:
    held = shown(make_claim(occurred_at=NOW))
    new = replace(held, payload=replace(held.payload, claim_id="01K0NEVERSEEN"))

    assert find_unsettled([held, new]) == [held, new]


@pytest.mark.parametrize("field", ["user_id", "campaign_id", "reward_id", "external_id"])
def test_find_unsettled_keeps_a_claim_with_other_contents(field: str) -> None:
    claim = make_claim(status=Claim.Status.GRANTED, occurred_at=NOW, external_id="cape")
    same = shown(claim)
    other = replace(same, payload=replace(same.payload, **{field: "7"}))

    assert find_unsettled([same, other]) == [other]


def test_find_unsettled_takes_an_external_id_that_one_side_lacks_for_no_difference() -> None:
    without = make_claim(status=Claim.Status.GRANTED, occurred_at=NOW)
    entry = shown(without)
    entry = replace(entry, payload=replace(entry.payload, external_id="cape"))

    assert find_unsettled([entry]) == []


def test_find_unsettled_keeps_what_the_page_knows_better() -> None:
    claim = make_claim(status=Claim.Status.GRANTED, occurred_at=None)
    timed = shown(claim)
    processed = shown(claim, external_status="processed", at=None)
    silent = shown(claim, external_status="", at=None)

    assert find_unsettled([timed, processed, silent]) == [timed, processed]
