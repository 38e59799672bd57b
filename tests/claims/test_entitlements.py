import threading
from datetime import timedelta

import pytest
from django.db import connection

from claims.entitlements import (
    ReasonMissing,
    RevokedEntitlements,
    fulfil_entitlements,
    revoke_entitlements,
)
from claims.models import Entitlement, Report
from tests.factories import NOW, make_campaign, make_claim, make_entitlement
from tests.races import races

LATER = NOW + timedelta(minutes=5)


def fulfil(*entitlement_ids, fulfilment_id="grant-1", categories=(), now=LATER):
    return fulfil_entitlements(
        entitlement_ids=entitlement_ids,
        fulfilment_id=fulfilment_id,
        categories=categories,
        now=now,
    )


def revoke(*entitlement_ids, reason="refunded", now=LATER):
    return revoke_entitlements(entitlement_ids=entitlement_ids, reason=reason, now=now)


def two_of_one_claim(**claim):
    claim = make_claim(**{"status": "GRANTED"} | claim)
    return claim, make_entitlement(claim=claim), make_entitlement(claim=claim)


def has_report(claim):
    return Report.objects.pending().filter(claim=claim).exists()


@pytest.mark.django_db
class TestFulfil:
    def test_fulfil_granted(self):
        entitlement = make_entitlement()

        outcomes = fulfil(entitlement.public_id)

        assert outcomes == {entitlement.public_id: "fulfilled"}
        entitlement.refresh_from_db()
        assert entitlement.status == "FULFILLED"
        assert (entitlement.fulfilled_at, entitlement.fulfilment_id) == (LATER, "grant-1")

    def test_fulfil_again_with_the_same_fulfilment_id(self):
        entitlement = make_entitlement()
        fulfil(entitlement.public_id)

        outcomes = fulfil(entitlement.public_id, now=LATER + timedelta(days=1))

        assert outcomes == {entitlement.public_id: "fulfilled"}
        entitlement.refresh_from_db()
        assert entitlement.fulfilled_at == LATER

    def test_fulfil_again_with_another_fulfilment_id(self):
        entitlement = make_entitlement()
        fulfil(entitlement.public_id)

        outcomes = fulfil(entitlement.public_id, fulfilment_id="grant-2")

        assert outcomes == {entitlement.public_id: "already_fulfilled"}
        entitlement.refresh_from_db()
        assert entitlement.fulfilment_id == "grant-1"

    def test_fulfil_revoked(self):
        entitlement = make_entitlement(status="REVOKED")

        assert fulfil(entitlement.public_id) == {entitlement.public_id: "revoked"}

    @pytest.mark.parametrize(
        "text",
        ["", ":", "1", "x", "a:b:c", "a%3ab:c", "a:%FF", "a:%00", "a:\x00", "é:c", "9" * 5000],
    )
    def test_fulfil_what_is_no_id(self, text):
        make_entitlement()

        assert fulfil(text) == {text: "not_found"}
        assert not Entitlement.objects.exclude(status="GRANTED").exists()

    def test_fulfil_the_same_id_twice_in_one_call(self):
        entitlement = make_entitlement()

        assert fulfil(entitlement.public_id, entitlement.public_id) == {
            entitlement.public_id: "fulfilled"
        }

    def test_fulfil_keeps_the_order_of_the_ids(self):
        first, second = make_entitlement(), make_entitlement()

        assert list(fulfil(second.public_id, "x", first.public_id)) == [
            second.public_id,
            "x",
            first.public_id,
        ]

    @pytest.mark.parametrize("category", ["Chess", ""])
    def test_fulfil_of_another_category(self, category):
        claim = make_claim(status="GRANTED", campaign=make_campaign(category=category))
        entitlement = make_entitlement(claim=claim)

        outcomes = fulfil(entitlement.public_id, categories=["Rust"])

        assert outcomes == {entitlement.public_id: "not_found"}
        entitlement.refresh_from_db()
        assert entitlement.status == "GRANTED"

    def test_fulfil_of_the_keys_own_category(self):
        claim = make_claim(status="GRANTED", campaign=make_campaign(category="Rust"))
        entitlement = make_entitlement(claim=claim)

        assert fulfil(entitlement.public_id, categories=["Chess", "Rust"]) == {
            entitlement.public_id: "fulfilled"
        }

    def test_fulfil_leaves_siblings_that_were_not_named(self):
        claim, first, second = two_of_one_claim()

        fulfil(first.public_id)

        second.refresh_from_db()
        assert second.status == "GRANTED"
        assert not has_report(claim)

    def test_fulfil_the_last_of_a_claim_requests_its_report(self):
        claim, first, second = two_of_one_claim()
        fulfil(first.public_id)

        fulfil(second.public_id)

        assert has_report(claim)

    def test_fulfil_beside_a_revoked_one_requests_the_report(self):
        claim, first, second = two_of_one_claim()
        revoke(first.id)

        fulfil(second.public_id)

        assert has_report(claim)

    def test_fulfil_of_a_manual_grant_requests_no_report(self):
        claim = make_claim(status="GRANTED", source="manual", path="MANUAL", account=None)
        entitlement = make_entitlement(claim=claim)

        fulfil(entitlement.public_id)

        assert not has_report(claim)

    @pytest.mark.parametrize("count", [1, 30])
    def test_fulfil_in_a_constant_number_of_statements(self, count, django_assert_num_queries):
        made = [make_entitlement().public_id for _ in range(count)]

        # Entitlements, their update, the claims' reports. The savepoint is there because the test
        # runs in a transaction.
        with django_assert_num_queries(3 + 2):
            outcomes = fulfil(*made)

        assert set(outcomes.values()) == {"fulfilled"}
        assert Report.objects.count() == count


@pytest.mark.django_db
class TestRevoke:
    def test_revoke_granted(self):
        entitlement = make_entitlement()

        assert revoke(entitlement.id, reason=" refunded ") == RevokedEntitlements(1, 0, 0)

        entitlement.refresh_from_db()
        assert entitlement.status == "REVOKED"
        assert (entitlement.revoked_at, entitlement.revocation_reason) == (LATER, "refunded")

    def test_revoke_fulfilled_is_a_note(self):
        entitlement = make_entitlement(status="FULFILLED")

        assert revoke(entitlement.id) == RevokedEntitlements(0, 1, 0)

        entitlement.refresh_from_db()
        assert (entitlement.status, entitlement.fulfilled_at) == ("FULFILLED", NOW)
        assert (entitlement.revoked_at, entitlement.revocation_reason) == (LATER, "refunded")
        assert entitlement.claim.status == "GRANTED"

    @pytest.mark.parametrize("status", ["GRANTED", "FULFILLED"])
    def test_revoke_again_changes_nothing(self, status):
        entitlement = make_entitlement(status=status)
        revoke(entitlement.id)

        again = revoke(entitlement.id, reason="another", now=LATER + timedelta(days=1))

        assert again == RevokedEntitlements(0, 0, 1)
        entitlement.refresh_from_db()
        assert (entitlement.revoked_at, entitlement.revocation_reason) == (LATER, "refunded")

    @pytest.mark.parametrize("reason", ["", "  \n"])
    def test_revoke_without_a_reason(self, reason):
        entitlement = make_entitlement()

        with pytest.raises(ReasonMissing):
            revoke(entitlement.id, reason=reason)

        entitlement.refresh_from_db()
        assert entitlement.status == "GRANTED"

    def test_revoke_some_of_a_claim_leaves_it_granted(self):
        claim, first, _ = two_of_one_claim()

        revoke(first.id)

        claim.refresh_from_db()
        assert (claim.status, claim.revoked_at) == ("GRANTED", None)

    def test_revoke_all_of_a_claim_revokes_it(self):
        claim, first, second = two_of_one_claim()

        revoke(first.id, second.id)

        claim.refresh_from_db()
        assert (claim.status, claim.revoked_at) == ("REVOKED", LATER)
        assert not has_report(claim)

    def test_revoke_the_rest_beside_a_fulfilled_one_requests_the_report(self):
        claim, first, second = two_of_one_claim()
        fulfil(first.public_id)

        revoke(second.id)

        claim.refresh_from_db()
        assert (claim.status, has_report(claim)) == ("GRANTED", True)

    def test_revoke_after_the_report_was_requested_leaves_it(self):
        entitlement = make_entitlement()
        fulfil(entitlement.public_id)

        revoke(entitlement.id)

        assert has_report(entitlement.claim)

    def test_revoke_unknown(self):
        assert revoke(404, 405) == RevokedEntitlements(0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_fulfils_of_one_claim_at_once_notice_that_it_is_complete():
    for _ in range(races(100)):
        claim, first, second = two_of_one_claim()
        barrier = threading.Barrier(2)

        run_at_once(barrier, [(first.public_id,), (second.public_id,)])

        assert has_report(claim)


@pytest.mark.django_db(transaction=True)
def test_two_fulfils_of_the_same_entitlements_at_once_hand_out_once():
    for _ in range(races(100)):
        _, first, second = two_of_one_claim()
        barrier = threading.Barrier(2)

        outcomes = run_at_once(
            barrier, [(first.public_id, second.public_id), (second.public_id, first.public_id)]
        )

        assert sorted(set(one.values()) for one in outcomes) in (
            [{"fulfilled"}, {"already_fulfilled"}],
            [{"already_fulfilled"}, {"fulfilled"}],
        )


def run_at_once(barrier, calls):
    outcomes = [None] * len(calls)

    def run(index, entitlement_ids):
        try:
            barrier.wait(timeout=10)
            outcomes[index] = fulfil(*entitlement_ids, fulfilment_id=f"server-{index}")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=call) for call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return outcomes
