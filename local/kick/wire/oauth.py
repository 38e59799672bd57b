"""The endpoints of id.kick.com, except for the consent page, which is in `pages`."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from .. import clock
from ..faults import current_plan
from ..tokens import (
    Issued,
    TokenError,
    authenticate_app,
    exchange_code,
    find_access_token,
    issue_app_token,
    refresh,
    revoke,
)
from .bearer import read_bearer
from .endpoint import ok, refuse_token

FORM = "application/x-www-form-urlencoded"


def post_token(request: HttpRequest) -> HttpResponse:
    try:
        issued = _issue(request)
    except TokenError as refusal:
        return refuse_token(refusal.error, str(refusal))
    body: dict[str, Any] = {"access_token": issued.access_token, "token_type": "Bearer"}
    if issued.refresh_token:
        body |= {"refresh_token": issued.refresh_token, "scope": issued.scope}
    lifetime = issued.expires_in
    # Kick's docs show a string, but clients that work with Kick read a number.
    forms = {
        "number": lifetime,
        "text": str(lifetime),
        "decimal": f"{lifetime}.0",
        "null": None,
        "empty": "",
    }
    if (form := current_plan().expires_in) != "absent":
        body["expires_in"] = forms[form]
    return JsonResponse(body, headers={"Cache-Control": "no-store"})


def _issue(request: HttpRequest) -> Issued:
    if request.content_type != FORM:
        raise TokenError("invalid_request", f"send the parameters as {FORM}")
    app = authenticate_app(
        client_id=_required(request, "client_id"),
        client_secret=_required(request, "client_secret"),
    )
    grant_type = _required(request, "grant_type")
    if grant_type == "authorization_code":
        return exchange_code(
            app=app,
            code=_required(request, "code"),
            redirect_uri=_required(request, "redirect_uri"),
            code_verifier=_required(request, "code_verifier"),
            now=clock.now(),
        )
    if grant_type == "refresh_token":
        token = _required(request, "refresh_token")
        is_strict = current_plan().rotation == "strict"
        return refresh(app=app, refresh_token=token, is_strict=is_strict, now=clock.now())
    if grant_type == "client_credentials":
        return issue_app_token(app=app, now=clock.now())
    raise TokenError(
        "unsupported_grant_type",
        "grant_type must be authorization_code, refresh_token or client_credentials",
    )


def _required(request: HttpRequest, name: str) -> str:
    value = request.POST.get(name)
    if not value:
        raise TokenError("invalid_request", f"{name} is missing from the form")
    return value


def post_revoke(request: HttpRequest) -> HttpResponse:
    """Any token is answered 200. Kick documents the query string; RFC 7009 has a form."""
    parameters = request.GET if "token" in request.GET else request.POST
    text = parameters.get("token")
    if not text:
        return refuse_token("invalid_request", "token is missing from the query string and form")
    if parameters.get("token_hint_type", "access_token") not in ("access_token", "refresh_token"):
        return refuse_token("invalid_request", "token_hint_type: access_token or refresh_token")
    revoke(token=text, now=clock.now())
    return HttpResponse("OK", content_type="text/plain")


def post_introspect(request: HttpRequest) -> HttpResponse:
    token = find_access_token(read_bearer(request), now=clock.now())
    if token is None or token.expires_at is None:
        return ok({"active": False})
    return ok(
        {
            "active": True,
            "client_id": token.app_id,
            "token_type": "user" if token.grant_id else "app",
            "scope": token.scope,
            "exp": int(token.expires_at.timestamp()),
        }
    )
