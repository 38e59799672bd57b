"""The base of all control calls: dispatch by method, and errors as JSON."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.db import IntegrityError
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from ..refusals import Refused

Answer = dict[str, Any] | HttpResponseBase


def control(**views: Callable[[HttpRequest], Answer]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Return a view that dispatches by method. Answers `{"error": reason}` for Refused.

    Calls from pages of other origins are refused, because the control API has no login.
    """

    @csrf_exempt
    @wraps(next(iter(views.values())))
    def dispatch(request: HttpRequest) -> HttpResponseBase:
        own = f"{request.scheme}://{request.get_host()}"
        origin = request.headers.get("Origin", "")
        site = request.headers.get("Sec-Fetch-Site", "none")
        if origin not in ("", own) or site not in ("same-origin", "none"):
            return _error("Pages of other origins can't call this. Use curl or a script.", 403)
        view = views.get(request.method or "")
        if view is None:
            allowed = ", ".join(views)
            return _error(
                f"{request.path} doesn't support {request.method}. Allowed: {allowed}.", 405
            )
        try:
            answer = view(request)
        except Refused as refusal:
            return _error(str(refusal), refusal.status)
        except IntegrityError as error:
            return _error(f"This conflicts with existing data ({error}). Change it.", 409)
        return answer if isinstance(answer, HttpResponseBase) else JsonResponse(answer)

    return dispatch


def _error(reason: str, status: int) -> JsonResponse:
    return JsonResponse({"error": reason}, status=status)
