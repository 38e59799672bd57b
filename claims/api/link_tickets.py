"""Link tickets for game servers: make one, ask for its state, undo its link."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.link_tickets import (
    LIFETIME,
    UNDO_WITHIN,
    State,
    is_kept,
    link_of,
    make_link_ticket,
    state_of,
)
from accounts.links import NotLinked
from accounts.models import LinkTicket
from accounts.players import BadGameAccountId, remember_player
from claims.api import examples
from claims.api.schema import responses
from claims.api.serializers import (
    LinkTicketBody,
    LinkTicketSerializer,
    NewLinkTicketSerializer,
)
from claims.api.views import ApiView
from claims.linking import unlink_player
from claims.models import Scope
from core.qr import qr_svg

BY_GAME = "game server"
TICKET_PARAMETER = OpenApiParameter(
    "ticket_id", location=OpenApiParameter.PATH, description="The `id` of the ticket."
)


class NothingToUndo(APIException):
    status_code = status.HTTP_409_CONFLICT


class LinkTicketsView(ApiView):
    scope = Scope.PLAYERS

    @extend_schema(
        operation_id="make_link_ticket",
        summary="Make a link ticket",
        request=LinkTicketBody,
        responses=responses(NewLinkTicketSerializer, 400, 413, 415),
        examples=[examples.TICKET_BODY, examples.NEW_TICKET],
    )
    def post(self, request: Request) -> Response:
        """Make a URL, a QR code and a code that link for a game account, without a game login.

        Make it only when the player of this account asks for it in the game, and show it only to
        them. It works once, within ten minutes.
        """
        body = LinkTicketBody(data=request.data)
        body.is_valid(raise_exception=True)
        asked, now = body.validated_data, timezone.now()
        try:
            player = remember_player(
                game_account_id=asked["game_account_id"], name=asked["name"], now=now
            )
        except BadGameAccountId as error:
            raise ValidationError({"game_account_id": str(error)}) from error
        details = [(one["label"], one["value"]) for one in asked.get("details", ())]
        made = make_link_ticket(
            player=player, origin=LinkTicket.Origin.GAME, details=details, now=now
        )
        url = settings.PUBLIC_URL + reverse("link:open_ticket", args=[made.token])
        ticket = {
            "id": made.ticket.pk,
            "url": url,
            "code": made.code,
            "code_url": settings.PUBLIC_URL + reverse("link:code"),
            "qr": qr_svg(url),
            "expires_in": int(LIFETIME.total_seconds()),
        }
        return Response(NewLinkTicketSerializer(ticket).data)


class LinkTicketView(ApiView):
    scope = Scope.PLAYERS

    @extend_schema(
        operation_id="get_link_ticket",
        summary="Get a link ticket's state",
        responses=responses(LinkTicketSerializer, 404),
        parameters=[TICKET_PARAMETER],
        examples=[examples.TICKET_PATH, examples.TICKET],
    )
    def get(self, _request: Request, ticket_id: str) -> Response:
        """For consoles: ask every few seconds until the state is `linked` or `expired`."""
        return Response(_shown(_find(ticket_id), now=timezone.now()))


class UndoView(ApiView):
    scope = Scope.PLAYERS

    @extend_schema(
        operation_id="undo_link_ticket",
        summary="Undo a link",
        request=None,
        responses=responses(LinkTicketSerializer, 404, 409),
        parameters=[TICKET_PARAMETER],
        examples=[examples.TICKET_PATH, examples.UNDONE_TICKET],
    )
    def post(self, _request: Request, ticket_id: str) -> Response:
        """Unlink the account that was linked with this ticket, within ten minutes.

        Call it when the player says in the game that they didn't link this account. Items that were
        granted meanwhile stay. A repeat changes nothing.
        """
        ticket, now = _find(ticket_id), timezone.now()
        link = link_of(ticket)
        if link is None or now > link.at + UNDO_WITHIN:
            raise NothingToUndo(_("This ticket has no link of the last ten minutes."))
        if is_kept(link):
            with suppress(NotLinked):  # unlinked just now
                unlink_player(
                    player=link.player, platform=link.account.platform, actor=BY_GAME, now=now
                )
        return Response(_shown(ticket, now=now))


def _find(ticket_id: str) -> LinkTicket:
    ticket = LinkTicket.objects.select_related("player").filter(pk=ticket_id).first()
    if ticket is None:
        raise NotFound(_("No such link ticket. It may be more than a day old."))
    return ticket


def _shown(ticket: LinkTicket, *, now: datetime) -> dict[str, Any]:
    link = link_of(ticket)
    state = state_of(ticket, link, now=now)
    account = link.account if link else None
    shown = {
        "id": ticket.pk,
        "game_account_id": ticket.player.game_account_id,
        "state": state,
        "expires_in": max(0, int((ticket.expires_at - now).total_seconds())),
        "account": account,
        "undo_until": link.at + UNDO_WITHIN if link and state == State.LINKED else None,
    }
    return dict(LinkTicketSerializer(shown).data)
