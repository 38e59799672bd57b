"""Game servers that hand out what is owed, lose answers, and ask again."""

import zlib
from collections.abc import Iterator

import requests

from tests.chaos.workload import Workload

PATIENCE_SECONDS = 5.0
AT_ONCE = 25
# One of so many entitlements is never handed out: its claim must not become `processed`.
NEVER = 5
# An entitlement as the API lists it.
Row = dict[str, str]


class _GameServer:
    def __init__(self, workload: Workload, number: int) -> None:
        self.workload = workload
        self.dice = workload.dice(f"game server {number}")
        self.name = f"server-{number}"
        self.calls = 0
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {workload.api_key}"
        # Calls that got no answer: to be repeated, each under its own fulfilment_id.
        self.unanswered: dict[str, list[Row]] = {}
        self.url = f"{workload.place.web_url}/api/v1/entitlements"

    def queue(self) -> Iterator[list[Row]]:
        """The studio's queue, page by page, without what is never handed out."""
        cursor: dict[str, str] = {}
        while not self.workload.is_over:
            answer = self.session.get(
                self.url, params={"limit": AT_ONCE, **cursor}, timeout=PATIENCE_SECONDS
            )
            answer.raise_for_status()
            page = answer.json()
            yield [row for row in page["entitlements"] if not self._is_left(row)]
            if not page["next_cursor"]:
                return
            cursor = {"cursor": page["next_cursor"]}

    def hand_out(self, rows: list[Row]) -> None:
        if rows:
            self.calls += 1
            self._fulfil(f"{self.name}-{self.calls}", rows)

    def repeat_unanswered(self) -> None:
        for fulfilment_id, rows in list(self.unanswered.items()):
            self.workload.count("fulfilments asked for again")
            self._fulfil(fulfilment_id, rows)

    def _fulfil(self, fulfilment_id: str, rows: list[Row]) -> None:
        self.unanswered[fulfilment_id] = rows
        by_id = {row["id"]: row for row in rows}
        body = {"fulfilment_id": fulfilment_id, "entitlement_ids": list(by_id)}
        answer = self.session.post(f"{self.url}/fulfil", json=body, timeout=PATIENCE_SECONDS)
        answer.raise_for_status()
        outcomes = answer.json()["outcomes"]
        told = [by_id[one["id"]] for one in outcomes if one["outcome"] == "fulfilled"]
        self.workload.note_hand_out(((row["claim_id"], row["sku"]) for row in told), fulfilment_id)
        if self.dice.random() < 0.1:
            return  # As if this answer had been lost: it is asked for again.
        del self.unanswered[fulfilment_id]

    def _is_left(self, row: Row) -> bool:
        name = f"{self.workload.options.seed} {row['claim_id']} {row['sku']}"
        return zlib.crc32(name.encode()) % NEVER == 0


def hand_out_items(workload: Workload, number: int) -> None:
    server = _GameServer(workload, number)
    while not workload.is_over:
        try:
            server.repeat_unanswered()
            for page in server.queue():
                server.hand_out(page)
        except requests.RequestException:
            workload.count("API calls that failed")
        workload.rest(0.5)
