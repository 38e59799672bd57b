"""The source `made_up_rewards`.

Trust: the list shows our own viewers' wins only, so a claim is ours once the list has shown it.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from accounts.models import account_key
from claims.source import PAGE_SIZE, Award, Filter, Page, Source
from tests.platforms.made_up.api import api

PLATFORM = "made_up"
NAME = "made_up_rewards"


class MadeUpRewards(Source):
    name = NAME
    platform = PLATFORM
    label = "Made-up rewards"
    has_reports = True

    def pages(self, wanted: Filter, *, cursor: str = "", limit: int = PAGE_SIZE) -> Iterator[Page]:
        conditions: dict[str, Any] = {}
        if wanted.campaign_id:
            conditions["season"] = _number(wanted.campaign_id)
        if wanted.user_id:
            conditions["viewer"] = wanted.user_id
        if wanted.claim_id:
            conditions["id"] = _number(wanted.claim_id)
        if wanted.is_open:
            conditions["is_delivered"] = False
        wins = api.list(**conditions)
        start = int(cursor or 0)
        while True:
            stop = start + limit
            more = str(stop) if stop < len(wins) else ""
            yield Page([award_of(win) for win in wins[start:stop]], cursor=more)
            if not more:
                return
            start = stop

    def report(self, claim_ids: Iterable[str]) -> None:
        for claim_id in claim_ids:
            api.note_delivery(_number(claim_id))


def award_of(win: dict[str, Any], *, message_id: str = "") -> Award:
    return Award(
        claim_id=f"{NAME}:{win['id']}",
        account=account_key(PLATFORM, win["viewer"]),
        reward_id=f"{NAME}:{win['reward']}",
        campaign_id=f"{NAME}:{win['season']}" if win["season"] else "",
        external_id=win["sku"],
        message_id=message_id,
        is_reported=win["is_delivered"],
    )


def _number(prefixed: str) -> str:
    return prefixed.removeprefix(f"{NAME}:")
