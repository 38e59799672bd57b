"""`/public/v1/channels/rewards` and their redemptions, with a user access token only.

The token's owner is the channel's. Changing needs `channel:rewards:write`, and only the app that
made a reward may change it.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from platforms.kick.protocol.channel_rewards import (
    MAX_DESCRIPTION,
    MAX_IDS,
    MAX_TITLE,
    READ_SCOPE,
    WRITE_SCOPE,
)

from .. import clock
from ..models import ChannelReward, Redemption, Token, Viewer
from ..points import answer, delete_reward
from ..refusals import Missing, Refused
from ..ulid import new_ulid
from .bearer import Forbidden, Unauthorized, read_token
from .endpoint import ok

PAGE = 25
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_FIELDS: dict[str, Callable[[Any], bool]] = {
    "title": lambda value: isinstance(value, str) and 0 < len(value) <= MAX_TITLE,
    "cost": lambda value: type(value) is int and 0 < value < 2**31,
    "description": lambda value: isinstance(value, str) and len(value) <= MAX_DESCRIPTION,
    "background_color": lambda value: isinstance(value, str) and bool(_COLOR.fullmatch(value)),
    "is_enabled": lambda value: isinstance(value, bool),
    "is_user_input_required": lambda value: isinstance(value, bool),
    "should_redemptions_skip_request_queue": lambda value: isinstance(value, bool),
    "is_paused": lambda value: isinstance(value, bool),
}


def get_rewards(request: HttpRequest) -> HttpResponse:
    token = _token(request, READ_SCOPE, WRITE_SCOPE)
    rewards = ChannelReward.objects.filter(broadcaster=_owner(token), deleted_at=None)
    return ok([_describe(one) for one in rewards.order_by("pk")])


def post_rewards(request: HttpRequest) -> HttpResponse:
    token = _token(request, WRITE_SCOPE)
    fields = _read_fields(request, _FIELDS.keys() - {"is_paused"})
    if not {"title", "cost"} <= fields.keys():
        raise Refused("title and cost are required")
    now = clock.now()
    made = ChannelReward.objects.create(
        reward_id=new_ulid(now=now),
        broadcaster=_owner(token),
        app=token.app,
        created_at=now,
        **fields,
    )
    return ok(_describe(made))


def for_reward(
    view: Callable[[HttpRequest, ChannelReward], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """A view that gets the reward of its URL, if the token's app made it."""

    @wraps(view)
    def run(request: HttpRequest) -> HttpResponse:
        token = _token(request, WRITE_SCOPE)
        reward_id = request.path.rpartition("/")[2]
        rewards = ChannelReward.objects.filter(pk=reward_id, deleted_at=None)
        reward = rewards.filter(broadcaster=_owner(token)).first()
        if reward is None:
            raise Missing(f"the channel has no reward {reward_id}")
        if reward.app != token.app:
            raise Forbidden("another app, or the streamer, made this reward")
        return view(request, reward)

    return run


@for_reward
def patch_reward(request: HttpRequest, reward: ChannelReward) -> HttpResponse:
    fields = _read_fields(request, _FIELDS.keys())
    for name, value in fields.items():
        setattr(reward, name, value)
    reward.save(update_fields=list(fields))
    return ok(_describe(reward))


@for_reward
def delete_one_reward(_request: HttpRequest, reward: ChannelReward) -> HttpResponse:
    delete_reward(reward, now=clock.now())
    return HttpResponse(status=204)


def get_redemptions(request: HttpRequest) -> HttpResponse:
    """By `reward_id`, `status` and `cursor`, or by `id` alone. Without a status: pending ones."""
    token = _token(request, READ_SCOPE, WRITE_SCOPE)
    found = Redemption.objects.filter(reward__broadcaster=_owner(token)).select_related("reward")
    if ids := request.GET.getlist("id"):
        if request.GET.keys() != {"id"}:
            raise Refused("id can't be combined with other parameters")
        if len(ids) > MAX_IDS:
            raise Refused(f"id may be given {MAX_IDS} times")
        return _page(list(found.filter(pk__in=ids).order_by("pk")), token, cursor="")
    status = request.GET.get("status", "pending")
    if status not in Redemption.Status.values:
        raise Refused(f"status must be one of {', '.join(Redemption.Status.values)}")
    found = found.filter(status=status)
    if reward_id := request.GET.get("reward_id"):
        found = found.filter(reward=reward_id)
    if cursor := request.GET.get("cursor"):
        found = found.filter(pk__gt=_read_cursor(cursor))
    rows = list(found.order_by("pk")[: PAGE + 1])
    page = rows[:PAGE]
    is_more = len(rows) > PAGE
    next_cursor = base64.b64encode(page[-1].pk.encode()).decode() if is_more else ""
    return _page(page, token, cursor=next_cursor)


def post_accept(request: HttpRequest) -> HttpResponse:
    return _answer(request, accept=True)


def post_reject(request: HttpRequest) -> HttpResponse:
    return _answer(request, accept=False)


def _answer(request: HttpRequest, *, accept: bool) -> HttpResponse:
    token = _token(request, WRITE_SCOPE)
    ids = _read_json(request).get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise Refused("ids must be a list of redemption ids")
    if not 0 < len(ids) <= MAX_IDS or len(set(ids)) < len(ids):
        raise Refused(f"ids must have 1 to {MAX_IDS} unique ids")
    owner, now = _owner(token), clock.now()
    reasons = {
        one: answer(one, accept=accept, app=token.app, broadcaster=owner, now=now) for one in ids
    }
    return ok([{"id": one, "reason": reason} for one, reason in reasons.items() if reason])


def _token(request: HttpRequest, *scopes: str) -> Token:
    token = read_token(request)
    if token.grant_id is None:
        raise Unauthorized("an app access token can't do this: use the streamer's access token")
    if not set(scopes) & set(token.scope.split()):
        raise Forbidden(f"the access token lacks the scope {' or '.join(scopes)}")
    return token


def _owner(token: Token) -> Viewer:
    if token.grant is None:
        raise Unauthorized("an app access token has no owner")
    return token.grant.viewer


def _read_json(request: HttpRequest) -> dict[str, Any]:
    try:
        fields = json.loads(request.body)
    except ValueError as error:
        raise Refused("the body isn't JSON") from error
    if not isinstance(fields, dict):
        raise Refused("the body isn't a JSON object")
    return fields


def _read_fields(request: HttpRequest, known: Any) -> dict[str, Any]:
    fields = {name: value for name, value in _read_json(request).items() if name in known}
    for name, value in fields.items():
        if not _FIELDS[name](value):
            raise Refused(f"{name} is invalid")
    return fields


def _read_cursor(cursor: str) -> str:
    try:
        return base64.b64decode(cursor, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused("cursor is invalid") from error


def _page(rows: list[Redemption], token: Token, *, cursor: str) -> HttpResponse:
    groups: dict[str, dict[str, Any]] = {}
    for one in rows:
        reward = one.reward
        group = groups.setdefault(
            reward.pk,
            {
                "reward": {
                    "id": reward.pk,
                    "title": reward.title,
                    "description": reward.description,
                    "cost": reward.cost,
                    "can_manage": reward.app_id == token.app_id,
                    "is_deleted": reward.deleted_at is not None,
                },
                "redemptions": [],
            },
        )
        group["redemptions"].append(
            {
                "id": one.pk,
                "redeemed_at": one.redeemed_at.isoformat().replace("+00:00", "Z"),
                "redeemer": {"user_id": int(one.redeemer_id)},
                "status": one.status,
                "user_input": one.user_input,
            }
        )
    return JsonResponse(
        {
            "data": list(groups.values()),
            "pagination": {"next_cursor": cursor},
            "message": "OK",
        }
    )


def _describe(one: ChannelReward) -> dict[str, Any]:
    return {
        "id": one.pk,
        "title": one.title,
        "description": one.description,
        "cost": one.cost,
        "background_color": one.background_color,
        "is_enabled": one.is_enabled,
        "is_paused": one.is_paused,
        "is_user_input_required": one.is_user_input_required,
        "should_redemptions_skip_request_queue": one.should_redemptions_skip_request_queue,
    }
