"""Looks up claims that may belong to another organization: a platform's API shows only our own."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models import F

from claims.ledger import heal_claims
from claims.models import Claim, Confirmation
from claims.source import Filter, Page, Source
from claims.source_page import Tally, record_page
from core.clock import Clock, RunningClock
from core.leases import AT_A_STRETCH, no_lease
from core.logs import log_event
from core.platform_errors import PlatformError, PlatformPaused, PlatformRefused

logger = logging.getLogger(__name__)

# A claim that the API doesn't show for this long counts as not ours.
LOOKED_UP_FOR = timedelta(hours=24)
# Anyone may send us another organization's signed claims. Their lookups must leave most requests to
# other jobs. Our own claims are also confirmed by catch-up, many in one request.
LOOKUPS_PER_RUN = 5
# More than one only if the platform filters after it has cut a page.
PAGES_PER_LOOKUP = 3


def confirm_claims(*, source: Source, now: datetime, renew: Callable[[], None] = no_lease) -> int:
    """Look up each unconfirmed claim of a source that is due by its ID, at most 5 per run.

    A found claim is registered and recorded. A claim that isn't found for 24 hours becomes
    NOT_OURS. A claim whose lookup is refused stays in doubt and is looked up again after a pause.
    Returns the number of found claims. Raises PlatformError if a call fails otherwise: that doesn't
    count as a lookup, and the claim moves to the back of the queue. `renew` is called after each
    lookup.
    """
    _drop_needless(source=source, now=now)
    clock = RunningClock(now)  # a claim's grant time is when it was found, not when the run began
    due = Confirmation.objects.filter(source=source.name, next_attempt_at__lte=now)
    found = 0
    for confirmation in due.select_related("claim").order_by("next_attempt_at")[:LOOKUPS_PER_RUN]:
        found += _confirm(confirmation, source=source, clock=clock)
        renew()
        if clock() - now >= AT_A_STRETCH:
            break
    if found:
        heal_claims(now=clock(), renew=renew)
    return found


@transaction.atomic
def _drop_needless(*, source: Source, now: datetime) -> None:
    """Delete lookups of claims that aren't in doubt.

    The ledger does so when it settles a claim, but can't see a lookup that another transaction has
    just added: for example, if a claim arrives twice while its reward is being registered. The
    claims are locked, because a claim may come into doubt again meanwhile.
    """
    settled = Claim.objects.filter(
        source=source.name, confirmation__next_attempt_at__lte=now
    ).exclude(hold_reason=Claim.HoldReason.UNCONFIRMED)
    locked = settled.order_by("pk").select_for_update(of=("self",), skip_locked=True, no_key=True)
    Confirmation.objects.filter(pk__in=list(locked.values_list("pk", flat=True))).delete()


def _confirm(confirmation: Confirmation, *, source: Source, clock: Clock) -> bool:
    claim_id = confirmation.claim_id
    try:
        pages = list(islice(source.pages(Filter(claim_id=claim_id)), PAGES_PER_LOOKUP))
    except PlatformRefused as error:
        log_event(logger, "lookup_refused", logging.WARNING, claim_id=claim_id, error=str(error))
        _look_up_later(confirmation, now=clock())
        return False
    except PlatformPaused:
        raise
    except PlatformError:
        # Move it to the back, so that one failing claim can't block the others.
        back = clock() + settings.BACK_OFFS["lookup"].first
        Confirmation.objects.filter(pk=claim_id, foreign_at=None).update(next_attempt_at=back)
        raise
    # If the API ignored the filter, the page would be full of other claims.
    awards = [award for page in pages for award in page.awards if award.claim_id == claim_id]
    tally = record_page(Page(awards), source=source.name, now=clock()) if awards else Tally()
    if not tally.seen:
        _note_lookup(confirmation, now=clock())
    return bool(tally.seen)


@transaction.atomic
def _note_lookup(confirmation: Confirmation, *, now: datetime) -> None:
    claim = confirmation.claim
    if now - claim.received_at < LOOKED_UP_FOR:
        _look_up_later(confirmation, now=now)
        return
    # The claim first, as everywhere. If it is no longer in doubt, its confirmation is gone.
    if (
        Claim.objects.held(Claim.HoldReason.UNCONFIRMED)
        .filter(pk=claim.pk)
        .update(hold_reason=Claim.HoldReason.NOT_OURS)
    ):
        Confirmation.objects.filter(pk=claim.pk).update(
            attempts=F("attempts") + 1, next_attempt_at=None, foreign_at=now
        )


def _look_up_later(confirmation: Confirmation, *, now: datetime) -> None:
    pause = settings.BACK_OFFS["lookup"].pause(confirmation.attempts + 1)
    Confirmation.objects.filter(pk=confirmation.pk, foreign_at=None).update(
        attempts=F("attempts") + 1, next_attempt_at=now + pause
    )
