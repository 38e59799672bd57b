"""Link tickets: open one by its URL or code, confirm the game account, or continue elsewhere."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.link_tickets import (
    TicketRefused,
    TooManyWrongCodes,
    find_by_code,
    find_by_id,
    find_by_token,
    make_link_ticket,
    open_ticket,
)
from accounts.models import LinkTicket
from accounts.pages.failures import show_failure
from accounts.pages.sessions import (
    OFFERED_TICKET_KEY,
    begin_login,
    current_player,
    log_in_player,
    ticket_of,
)
from core.client_address import client_address, network_of
from core.qr import qr_svg

ask = require_http_methods(["GET", "HEAD", "POST"])


def ticket_url(token: str) -> str:
    """The absolute URL that opens a ticket."""
    public_url: str = settings.PUBLIC_URL
    return public_url + reverse("link:open_ticket", args=[token])


@require_safe
@never_cache
def open_by_url(request: HttpRequest, token: str) -> HttpResponse:
    """Remember the ticket in the session. Nothing is used up: chats and browsers preview URLs."""
    try:
        ticket = find_by_token(token, now=timezone.now())
    except TicketRefused:
        return _show_refusal(request)
    return _go_to_ticket(request, ticket)


@ask
@never_cache
def code(request: HttpRequest) -> HttpResponse:
    """Type the code that the game shows."""
    if request.method != "POST":
        return render(request, "link/code.html", _context(request))
    typed = request.POST.get("code", "")[:50]
    network = network_of(client_address(request))
    try:
        ticket = find_by_code(typed, network=network, now=timezone.now())
    except TicketRefused:
        fault = _(
            "This code isn’t valid. Codes work once, within ten minutes. Check it, or get a new"
            " code in the game."
        )
        return _ask_again(request, typed, fault, status=400)
    except TooManyWrongCodes:
        fault = _("Too many wrong codes. Wait ten minutes, or scan the QR code.")
        return _ask_again(request, typed, fault, status=429)
    return _go_to_ticket(request, ticket)


@ask
@never_cache
def ticket(request: HttpRequest) -> HttpResponse:
    """Show the game account large, and ask. POST logs in as that account, only for linking."""
    ticket_id, now = request.session.get(OFFERED_TICKET_KEY, ""), timezone.now()
    try:
        found = find_by_id(ticket_id, now=now)
        if request.method != "POST":
            context = {**_context(request), "ticket": found, "owner": found.player}
            return render(request, "link/ticket.html", context)
        player = open_ticket(ticket_id, now=now)
    except TicketRefused:
        # A reload after the confirmation.
        if current_player(request):
            return redirect("link:hub")
        return _show_refusal(request)
    log_in_player(request, player, ticket_id=ticket_id)
    return redirect("link:hub")


@require_POST
@never_cache
def hand_over(request: HttpRequest) -> HttpResponse:
    """A QR code and a code, to continue on another device as the same player."""
    player = current_player(request)
    if player is None or ticket_of(request):  # a ticket can't make another
        return redirect("link:hub")
    made = make_link_ticket(player=player, origin=LinkTicket.Origin.PLAYER, now=timezone.now())
    url = ticket_url(made.token)
    context = {
        **_context(request),
        "url": url,
        "code": made.code,
        "code_url": settings.PUBLIC_URL + reverse("link:code"),
        "qr": mark_safe(qr_svg(url)),  # noqa: S308 (made from our own URL)
    }
    response = render(request, "link/hand_over.html", context)
    response.headers["Referrer-Policy"] = "strict-origin"
    return response


def _go_to_ticket(request: HttpRequest, found: LinkTicket) -> HttpResponse:
    begin_login(request)
    request.session[OFFERED_TICKET_KEY] = found.pk
    return redirect("link:ticket")


def _ask_again(request: HttpRequest, typed: str, fault: str, *, status: int) -> HttpResponse:
    context = {**_context(request), "typed": typed, "fault": fault}
    return render(request, "link/code.html", context, status=status)


def _show_refusal(request: HttpRequest) -> HttpResponse:
    player = current_player(request)
    return show_failure(request, "link/ends/ticket_ended.html", status=410, player=player)


def _context(request: HttpRequest) -> dict[str, object]:
    player = current_player(request)
    return {"player": player, "step": 2 if player else 1}
