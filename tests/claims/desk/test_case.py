"""What a case page shows, and what it costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import LinkEvent
from claims.desk.audit import make_row, of_player
from claims.desk.case.page import case_of_player
from claims.desk.templatetags.desk import span
from claims.models import AuditEvent
from tests.factories import (
    NOW,
    make_account,
    make_claim,
    make_entitlement,
    make_player,
    make_report,
)
from tests.inline_code import InlineCode

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def test_every_event_has_its_time_and_gap() -> None:
    player = make_player(name="Nova")
    account = make_account(player=player)
    claim = make_claim(
        account=account,
        status="GRANTED",
        first_hold_reason="NOT_LINKED",
        occurred_at=NOW,
        received_at=NOW + 2 * SECOND,
        recorded_at=NOW + 2 * SECOND,
        granted_at=NOW + 60 * SECOND,
    )
    make_report(claim, requested_at=NOW + 66 * SECOND, reported_at=NOW + 68 * SECOND)
    make_entitlement(
        claim=claim,
        status="FULFILLED",
        granted_at=NOW + 60 * SECOND,
        first_listed_at=NOW + 65 * SECOND,
        fulfilled_at=NOW + 66 * SECOND,
    )

    page = case_of_player(player, now=NOW)

    assert page.about is not None
    assert [(event.what, span(event.gap)) for event in page.about.timeline] == [
        ("Claimed on Kick", ""),
        ("Received by webhook", "2.0 s"),
        ("Held", "0.0 s"),
        ("Granted to Nova", "58 s"),
        ("Requested by the game", "5.0 s"),
        ("Delivered by the game", "1.0 s"),
        ("Reported as delivered", "2.0 s"),
    ]
    assert span(page.about.took) == "1 min 8 s"


def test_refused_write_is_in_the_timeline() -> None:
    player = make_player()
    claim = make_claim(
        account=make_account(player=player),
        status="GRANTED",
    )
    make_report(claim, refusals=3)
    make_entitlement(claim=claim, status="FULFILLED")

    page = case_of_player(player, now=NOW)

    assert page.about is not None
    assert page.about.timeline[-1].what == "The platform rejects the report"


def test_answer_is_about_what_is_not_settled_unless_a_claim_is_named() -> None:
    player = make_player()
    account = make_account(player=player)
    waiting = make_claim(account=account)
    delivered = make_claim(
        account=account, status="GRANTED", recorded_at=NOW + SECOND, granted_at=NOW + SECOND
    )
    make_entitlement(claim=delivered, status="FULFILLED")

    by_itself = case_of_player(player, now=NOW)
    named = case_of_player(player, claim_id=delivered.pk, now=NOW)

    assert by_itself.about is not None
    assert by_itself.about.claim == waiting
    assert named.about is not None
    assert named.about.claim == delivered


def test_claim_of_somebody_else_is_not_in_this_case() -> None:
    player, another = make_player(), make_claim()

    page = case_of_player(player, claim_id=another.pk, now=NOW)

    assert page.about is None
    assert page.entries == []


def test_links_and_acts_are_in_the_timeline(support: Client) -> None:
    player = make_player(name="Nova")
    account = make_account(name="nova_live")
    for number, kind in enumerate(["LINKED", "UNLINKED"]):
        LinkEvent.objects.create(
            kind=kind, account=account, player=player, actor="player", at=NOW + number * SECOND
        )
    make_row(
        action=AuditEvent.Action.UNLINK,
        actor="ada",
        subject=of_player(player),
        reason="asked for by mail",
        now=NOW + 2 * SECOND,
    ).save()

    page = support.get(reverse("desk:player", args=[player.pk]))

    told = [entry.act or entry.link_event for entry in page.context["page"].entries]
    assert [type(one).__name__ for one in told] == ["AuditEvent", "LinkEvent", "LinkEvent"]
    assert "asked for by mail" in page.content.decode()


def test_case_runs_no_more_statements_as_rows_grow(support: Client) -> None:
    player = make_player()
    account = make_account(player=player)
    make_entitlement(player=player)
    url = reverse("desk:player", args=[player.pk])
    support.get(url)
    with CaptureQueriesContext(connection) as few:
        support.get(url)
    for _ in range(8):
        make_entitlement(claim=make_claim(account=account, status="GRANTED"))

    with CaptureQueriesContext(connection) as many:
        support.get(url)

    assert len(many) == len(few)


def test_pages_have_no_inline_code(ops: Client) -> None:
    owed = make_entitlement()
    case = reverse("desk:player", args=[owed.player_id])

    for url in (
        case,
        f"{case}/grant",
        f"{case}/revoke?claim={owed.claim_id}",
        f"{case}/unlink/kick",
    ):
        answer = ops.get(url)

        blocked = InlineCode()
        blocked.feed(answer.content.decode())
        assert (answer.status_code, blocked.found) == (200, [])


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0.04, "0.0 s"), (9.96, "10.0 s"), (12, "12 s"), (185, "3 min 5 s"), (7440, "2 h 4 min")],
)
def test_span_writes_the_two_biggest_units(seconds: float, written: str) -> None:
    assert span(timedelta(seconds=seconds)) == written
