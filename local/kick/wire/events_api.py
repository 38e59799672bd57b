"""`/public/v1/events/subscriptions`: lists, makes and ends an app's subscriptions to events.

As on Kick, duplicates are allowed, each item of a POST succeeds or fails separately, and an app
access token may subscribe to any channel without its consent.
"""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from platforms.kick.protocol.events import EVENT_TYPES

from .. import clock
from ..models import App, Subscription, Viewer
from ..refusals import Refused
from ..ulid import new_ulid
from .bearer import Unauthorized, read_token
from .endpoint import ok

MAX_IDS = 50
# Kick's limit is 10,000 per type and app.
MAX_OF_TYPE = 10_000


def get_subscriptions(request: HttpRequest) -> HttpResponse:
    found = _app(request).subscriptions.order_by("subscription_id")
    if wanted := request.GET.get("broadcaster_user_id"):
        found = found.filter(broadcaster=wanted)
    return ok([_describe(one) for one in found])


def post_subscriptions(request: HttpRequest) -> HttpResponse:
    app = _app(request)
    try:
        body = json.loads(request.body)
        events, owner, method = body["events"], body["broadcaster_user_id"], body["method"]
    except (ValueError, TypeError, LookupError) as error:
        raise Refused("send broadcaster_user_id, events and method") from error
    if method != "webhook" or not isinstance(events, list) or not events:
        raise Refused("method must be webhook, and events a list")
    if type(owner) is not int:
        raise Refused("broadcaster_user_id must be a number")
    if not app.events_url:
        raise Refused("the app's event webhook is off: set events_url with PUT /local/apps")
    broadcaster = Viewer.objects.filter(user_id=str(owner)).first()
    if broadcaster is None:
        raise Refused(f"broadcaster {owner} is unknown")
    return ok([_subscribe(app, broadcaster, one) for one in events])


def delete_subscriptions(request: HttpRequest) -> HttpResponse:
    app, ids = _app(request), request.GET.getlist("id")
    if not 0 < len(ids) <= MAX_IDS:
        raise Refused(f"id must be given 1 to {MAX_IDS} times")
    app.subscriptions.filter(subscription_id__in=ids).delete()
    return HttpResponse(status=204)


def _app(request: HttpRequest) -> App:
    token = read_token(request)
    if token.grant_id is not None:
        raise Unauthorized("the local Kick supports subscriptions with an app access token only")
    return token.app


def _subscribe(app: App, broadcaster: Viewer, asked: Any) -> dict[str, Any]:
    name = asked.get("name") if isinstance(asked, dict) else None
    version = asked.get("version") if isinstance(asked, dict) else None
    answer = {"name": name, "version": version}
    if name not in EVENT_TYPES or version != 1:
        return {**answer, "error": "unknown event or version"}
    if app.subscriptions.filter(event=name).count() >= MAX_OF_TYPE:
        return {**answer, "error": "event subscription limit reached"}
    now = clock.now()
    made = Subscription.objects.create(
        subscription_id=new_ulid(now=now),
        app=app,
        broadcaster=broadcaster,
        event=name,
        created_at=now,
    )
    return {**answer, "subscription_id": made.pk}


def _describe(one: Subscription) -> dict[str, Any]:
    return {
        "id": one.pk,
        "app_id": one.app_id,
        "broadcaster_user_id": int(one.broadcaster_id),
        "event": one.event,
        "version": 1,
        "method": "webhook",
        "created_at": one.created_at.isoformat(),
        "updated_at": one.created_at.isoformat(),
    }
