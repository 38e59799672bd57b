"""Going live, changing the category, and ending the stream. Each is sent as an event."""

import zlib
from datetime import datetime
from typing import Any

from platforms.kick.protocol import events as types

from .events import Happening, person, send
from .models import EventDelivery, Stream, Viewer
from .refusals import Refused


def category_id_of(name: str) -> int:
    """Kick's categories have numbers. Here, each name has one."""
    return zlib.crc32(name.casefold().encode()) % 100_000


def current_stream(broadcaster: Viewer) -> Stream | None:
    return Stream.objects.filter(broadcaster=broadcaster, ended_at=None).first()


def go_live(broadcaster: Viewer, *, category: str, now: datetime) -> list[EventDelivery]:
    """Start a stream, or change the category of the stream on air."""
    if not category:
        raise Refused("A stream has a category. Send its name.")
    fields = {"category": category, "category_id": category_id_of(category)}
    stream = current_stream(broadcaster)
    if stream is not None:
        Stream.objects.filter(pk=stream.pk).update(**fields)
        stream.refresh_from_db()
        return send(_metadata(stream), now=now)
    stream = Stream.objects.create(
        broadcaster=broadcaster, title=f"{category} with {broadcaster}", started_at=now, **fields
    )
    return [*send(_status(stream), now=now), *send(_metadata(stream), now=now)]


def end_stream(broadcaster: Viewer, *, now: datetime) -> list[EventDelivery]:
    stream = current_stream(broadcaster)
    if stream is None:
        raise Refused(f"{broadcaster} isn't on air.")
    stream.ended_at = now
    stream.save(update_fields=["ended_at"])
    return send(_status(stream), now=now)


def _status(stream: Stream) -> Happening:
    ended_at = stream.ended_at
    body: dict[str, Any] = {
        "broadcaster": person(stream.broadcaster),
        "is_live": ended_at is None,
        "title": stream.title,
        "started_at": seconds(stream.started_at),
        "ended_at": seconds(ended_at) if ended_at else None,
    }
    return Happening(types.STREAM_STATUS, stream.broadcaster, body)


def _metadata(stream: Stream) -> Happening:
    category = {"id": stream.category_id, "name": stream.category, "thumbnail": ""}
    body: dict[str, Any] = {
        "broadcaster": person(stream.broadcaster),
        "metadata": {
            "title": stream.title,
            "language": "en",
            "has_mature_content": False,
            # Both, as observed on Kick.
            "category": category,
            "Category": category,
        },
    }
    return Happening(types.STREAM_METADATA, stream.broadcaster, body)


def seconds(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
