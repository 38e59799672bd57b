"""Control calls that return the stored data. Streamed, because there may be a million claims."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse

from ..claim_pages import COLUMNS, describe
from ..faults import ordered_faults
from ..json_fields import Fields
from ..models import Claim, Delivery, Grant, ReceivedRequest, Viewer
from .endpoint import Answer

ROWS_AT_ONCE = 2000
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DELIVERY_COLUMNS = (
    "message_id", "claim_id", "fault", "status", "answer", "milliseconds", "sent_at"
)  # fmt: skip


def get_dump(request: HttpRequest) -> Answer:
    since = _since(request)
    grants = Grant.objects.filter(granted_at__gte=since).order_by("pk")
    viewers = Viewer.objects.filter(created_at__gte=since).order_by("created_at", "pk")
    sections: dict[str, Iterator[dict[str, Any]]] = {
        "claims": _claims(since),
        "deliveries": _deliveries(since),
        "grants": (
            {
                "user_id": int(grant.viewer_id),
                "client_id": grant.app_id,
                "scope": grant.scope,
                "granted_at": grant.granted_at.isoformat(),
                "revoked_at": grant.revoked_at and grant.revoked_at.isoformat(),
            }
            for grant in grants.iterator(ROWS_AT_ONCE)
        ),
        "viewers": (
            {"user_id": int(user_id), "name": name}
            for user_id, name in _rows(viewers, ("user_id", "name"))
        ),
        "faults": iter([ordered_faults()]),
    }
    return StreamingHttpResponse(_in_chunks(_as_object(sections)), content_type="application/json")


def get_claims(request: HttpRequest) -> Answer:
    return _as_lines(_claims(_since(request)))


def get_deliveries(request: HttpRequest) -> Answer:
    return _as_lines(_deliveries(_since(request)))


def get_requests(request: HttpRequest) -> Answer:
    """The requests to Kick's endpoints, in the order received."""
    columns = ("at", "method", "path", "grant_type", "status")
    received = ReceivedRequest.objects.filter(at__gte=_since(request)).order_by("pk")
    rows = (dict(zip(columns, row, strict=True)) for row in _rows(received, columns))
    return _as_lines({**row, "at": row["at"].isoformat()} for row in rows)


def _since(request: HttpRequest) -> datetime:
    """Read `?since=`, which limits a dump to rows created then or later."""
    return Fields(request.GET.dict(), known="since").moment("since", default=LONG_AGO)


def _claims(since: datetime) -> Iterator[dict[str, Any]]:
    """Claims as in the claims API, plus `user_id_text` for clients that round large numbers."""
    made = Claim.objects.filter(created_at__gte=since).order_by("claim_id")
    columns = (*COLUMNS, "organization__name")
    for row in _rows(made, columns):
        *shown, organization = row
        yield {**describe(shown), "user_id_text": row[1], "organization": organization}


def _deliveries(since: datetime) -> Iterator[dict[str, Any]]:
    sent = Delivery.objects.filter(sent_at__gte=since).order_by("pk")
    for row in _rows(sent, _DELIVERY_COLUMNS):
        delivery = dict(zip(_DELIVERY_COLUMNS, row, strict=True))
        delivery["ms"] = delivery.pop("milliseconds")
        yield {**delivery, "sent_at": delivery["sent_at"].isoformat()}


def _rows(found: QuerySet[Any], columns: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    return found.values_list(*columns).iterator(ROWS_AT_ONCE)


def _in_chunks(texts: Iterator[str]) -> Iterator[str]:
    """Join rows into chunks. Sending each row separately takes several times as long."""
    while chunk := "".join(islice(texts, ROWS_AT_ONCE)):
        yield chunk


def _as_lines(rows: Iterator[dict[str, Any]]) -> StreamingHttpResponse:
    lines = (json.dumps(row) + "\n" for row in rows)
    return StreamingHttpResponse(_in_chunks(lines), content_type="application/x-ndjson")


def _as_object(sections: dict[str, Iterator[dict[str, Any]]]) -> Iterator[str]:
    """Yield the text of `{"name": [...], ...}`, one entry at a time."""
    opening = "{"
    for name, rows in sections.items():
        yield f"{opening}{json.dumps(name)}: ["
        for number, row in enumerate(rows):
            yield (",\n" if number else "") + json.dumps(row)
        yield "]"
        opening = ",\n"
    yield "}\n"
