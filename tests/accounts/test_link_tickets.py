"""Tickets work once and for ten minutes; codes can't be guessed."""

from datetime import timedelta

import pytest

from accounts.link_tickets import (
    CODE_ALPHABET,
    CODE_LENGTH,
    COUNTED_FOR,
    LIFETIME,
    WRONG_CODES_ALLOWED,
    WRONG_CODES_OF_ALL,
    NewTicket,
    TicketRefused,
    TooManyWrongCodes,
    find_by_code,
    find_by_id,
    find_by_token,
    make_link_ticket,
    open_ticket,
)
from accounts.models import LinkTicket, WrongCodes
from tests.factories import NOW, make_player

pytestmark = pytest.mark.django_db

GAME, PLAYER = LinkTicket.Origin.GAME, LinkTicket.Origin.PLAYER
HERE = "203.0.113.7"


@pytest.fixture
def made() -> NewTicket:
    return make_link_ticket(player=make_player(), origin=GAME, now=NOW)


def test_token_and_code_lead_to_the_ticket(made: NewTicket) -> None:
    assert find_by_token(made.token, now=NOW) == made.ticket
    assert find_by_code(made.code, network=HERE, now=NOW) == made.ticket


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", " "), str.strip])
def test_code_is_taken_as_people_type_it(made: NewTicket, typed: object) -> None:
    assert find_by_code(f" {typed(made.code)} ", network=HERE, now=NOW) == made.ticket


def test_neither_token_nor_code_is_stored(made: NewTicket) -> None:
    stored = str(LinkTicket.objects.values().get())

    assert made.token not in stored
    assert made.code.replace("-", "") not in stored


def test_ticket_is_opened_once(made: NewTicket) -> None:
    assert open_ticket(made.ticket.pk, now=NOW) == made.ticket.player

    for find in (
        lambda: open_ticket(made.ticket.pk, now=NOW),
        lambda: find_by_id(made.ticket.pk, now=NOW),
        lambda: find_by_token(made.token, now=NOW),
        lambda: find_by_code(made.code, network=HERE, now=NOW),
    ):
        with pytest.raises(TicketRefused):
            find()


def test_ticket_expires(made: NewTicket) -> None:
    find_by_token(made.token, now=NOW + LIFETIME - timedelta(seconds=1))

    with pytest.raises(TicketRefused):
        find_by_token(made.token, now=NOW + LIFETIME)


def test_new_ticket_for_another_device_ends_the_earlier_one() -> None:
    player = make_player()
    first = make_link_ticket(player=player, origin=PLAYER, now=NOW)
    of_game = make_link_ticket(player=player, origin=GAME, now=NOW)

    make_link_ticket(player=player, origin=PLAYER, now=NOW)

    with pytest.raises(TicketRefused):
        find_by_token(first.token, now=NOW)
    assert find_by_token(of_game.token, now=NOW)


def test_wrong_codes_lock_their_network_for_ten_minutes(made: NewTicket) -> None:
    for _ in range(WRONG_CODES_ALLOWED):
        with pytest.raises(TicketRefused):
            find_by_code("2222-2222", network=HERE, now=NOW)

    with pytest.raises(TooManyWrongCodes):
        find_by_code(made.code, network=HERE, now=NOW)
    assert find_by_code(made.code, network="203.0.113.8", now=NOW)
    assert make_link_ticket(player=make_player(), origin=GAME, now=NOW + COUNTED_FOR)
    later = make_link_ticket(player=make_player(), origin=GAME, now=NOW + COUNTED_FOR)
    assert find_by_code(later.code, network=HERE, now=NOW + COUNTED_FOR)


def test_wrong_codes_of_many_networks_lock_all(made: NewTicket) -> None:
    WrongCodes.objects.bulk_create(
        WrongCodes(network=f"10.0.{number}.0", count=6, last_at=NOW)
        for number in range(WRONG_CODES_OF_ALL // 6)
    )

    with pytest.raises(TooManyWrongCodes):
        find_by_code(made.code, network=HERE, now=NOW)


def test_guessing_a_code_is_as_unlikely_as_the_docs_say() -> None:
    codes = len(CODE_ALPHABET) ** CODE_LENGTH
    tickets = 10_000

    periods_until_a_hit = codes / (WRONG_CODES_OF_ALL * tickets)

    assert len(set(CODE_ALPHABET)) == 30
    assert 21_000 < periods_until_a_hit < 23_000  # of ten minutes: five months of guessing


def test_old_tickets_are_deleted(made: NewTicket) -> None:
    make_link_ticket(player=make_player(), origin=GAME, now=NOW + timedelta(days=2))

    assert not LinkTicket.objects.filter(pk=made.ticket.pk).exists()
