"""Messages and their deliveries: rows that are made together, in the caller's transaction."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from claims.listing import utc
from claims.models import EventType, WebhookDelivery, WebhookEndpoint, WebhookMessage

Addressed = tuple[WebhookMessage, Sequence[WebhookEndpoint]]
"""A message and the endpoints that it goes to."""


def make_message(
    event_type: EventType,
    data: Mapping[str, Any],
    *,
    player_id: int | None = None,
    now: datetime,
) -> WebhookMessage:
    """An unsaved message. `data` becomes the payload's `data`."""
    body = {"type": event_type.value, "timestamp": utc(now), "data": data}
    return WebhookMessage(
        message_id=f"msg_{uuid.uuid4().hex}",
        event_type=event_type,
        player_id=player_id,
        body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
        created_at=now,
    )


def queue_messages(addressed: Iterable[Addressed], *, now: datetime) -> list[WebhookDelivery]:
    """Save the messages that have an endpoint, with a due delivery for each endpoint."""
    wanted = [(message, endpoints) for message, endpoints in addressed if endpoints]
    WebhookMessage.objects.bulk_create([message for message, _ in wanted])
    return WebhookDelivery.objects.bulk_create(
        WebhookDelivery(endpoint=endpoint, message=message, next_attempt_at=now)
        for message, endpoints in wanted
        for endpoint in endpoints
    )
