"""What is queued for an endpoint."""

import json
from typing import Any

from claims.models import WebhookEndpoint


def payloads_for(endpoint: WebhookEndpoint, event_type: str) -> list[Any]:
    """The data of its queued messages of a type, oldest first."""
    queued = endpoint.deliveries.filter(message__event_type=event_type).order_by("pk")
    return [json.loads(body)["data"] for body in queued.values_list("message__body", flat=True)]
