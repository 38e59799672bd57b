"""The waiting time before another link: `RELINK_COOLDOWN_DAYS` after a link has ended.

It stops people from passing one account's rewards around. The same two accounts can be linked again
at any time. A link that ends within 24 hours was probably a mistake: the first such link of a
player in the period is free. Staff can lift the waiting time.
"""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from accounts.models import LinkEvent, Player, account_key

FREE_FOR = timedelta(hours=24)

Kind = LinkEvent.Kind


def cooldown_end(*, player: Player, account_id: str, now: datetime) -> datetime | None:
    """When these two may be linked. None: now.

    An earlier link of the player to another account of the platform counts, and one of the account
    to another player. For the check to be safe against a link that ends at the same time, call it
    after the link was written, in the same transaction: see `accounts.links`.
    """
    platform = account_id.partition(":")[0]
    of_player = Q(player=player, account__platform=platform) & ~Q(account=account_id)
    of_account = Q(account=account_id) & ~Q(player=player)
    ended = _counting(of_player, now=now) + _counting(of_account, now=now)
    return max((event.at + _period() for event in ended), default=None)


def player_cooldown_end(*, player: Player, platform: str, now: datetime) -> datetime | None:
    """When the player may link an account of the platform that they haven't had. None: now."""
    return cooldown_end(player=player, account_id=account_key(platform, ""), now=now)


@transaction.atomic
def lift_cooldown(*, player: Player, platform: str, actor: str, now: datetime) -> int:
    """Let the ended links of a player count no more. Returns their number. On a repeat: 0."""
    ended = _counting(Q(player=player, account__platform=platform), now=now)
    LinkEvent.objects.bulk_create(
        LinkEvent(kind=Kind.WAIVED, account=event.account, player=event.player, actor=actor, at=now)
        for event in ended
    )
    return len(ended)


def _period() -> timedelta:
    return timedelta(days=settings.RELINK_COOLDOWN_DAYS)


def _counting(of_whom: Q, *, now: datetime) -> list[LinkEvent]:
    """The ends of links that count, of the last days."""
    if not settings.RELINK_COOLDOWN_DAYS:
        return []
    ended = LinkEvent.objects.filter(of_whom, kind=Kind.UNLINKED, at__gt=now - _period())
    counting, free = [], 1
    for event in ended.select_related("account", "player").order_by("pk"):
        history = LinkEvent.objects.filter(player=event.player_id, account=event.account_id)
        if history.filter(kind=Kind.WAIVED, pk__gt=event.pk).exists():
            continue
        begun = history.filter(kind=Kind.LINKED, pk__lt=event.pk).order_by("-pk").first()
        is_short = begun is not None and event.at - begun.at < FREE_FOR
        if is_short and free:
            free -= 1
        else:
            counting.append(event)
    return counting
