"""The base of all control calls: dispatch by method, and errors as JSON."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from ..refusals import Conflict, Refused

Answer = dict[str, Any] | HttpResponseBase


class Foreign(Refused):
    status = 403


def control(**views: Callable[[HttpRequest], Answer]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return a view that dispatches by method. Answers `{"error": reason}` for Refused."""

    @csrf_exempt
    @wraps(next(iter(views.values())))
    def dispatch(request: HttpRequest) -> HttpResponseBase:
        try:
            answer = _call(views, request)
        except Refused as refusal:
            return JsonResponse({"error": str(refusal)}, status=refusal.status)
        return answer if isinstance(answer, HttpResponseBase) else JsonResponse(answer)

    return dispatch


def _call(views: dict[str, Callable[[HttpRequest], Answer]], request: HttpRequest) -> Answer:
    _refuse_foreign_pages(request)
    view = views.get(request.method or "")
    if view is None:
        wrong_method = Refused(
            f"{request.path} doesn't support {request.method}. Allowed: {', '.join(views)}."
        )
        wrong_method.status = 405
        raise wrong_method
    try:
        return view(request)
    except IntegrityError as error:
        raise Conflict(f"This conflicts with existing data ({error}). Change it.") from error


def _refuse_foreign_pages(request: HttpRequest) -> None:
    """Refuse calls from pages of other origins, because the control API has no login."""
    origin = request.headers.get("Origin", "")
    own = f"{request.scheme}://{request.get_host()}"
    site = request.headers.get("Sec-Fetch-Site", "none")
    if origin not in ("", own) or site not in ("same-origin", "none"):
        raise Foreign("Pages of other origins can't call this. Use curl or a script.")
