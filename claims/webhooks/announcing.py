"""Turns changes into messages: entitlements granted or revoked, accounts linked or unlinked.

An entitlement that changes has no batch (`announced_in`). One transaction gives a batch of changed
entitlements the next number of a counter and queues their messages. So each change is announced
exactly once, and the recording statement stays as fast as it was.

The number also orders `GET /api/v1/entitlements/changes`. Transactions commit out of order, so a
number that is taken when a claim is recorded could become visible after a higher number, and a
reader that had seen that one would skip it. This number is taken after the change is visible, under
the counter's lock: batches become visible one by one, each whole. A reader never skips one.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import LinkEvent
from claims.listing import ListedEntitlement, list_by_id, list_entitlements, utc
from claims.models import Entitlement, EventType, WebhookEndpoint, WebhookMessage
from claims.webhooks.messages import Addressed, make_message, queue_messages
from core.counters import take_number

COUNTER = "entitlement changes"
BATCH_SIZE = 1000
IDS_PER_MESSAGE = 100
# Items that a player gets within this time share a message.
COLLECTED_FOR = timedelta(seconds=1)

EVENT_OF_LINK = {
    LinkEvent.Kind.LINKED: EventType.PLAYER_LINKED,
    LinkEvent.Kind.RENEWED: EventType.PLAYER_LINKED,
    LinkEvent.Kind.UNLINKED: EventType.PLAYER_UNLINKED,
    LinkEvent.Kind.DISCONNECTED: EventType.PLAYER_DISCONNECTED,
}


def announce_entitlements(*, now: datetime) -> int:
    """Announce the next changed entitlements, at most 1,000. Returns their number.

    A grant waits for a second, because more may follow for the same player. On a repeat: 0.
    """
    if not _to_announce(now=now):
        return 0
    with transaction.atomic():
        batch = take_number(COUNTER)
        ids = _to_announce(now=now)
        changed = Entitlement.objects.filter(pk__in=ids).order_by("pk")
        # Read again under the lock: one may have been revoked just now.
        locked = list(changed.select_for_update(no_key=True).values_list("pk", flat=True))
        Entitlement.objects.filter(pk__in=locked).update(announced_in=batch)
        endpoints = list(WebhookEndpoint.objects.enabled())
        if endpoints and locked:
            queue_messages(_messages(list_by_id(locked), endpoints, now=now), now=now)
    return len(locked)


def _to_announce(*, now: datetime) -> list[int]:
    changed = Entitlement.objects.filter(announced_in=None).order_by("pk")
    rows = changed.values_list("pk", "granted_at", "revoked_at")[:BATCH_SIZE]
    return [pk for pk, at, revoked_at in rows if revoked_at or at <= now - COLLECTED_FOR]


def _messages(
    changed: Iterable[ListedEntitlement], endpoints: Sequence[WebhookEndpoint], *, now: datetime
) -> Iterator[Addressed]:
    """One message for each player and category, and one for each revoked entitlement."""
    granted: dict[tuple[int, str], list[ListedEntitlement]] = {}
    for one in changed:
        if one.revoked_at is None:
            granted.setdefault((one.player_id, one.category), []).append(one)
            continue
        event, data = (
            EventType.ENTITLEMENT_REVOKED,
            {
                "game_account_id": one.game_account_id,
                "entitlement": one.as_json(),
            },
        )
        message = make_message(event, data, player_id=one.player_id, now=now)
        yield message, [e for e in endpoints if e.wants(event) and e.sees(one.category)]
    event = EventType.ENTITLEMENTS_GRANTED
    for (_player, category), of_player in granted.items():
        wanting = [e for e in endpoints if e.wants(event) and e.sees(category)]
        for message in _granted_messages(of_player, now=now):
            yield message, wanting


def _granted_messages(
    of_player: Sequence[ListedEntitlement], *, now: datetime
) -> Iterator[WebhookMessage]:
    for start in range(0, len(of_player), IDS_PER_MESSAGE):
        some = of_player[start : start + IDS_PER_MESSAGE]
        data = {
            "game_account_id": some[0].game_account_id,
            "entitlements": [one.as_json() for one in some],
        }
        event = EventType.ENTITLEMENTS_GRANTED
        yield make_message(event, data, player_id=some[0].player_id, now=now)


def announce_links(*, now: datetime) -> int:
    """Announce the next link events, at most 1,000. Returns their number. On a repeat: 0."""
    new = LinkEvent.objects.filter(is_announced=False).order_by("pk")
    if not new.exists():
        return 0
    with transaction.atomic():
        locked = new.select_for_update(of=("self",), skip_locked=True)
        events = list(locked.select_related("account", "player")[:BATCH_SIZE])
        endpoints = list(WebhookEndpoint.objects.enabled())
        told = [one for one in events if one.kind in EVENT_OF_LINK]
        queue_messages([_link_message(one, endpoints, now=now) for one in told], now=now)
        LinkEvent.objects.filter(pk__in=[one.pk for one in events]).update(is_announced=True)
    return len(events)


def _link_message(
    event: LinkEvent, endpoints: Sequence[WebhookEndpoint], *, now: datetime
) -> Addressed:
    event_type = EVENT_OF_LINK[LinkEvent.Kind(event.kind)]
    data = {
        "game_account_id": event.player.game_account_id,
        "platform": event.account.platform,
        "user_id": event.account.user_id,
        "name": event.account.name,
        "at": utc(event.at),
    }
    if event_type == EventType.PLAYER_LINKED:
        # With it, the game can undo a link that its player doesn't know of.
        data["link_ticket"] = event.ticket_id
    message = make_message(event_type, data, player_id=event.player_id, now=now)
    return message, [one for one in endpoints if one.wants(event_type)]


@transaction.atomic
def resend_undelivered(*, now: datetime) -> int:
    """Send the next undelivered entitlements to endpoints that were enabled again.

    At most 1,000 for each endpoint. Returns their number. On a repeat after the last: 0.
    """
    sent = 0
    waiting = WebhookEndpoint.objects.enabled().filter(resend_after__isnull=False)
    for endpoint in waiting.order_by("pk").select_for_update(no_key=True, skip_locked=True):
        owed = list_entitlements(
            game_account_id=None,
            statuses=[Entitlement.Status.GRANTED.value],
            categories=endpoint.categories,
            after_id=endpoint.resend_after or 0,
            limit=BATCH_SIZE,
        )
        by_player: dict[int, list[ListedEntitlement]] = {}
        for one in owed:
            by_player.setdefault(one.player_id, []).append(one)
        messages = [m for of_one in by_player.values() for m in _granted_messages(of_one, now=now)]
        queue_messages([(message, [endpoint]) for message in messages], now=now)
        endpoint.resend_after = owed[-1].id if len(owed) == BATCH_SIZE else None
        endpoint.save(update_fields=["resend_after"])
        sent += len(owed)
    return sent
