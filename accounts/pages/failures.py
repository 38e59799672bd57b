"""The pages that say why a login or a link failed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import Player


def show_failure(
    request: HttpRequest, template: str, *, status: int, player: Player | None, **context: object
) -> HttpResponse:
    """Render the page for a failed login or link.

    Its URL may contain an OAuth code and state, which must not leak through the Referer.
    """
    context = {"step": 2 if player else 1, "player": player, **context}
    response = render(request, template, context, status=status)
    # Not "no-referrer": browsers then send no Origin either, and the forms' POST fails.
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
