"""Looks up claims that may belong to another organization: the claims API shows only our own."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, QuerySet

from claims.claims_page import Tally, record_page
from claims.ledger import heal_claims
from claims.models import Claim
from core.clock import Clock, RunningClock
from core.leases import no_lease
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.errors import KickError
from platforms.kick.protocol.payloads import ApiClaim, ClaimsPage

# A claim that the API doesn't show for this long counts as not ours.
LOOKED_UP_FOR = timedelta(hours=24)
LOOKUPS_PER_RUN = 100


def confirm_claims(*, api: KickApi, now: datetime, renew: Callable[[], None] = no_lease) -> int:
    """Look up each unconfirmed claim that is due by its ID, at most 100 per run.

    A found claim is registered and recorded. A claim that isn't found for 24 hours becomes
    NOT_OURS. Returns the number of found claims. Raises KickError if a call to Kick fails: that
    doesn't count as a lookup, and the claim moves to the back of the queue. `renew` is called after
    each lookup.
    """
    clock = RunningClock(now)  # a claim's grant time is when it was found, not when the run began
    due = Claim.objects.filter(next_lookup_at__lte=now).order_by("next_lookup_at")
    found = 0
    for claim in due[:LOOKUPS_PER_RUN]:
        found += _confirm(claim, api=api, clock=clock)
        renew()
    if found:
        heal_claims(now=clock(), renew=renew)
    return found


def _confirm(claim: Claim, *, api: KickApi, clock: Clock) -> bool:
    try:
        pages = list(api.iter_claims(claim_id=claim.claim_id))
    except KickError:
        # Move it to the back, so that one failing claim can't block the others.
        back = clock() + settings.BACK_OFFS["lookup"].first
        _still_unconfirmed(claim).update(next_lookup_at=back)
        raise
    tally = sum((record_page(_only(page, claim), now=clock()) for page in pages), Tally())
    if not tally.seen:
        _note_lookup(claim, now=clock())
    return bool(tally.seen)


def _only(page: ClaimsPage, claim: Claim) -> ClaimsPage:
    """Keep only this claim: if the API ignored the filter, the page would be full of others."""
    found: list[ApiClaim] = [c for c in page.claims if c.payload.claim_id == claim.claim_id]
    return ClaimsPage(claims=found, unusable=[], cursor="")


def _note_lookup(claim: Claim, *, now: datetime) -> None:
    pause = settings.BACK_OFFS["lookup"].pause(claim.lookups + 1)
    unconfirmed = _still_unconfirmed(claim)
    if now - claim.received_at < LOOKED_UP_FOR:
        unconfirmed.update(lookups=F("lookups") + 1, next_lookup_at=now + pause)
        return
    unconfirmed.update(
        lookups=F("lookups") + 1,
        next_lookup_at=None,
        not_ours_at=now,
        hold_reason=Claim.HoldReason.NOT_OURS,
    )


def _still_unconfirmed(claim: Claim) -> QuerySet[Claim]:
    return Claim.objects.filter(pk=claim.pk, hold_reason=Claim.HoldReason.UNCONFIRMED)
