"""Control calls for apps, viewers, consent, the signing key, the clock and a reset."""

from django.db import connection
from django.http import HttpRequest

from .. import clock
from ..grants import AuthorizeRequest, allow, end_grant, read_authorize_request
from ..json_fields import read_fields
from ..keys import public_key_pem, rotate_key
from ..models import App, Grant, Viewer
from ..refusals import Missing
from ..registry import find_app, find_viewer, make_viewer, register_app
from ..reset import forget_everything
from .endpoint import Answer, control


def _get_healthz(_request: HttpRequest) -> Answer:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"status": "ok"}


def _put_app(request: HttpRequest) -> Answer:
    fields = read_fields(
        request.body,
        known="client_id client_secret name organization redirect_uris connect_url webhook_url",
    )
    app = register_app(
        client_id=fields.text("client_id"),
        client_secret=fields.text("client_secret"),
        name=fields.text("name"),
        organization=fields.optional_text("organization"),
        redirect_uris=fields.texts("redirect_uris"),
        connect_url=fields.optional_text("connect_url"),
        webhook_url=fields.optional_text("webhook_url"),
    )
    return _describe_app(app)


def _describe_app(app: App) -> Answer:
    owner = app.organization
    return {
        "client_id": app.client_id,
        "name": app.name,
        "organization": owner.name if owner else None,
        "redirect_uris": app.redirect_uris,
        "connect_url": owner.connect_url if owner else "",
        "webhook_url": owner.webhook_url if owner else "",
    }


def _post_viewer(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known="name user_id member_of")
    viewer = make_viewer(
        name=fields.text("name"),
        user_id=fields.optional_integer("user_id"),
        member_of=fields.optional_text("member_of"),
        now=clock.now(),
    )
    return _describe_viewer(viewer)


def _describe_viewer(viewer: Viewer) -> Answer:
    return {"user_id": int(viewer.user_id), "name": viewer.name}


def _post_authorize(request: HttpRequest) -> Answer:
    """Give consent without a browser. Parameters that can only have one value have defaults."""
    fields = read_fields(
        request.body,
        known="user_id client_id redirect_uri state code_challenge scope "
        "response_type code_challenge_method",
    )
    query = {"response_type": "code", "code_challenge_method": "S256", "scope": "user:read"}
    query |= {name: str(value) for name, value in fields.values.items()}
    asked: AuthorizeRequest = read_authorize_request(query)
    viewer = find_viewer(fields.integer("user_id"))
    return {"redirect_to": allow(request=asked, viewer=viewer, now=clock.now())}


def _post_disconnect(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known="user_id client_id")
    viewer = find_viewer(fields.integer("user_id"))
    app = find_app(fields.text("client_id"))
    grant = Grant.objects.filter(viewer=viewer, app=app, revoked_at=None).first()
    if grant is None:
        raise Missing(f"{viewer.name!r} hasn't connected {app.name!r}, so can't disconnect it.")
    end_grant(grant=grant, now=clock.now())
    return {"disconnected": True}


def _post_rotate_key(_request: HttpRequest) -> Answer:
    return {"public_key": rotate_key()}


def _get_clock(_request: HttpRequest) -> Answer:
    return {"now": clock.now().isoformat()}


def _post_clock(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known="advance_seconds")
    return {"now": clock.advance(seconds=fields.number("advance_seconds")).isoformat()}


def _post_reset(_request: HttpRequest) -> Answer:
    forget_everything()
    return {"public_key": public_key_pem()}


healthz = control(GET=_get_healthz)
apps = control(PUT=_put_app)
viewers = control(POST=_post_viewer)
authorize = control(POST=_post_authorize)
disconnect = control(POST=_post_disconnect)
key_rotation = control(POST=_post_rotate_key)
clock_hands = control(GET=_get_clock, POST=_post_clock)
reset = control(POST=_post_reset)
