"""The source `kick_drops`: claims of Kick Drops campaigns.

Trust: Kick signs the webhooks of every app with one key, so a signed claim may be another
organization's. It is granted only if its pair of campaign and reward is registered, by staff or
because Kick's claims API, which shows only our claims, has shown it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import account_key
from claims.source import PAGE_SIZE, Award, Filter, Page, Source, UnusableEntry
from platforms.kick.errors import platform_errors
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.payloads import ClaimPayload, ClaimsPage
from platforms.kick.protocol.ulids import read_ulid_time

PLATFORM = "kick"
NAME = "kick_drops"
INITIATED, PROCESSED = "initiated", "processed"


class KickDrops(Source):
    name = NAME
    platform = PLATFORM
    label = _("Kick Drops")
    has_reports = True

    def __init__(self, api: Callable[[], KickApi]) -> None:
        """`api` returns the client of this process."""
        self._api = api

    def is_usual_id(self, text: str) -> bool:
        """Kick's IDs are ULIDs: 26 digits and capital letters that start with a time."""
        return read_ulid_time(text) is not None

    def pages(self, wanted: Filter, *, cursor: str = "", limit: int = PAGE_SIZE) -> Iterator[Page]:
        with platform_errors():
            for page in self._api().iter_claims(
                campaign_id=wanted.campaign_id or None,
                user_id=wanted.user_id or None,
                claim_id=wanted.claim_id or None,
                external_status=INITIATED if wanted.is_open else None,
                cursor=cursor or None,
                limit=limit,
            ):
                yield page_of_awards(page)

    def made_at(self, claim_id: str) -> datetime | None:
        return read_ulid_time(claim_id)

    def report(self, claim_ids: Iterable[str]) -> None:
        with platform_errors():
            self._api().update_claims((claim_id, PROCESSED) for claim_id in claim_ids)


def award_of(payload: ClaimPayload, *, message_id: str = "") -> Award:
    """The award of a webhook's payload."""
    return Award(
        claim_id=payload.claim_id,
        account=account_key(PLATFORM, payload.user_id),
        campaign_id=payload.campaign_id,
        reward_id=payload.reward_id,
        external_id=payload.external_id,
        message_id=message_id,
    )


def page_of_awards(page: ClaimsPage) -> Page:
    awards = [
        replace(
            award_of(claim.payload),
            occurred_at=claim.created_at,
            # A claim without a status was never reported.
            is_reported=claim.external_status == PROCESSED,
        )
        for claim in page.claims
    ]
    return Page(
        awards=awards,
        unusable=[UnusableEntry(one.claim_id, one.raw, one.reason) for one in page.unusable],
        cursor=page.cursor,
    )
