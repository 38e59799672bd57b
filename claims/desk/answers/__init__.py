"""“Where is it?”, in one sentence for the player and one for whoever answers the player."""

from claims.desk.answers.answer import Answer, Remedy
from claims.desk.answers.granted import answer_about_granted, answer_about_taken_back
from claims.desk.answers.held import HELD
from claims.desk.answers.no_claim import answer_without_claim
from claims.desk.facts import ClaimFacts, Facts
from claims.models import Claim

__all__ = ["Answer", "Remedy", "answer_about", "answer_without_claim"]


def answer_about(told: ClaimFacts, facts: Facts) -> Answer:
    """Where one claim's drop is."""
    claim = told.claim
    if claim.status == Claim.Status.HELD:
        return HELD[Claim.HoldReason(claim.hold_reason)](told, facts)
    if claim.status == Claim.Status.REVOKED:
        return answer_about_taken_back(told, facts)
    return answer_about_granted(told, facts)
