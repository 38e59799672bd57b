"""Answers “where is my drop?”: one text for the player, and one for the support agent."""

from claims.desk.case.loading import Case, CaseClaim
from claims.desk.diagnosis.diagnosis import Diagnosis, Remedy
from claims.desk.diagnosis.granted import diagnose_granted, diagnose_revoked
from claims.desk.diagnosis.held import HELD, explain_hold
from claims.desk.diagnosis.no_claim import add_outage, diagnose_without_claim
from claims.desk.diagnosis.offer_uses import diagnose_use
from claims.models import Claim

__all__ = [
    "Diagnosis",
    "Remedy",
    "add_outage",
    "diagnose",
    "diagnose_use",
    "diagnose_without_claim",
    "explain_hold",
]


def diagnose(case_claim: CaseClaim, case: Case) -> Diagnosis:
    """The answer about one claim."""
    claim = case_claim.claim
    if claim.status == Claim.Status.HELD:
        return HELD[Claim.HoldReason(claim.hold_reason)](case_claim, case)
    if claim.status == Claim.Status.REVOKED:
        return diagnose_revoked(case_claim, case)
    return diagnose_granted(case_claim, case)
