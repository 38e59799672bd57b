"""The live board of partner channels. It updates every five seconds."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from claims.desk.board import AirState, read_board
from claims.desk.views.decorators import LOOK, show, staff_page

WATCH = (*LOOK, "claims.view_channel")


@require_safe
@staff_page(*WATCH)
def board(request: HttpRequest) -> HttpResponse:
    return show(request, "board.html", title=_("Live board"), **_lines())


@require_safe
@never_cache
@staff_page(*WATCH)
def board_lines(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes."""
    return render(request, "admin/desk/board_lines.html", _lines())


def _lines() -> dict[str, Any]:
    now = timezone.now()
    lines = read_board(now=now)
    counts = [(state, sum(line.state == state for line in lines)) for state in AirState]
    return {"lines": lines, "counts": counts, "now": now}
