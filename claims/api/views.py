"""The REST API for game servers: list and fulfil entitlements, look up and sync players."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import APIException, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Player
from claims.api import examples
from claims.api.authentication import categories_of
from claims.api.pagination import MAX_LIMIT, UnknownPosition, page_of, page_of_changes
from claims.api.parsers import BoundedJSONParser
from claims.api.queries import list_links, mark_first_listed
from claims.api.schema import responses
from claims.api.serializers import (
    ChangePageSerializer,
    ChangeQuery,
    EntitlementPageSerializer,
    EntitlementQuery,
    FulfilmentSerializer,
    OutcomesSerializer,
    PlayerQuery,
    PlayerSerializer,
    SyncBody,
    SyncResultSerializer,
    statuses_to_list,
)
from claims.entitlements import fulfil_entitlements
from claims.listing import list_entitlements
from claims.models import Entitlement, Scope
from claims.player_sync import sync_player
from core.slots import OUTSIDE_CALLS, Busy

# Shared by all requests: each new instance would copy all of its fields.
_QUERY = EntitlementQuery()
_PAGE = EntitlementPageSerializer()


class TooManySyncs(APIException):
    status_code = 503
    default_detail = _lazy("Other calls are waiting for the platforms. Retry in a few seconds.")
    wait = 2


class ApiView(APIView):
    parser_classes = [BoundedJSONParser]
    http_method_names = ["get", "head", "post"]  # no OPTIONS: the docs page covers it

    @property
    def default_response_headers(self) -> dict[str, str]:
        return super().default_response_headers | {"Cache-Control": "no-store"}


class EntitlementsView(ApiView):
    scope = Scope.READ

    @extend_schema(
        operation_id="list_entitlements",
        summary="List entitlements",
        parameters=[EntitlementQuery],
        responses=responses(EntitlementPageSerializer, 400),
        examples=[examples.ASKED_FOR, examples.STILL_OWED, examples.ENTITLEMENTS],
    )
    def get(self, request: Request) -> Response:
        """List one player's entitlements. Without `game_account_id`, list the queue: the granted,
        unfulfilled entitlements of all players.

        Follow `next_cursor` until it is null, then start again without a cursor. Don't store a
        cursor to continue from later: entitlements granted in the meantime may come before it.
        """
        asked = _QUERY.run_validation(request.query_params)
        limit: int = asked["limit"]
        page = page_of(
            list_entitlements(
                game_account_id=asked.get("game_account_id"),
                statuses=statuses_to_list(asked),
                categories=categories_of(request),
                after_id=asked.get("cursor", 0),
                limit=limit + 1,
            ),
            limit=limit,
        )
        new_here = [row.id for row in page.entitlements if row.first_listed_at is None]
        if new_here:
            mark_first_listed(entitlement_ids=new_here, now=timezone.now())
        return Response(_PAGE.to_representation(page))


class ChangesView(ApiView):
    scope = Scope.READ

    @extend_schema(
        operation_id="list_changes",
        summary="List changes of entitlements",
        parameters=[ChangeQuery],
        responses=responses(ChangePageSerializer, 400),
        examples=[examples.CHANGES],
    )
    def get(self, request: Request) -> Response:
        """List entitlements that were granted or revoked, in the order of the change.

        Use it to learn of revocations after your server was away: store `next_cursor`, and go on
        there. No change is ever skipped. An entitlement that changes again moves to the end of the
        list. A change appears about a second after it happened. Fulfilling isn't a change.
        """
        query = ChangeQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        try:
            page = page_of_changes(
                after=query.validated_data.get("after", ""),
                categories=categories_of(request),
                limit=query.validated_data["limit"],
            )
        except UnknownPosition as error:
            said = _(
                "This cursor is ahead of the database, which was restored to an earlier state."
                " Start again without `after`: no delivery is repeated."
            )
            raise ValidationError({"after": said}) from error
        except ValueError as error:
            said = _("Invalid cursor. Pass `next_cursor` from the previous response unchanged.")
            raise ValidationError({"after": said}) from error
        return Response(ChangePageSerializer(page).data)


class FulfilView(ApiView):
    scope = Scope.FULFIL

    @extend_schema(
        operation_id="fulfil_entitlements",
        summary="Fulfil entitlements",
        request=FulfilmentSerializer,
        responses=responses(OutcomesSerializer, 400, 413, 415),
        examples=[examples.FULFILMENT, examples.OUTCOMES],
    )
    def post(self, request: Request) -> Response:
        """Mark entitlements as fulfilled. The response says, per entitlement, whether to deliver
        the item.

        Choose a new `fulfilment_id` for each delivery and store it with the player's account. If
        the response is lost, repeat the call with the same `fulfilment_id`: the outcome is
        `fulfilled` again, and your own records show whether you've already delivered the item.
        """
        body = FulfilmentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        outcomes = fulfil_entitlements(
            **body.validated_data, categories=categories_of(request), now=timezone.now()
        )
        return Response(
            {"outcomes": [{"id": id_, "outcome": outcome} for id_, outcome in outcomes.items()]}
        )


class PlayerView(ApiView):
    scope = Scope.PLAYERS

    @extend_schema(
        operation_id="get_player",
        summary="Get a player's links",
        parameters=[PlayerQuery],
        responses=responses(PlayerSerializer, 400),
        examples=[examples.ASKED_FOR, examples.PLAYER],
    )
    def get(self, request: Request) -> Response:
        """Get the platform accounts that this player has linked."""
        query = PlayerQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        game_account_id: str = query.validated_data["game_account_id"]
        links = [
            {
                "platform": link.platform,
                "user_id": link.user_id,
                "name": link.name,
                "linked_at": link.linked_at,
                "state": "disconnected" if link.is_disconnected else "linked",
            }
            for link in list_links(game_account_id=game_account_id)
        ]
        return Response(PlayerSerializer({"game_account_id": game_account_id, "links": links}).data)


class SyncView(ApiView):
    scope = Scope.PLAYERS

    @extend_schema(
        operation_id="sync_player",
        summary="Check for missing drops",
        request=SyncBody,
        responses=responses(SyncResultSerializer, 400, 413, 415),
        examples=[examples.SYNC, examples.SYNCED],
    )
    def post(self, request: Request) -> Response:
        """Ask the platforms of the player's linked accounts for claims, now.

        Use it when a player says that an item is missing, or when they press a button for it, not
        for polling: the platforms allow few requests. Each player is asked about at most once a
        minute. In between, the response is the last result. It can take ten seconds.
        """
        body = SyncBody(data=request.data)
        body.is_valid(raise_exception=True)
        game_account_id: str = body.validated_data["game_account_id"]
        player = Player.objects.filter(game_account_id=game_account_id).first()
        result = None
        if player is not None:
            try:
                with OUTSIDE_CALLS.taken():
                    result = sync_player(player=player, clock=timezone.now)
            except Busy as error:
                raise TooManySyncs from error
        owed = list_entitlements(
            game_account_id=game_account_id,
            statuses=[Entitlement.Status.GRANTED.value],
            categories=categories_of(request),
            after_id=0,
            limit=MAX_LIMIT,
        )
        accounts = result.accounts if result else []
        response = {
            "game_account_id": game_account_id,
            "synced_at": result.ended_at if result else None,
            "is_new": bool(result and result.is_new),
            "accounts": [
                {
                    "platform": one.platform,
                    "user_id": one.user_id,
                    "name": one.name,
                    "outcome": "unavailable" if one.error else "synced",
                    "found": one.found,
                    "recorded": one.recorded,
                    "granted": one.granted,
                }
                for one in accounts
            ],
            "entitlements": owed,
        }
        return Response(SyncResultSerializer(response).data)


class UnknownAddressView(ApiView):
    """A 404 as problem details for any other path below the API, with any method."""

    authentication_classes = []
    permission_classes = []
    schema = None

    def initial(self, request: Request, *_args: Any, **_kwargs: Any) -> None:
        raise NotFound(
            _("No endpoint at %(path)s. See /api/v1/docs for the available endpoints.")
            % {"path": request.path}
        )
