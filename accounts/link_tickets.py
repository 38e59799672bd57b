"""Link tickets: link for a game account without a game login, once, within ten minutes.

A game server makes one for its player and shows the URL, the QR code or the code. A player makes
one to continue on another device. Whoever opens it sees the game account and has to confirm it:
the ticket may come from someone else, who wants the rewards of their viewer account to go to
another game account.

A code has 8 of 30 characters: 30^8 is 6.6 * 10^11. All networks together may type 3,000 wrong codes
in ten minutes, so even with 10,000 tickets alive, a guess hits one in 22,000 such periods.
"""

import enum
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum
from django.utils.crypto import salted_hmac

from accounts.models import LinkEvent, LinkTicket, Player, WrongCodes

LIFETIME = timedelta(minutes=10)
UNDO_WITHIN = timedelta(minutes=10)
KEPT_FOR = timedelta(days=1)
# Without 0, 1, I, L, O and U, which are mistaken for others.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
WRONG_CODES_ALLOWED = 10
WRONG_CODES_OF_ALL = 3000
COUNTED_FOR = timedelta(minutes=10)


class TicketRefused(Exception):
    """The ticket is unknown, has expired, or was opened before."""


class TooManyWrongCodes(Exception):
    """No code is checked for some minutes."""


class State(enum.StrEnum):
    WAITING = "waiting"
    OPENED = "opened"
    LINKED = "linked"
    EXPIRED = "expired"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class NewTicket:
    """`token` is for the URL, `code` for typing. Both can't be read again."""

    ticket: LinkTicket
    token: str
    code: str


def make_link_ticket(
    *,
    player: Player,
    origin: LinkTicket.Origin,
    details: Sequence[tuple[str, str]] = (),
    now: datetime,
) -> NewTicket:
    """Make a ticket that's valid once and for ten minutes. Old tickets are deleted.

    A player's earlier ticket for another device becomes invalid.
    """
    LinkTicket.objects.filter(expires_at__lt=now - KEPT_FOR).delete()
    if origin == LinkTicket.Origin.PLAYER:
        earlier = LinkTicket.objects.filter(player=player, origin=origin, opened_at=None)
        earlier.filter(expires_at__gt=now).update(expires_at=now)
    token = secrets.token_urlsafe(24)
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    ticket = LinkTicket.objects.create(
        ticket_id=f"lt_{secrets.token_urlsafe(12)}",
        token_digest=_token_digest(token),
        code_digest=_code_digest(code),
        player=player,
        origin=origin,
        details=[list(pair) for pair in details],
        created_at=now,
        expires_at=now + LIFETIME,
    )
    return NewTicket(ticket, token, f"{code[:4]}-{code[4:]}")


def find_by_token(token: str, *, now: datetime) -> LinkTicket:
    """The ticket of a URL. Raises TicketRefused."""
    return _find(now, token_digest=_token_digest(token))


def find_by_code(code: str, *, network: str, now: datetime) -> LinkTicket:
    """The ticket of a typed code, in any case, with or without a hyphen.

    Raises TicketRefused, or TooManyWrongCodes after too many from this network, or from all.
    """
    recent = WrongCodes.objects.filter(last_at__gt=now - COUNTED_FOR)
    of_all = recent.aggregate(count=Sum("count"))["count"] or 0
    if (
        of_all >= WRONG_CODES_OF_ALL
        or recent.filter(network=network, count__gte=WRONG_CODES_ALLOWED).exists()
    ):
        raise TooManyWrongCodes
    typed = "".join(code.upper().split()).replace("-", "")
    try:
        return _find(now, code_digest=_code_digest(typed))
    except TicketRefused:
        _note_wrong_code(network, now=now)
        raise


def find_by_id(ticket_id: str, *, now: datetime) -> LinkTicket:
    """A ticket that can still be opened. Raises TicketRefused."""
    return _find(now, ticket_id=ticket_id)


def open_ticket(ticket_id: str, *, now: datetime) -> Player:
    """Use up a ticket, and return its player. Raises TicketRefused, also on a repeat."""
    ticket = _find(now, ticket_id=ticket_id)
    if not LinkTicket.objects.filter(pk=ticket.pk, opened_at=None).update(opened_at=now):
        raise TicketRefused
    return ticket.player


def link_of(ticket: LinkTicket) -> LinkEvent | None:
    """The link that was made with the ticket."""
    return ticket.link_events.select_related("account").order_by("pk").first()


def is_kept(link: LinkEvent) -> bool:
    """Whether the accounts are still linked by this event, and not by a later one."""
    is_newest = link.kind == LinkEvent.Kind.RENEWED or link.account.linked_at == link.at
    return link.account.player_id == link.player_id and is_newest


def state_of(ticket: LinkTicket, link: LinkEvent | None, *, now: datetime) -> State:
    """`link` is the result of `link_of`."""
    if link is not None:
        return State.LINKED if is_kept(link) else State.UNDONE
    if ticket.opened_at is not None:
        return State.OPENED
    return State.WAITING if ticket.expires_at > now else State.EXPIRED


def _find(now: datetime, **identity: str) -> LinkTicket:
    valid = LinkTicket.objects.select_related("player").filter(
        **identity, opened_at=None, expires_at__gt=now
    )
    ticket = valid.first()
    if ticket is None:
        raise TicketRefused
    return ticket


@transaction.atomic
def _note_wrong_code(network: str, *, now: datetime) -> None:
    row = WrongCodes.objects.filter(network=network)
    row.filter(last_at__lte=now - COUNTED_FOR).update(count=0)
    WrongCodes.objects.bulk_create(
        [WrongCodes(network=network, last_at=now)], ignore_conflicts=True
    )
    row.update(count=F("count") + 1, last_at=now)


def _token_digest(token: str) -> str:
    # Plain SHA-256 is enough: 192 random bits can't be guessed.
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


def _code_digest(code: str) -> str:
    """With the secret key: a short code could be found from a plain digest."""
    value = code.encode(errors="surrogatepass")
    return salted_hmac("accounts.link_tickets", value, algorithm="sha256").hexdigest()
