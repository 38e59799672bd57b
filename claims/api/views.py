"""The REST API for game servers: ask what is owed, say what was handed out, ask who is linked."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from claims.api import examples
from claims.api.authentication import categories_of
from claims.api.pagination import page_of
from claims.api.parsers import BoundedJSONParser
from claims.api.queries import find_linked_kick_user, list_entitlements, mark_first_listed
from claims.api.schema import responses
from claims.api.serializers import (
    EntitlementPageSerializer,
    EntitlementQuery,
    FulfilmentSerializer,
    OutcomesSerializer,
    PlayerQuery,
    PlayerSerializer,
    statuses_to_list,
)
from claims.entitlements import fulfil_entitlements

# One of each for all requests: a new one would copy all of its fields first.
_QUERY = EntitlementQuery()
_PAGE = EntitlementPageSerializer()


class ApiView(APIView):
    parser_classes = [BoundedJSONParser]
    http_method_names = ["get", "head", "post"]  # not OPTIONS: the docs page says it better

    @property
    def default_response_headers(self) -> dict[str, str]:
        return super().default_response_headers | {"Cache-Control": "no-store"}


class EntitlementsView(ApiView):
    @extend_schema(
        operation_id="list_entitlements",
        summary="List entitlements",
        parameters=[EntitlementQuery],
        responses=responses(EntitlementPageSerializer, 400),
        examples=[examples.ASKED_FOR, examples.STILL_OWED, examples.ENTITLEMENTS],
    )
    def get(self, request: Request) -> Response:
        """What one player is owed, or, without `game_account_id`, the queue of what all players are
        owed and no game server has fulfilled yet.

        Pages are for one pass: follow `next_cursor` until it is null, then begin anew without a
        cursor. Do not keep a cursor as a watermark: what is granted meanwhile may come before it.
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


class FulfilView(ApiView):
    @extend_schema(
        operation_id="fulfil_entitlements",
        summary="Fulfil entitlements",
        request=FulfilmentSerializer,
        responses=responses(OutcomesSerializer, 400, 413, 415),
        examples=[examples.FULFILMENT, examples.OUTCOMES],
    )
    def post(self, request: Request) -> Response:
        """Say which entitlements you hand out, and learn for each whether you may.

        Make a `fulfilment_id` of your own for each hand-out and keep it with the player's account.
        If an answer is lost, repeat the call with the same `fulfilment_id`: it says `fulfilled`
        again, and your own record tells whether the item was handed out already.
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
    @extend_schema(
        operation_id="get_player",
        summary="Get a player's link",
        parameters=[PlayerQuery],
        responses=responses(PlayerSerializer, 400),
        examples=[examples.ASKED_FOR, examples.PLAYER],
    )
    def get(self, request: Request) -> Response:
        """Whether this player has linked a Kick account, and which."""
        query = PlayerQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        game_account_id: str = query.validated_data["game_account_id"]
        kick_user = find_linked_kick_user(game_account_id=game_account_id)
        player = {
            "game_account_id": game_account_id,
            "linked": kick_user is not None,
            "kick_user_id": kick_user and kick_user.kick_user_id,
            "kick_name": kick_user and kick_user.name,
            "linked_at": kick_user and kick_user.linked_at,
        }
        return Response(PlayerSerializer(player).data)


class UnknownAddressView(ApiView):
    """A 404 that a program can read, for whatever else is asked of the API, by any method."""

    authentication_classes = []
    permission_classes = []
    schema = None

    def initial(self, request: Request, *_args: Any, **_kwargs: Any) -> None:
        raise NotFound(
            _("There is no %(path)s. The docs at /api/v1/docs list what there is.")
            % {"path": request.path}
        )
