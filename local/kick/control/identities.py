"""Control calls for apps, viewers and their consent."""

from django.http import HttpRequest

from .. import clock
from ..grants import allow, end_grant, read_authorize_request
from ..json_fields import read_fields
from ..models import Grant
from ..refusals import Missing
from ..registry import find_app, find_viewer, make_viewer, register_app
from .endpoint import Answer


def put_app(request: HttpRequest) -> Answer:
    fields = read_fields(
        request.body,
        known="client_id client_secret name organization redirect_uris connect_url webhook_url "
        "events_url",
    )
    app = register_app(
        client_id=fields.text("client_id"),
        client_secret=fields.text("client_secret"),
        name=fields.text("name"),
        organization=fields.optional_text("organization"),
        redirect_uris=fields.texts("redirect_uris"),
        connect_url=fields.optional_text("connect_url"),
        webhook_url=fields.optional_text("webhook_url"),
        events_url=fields.optional_text("events_url"),
    )
    owner = app.organization
    return {
        "client_id": app.client_id,
        "name": app.name,
        "organization": owner.name if owner else None,
        "redirect_uris": app.redirect_uris,
        "connect_url": owner.connect_url if owner else "",
        "webhook_url": owner.webhook_url if owner else "",
        "events_url": app.events_url,
    }


def post_viewer(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known="name user_id member_of")
    viewer = make_viewer(
        name=fields.text("name"),
        user_id=fields.optional_integer("user_id"),
        member_of=fields.optional_text("member_of"),
        now=clock.now(),
    )
    return {"user_id": int(viewer.user_id), "name": viewer.name}


def post_authorize(request: HttpRequest) -> Answer:
    """Give consent without a browser. Parameters that can only have one value have defaults."""
    fields = read_fields(
        request.body,
        known="user_id client_id redirect_uri state code_challenge scope "
        "response_type code_challenge_method",
    )
    query = {"response_type": "code", "code_challenge_method": "S256", "scope": "user:read"}
    query |= {name: str(value) for name, value in fields.values.items()}
    asked = read_authorize_request(query)
    viewer = find_viewer(fields.integer("user_id"))
    return {"redirect_to": allow(request=asked, viewer=viewer, now=clock.now())}


def post_disconnect(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known="user_id client_id")
    viewer = find_viewer(fields.integer("user_id"))
    app = find_app(fields.text("client_id"))
    grant = Grant.objects.filter(viewer=viewer, app=app, revoked_at=None).first()
    if grant is None:
        raise Missing(f"{viewer.name!r} hasn't connected {app.name!r}, so can't disconnect it.")
    end_grant(grant=grant, now=clock.now())
    return {"disconnected": True}
