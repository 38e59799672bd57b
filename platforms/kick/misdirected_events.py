"""Other Kick events that arrive at the drops URL: the studio entered it in the wrong place.

Anyone can forward such an event here with Kick's signature, so at most a row per known type is
kept, and each process writes it at most once a minute.
"""

import logging
from datetime import UTC, datetime, timedelta

from django.db import Error

from core.logs import log_event
from platforms.kick.models import MisdirectedEvent
from platforms.kick.protocol.events import EVENT_TYPES

KNOWN_TYPES = frozenset(EVENT_TYPES)
OTHER = "another event"
WRITTEN_EVERY = timedelta(minutes=1)

logger = logging.getLogger(__name__)

_written_at: dict[str, datetime] = {}


def note_misdirected_event(event_type: str, *, now: datetime) -> None:
    """Remember that an event of this type has arrived. A failing database is only logged."""
    name = event_type if event_type in KNOWN_TYPES else OTHER
    if now - _written_at.get(name, datetime.min.replace(tzinfo=UTC)) < WRITTEN_EVERY:
        return
    _written_at[name] = now
    try:
        MisdirectedEvent.objects.update_or_create(pk=name, defaults={"last_at": now})
    except Error as error:
        log_event(
            logger, "misdirected_event_not_noted", logging.WARNING, error=type(error).__name__
        )
