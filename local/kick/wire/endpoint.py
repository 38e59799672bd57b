from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ..refusals import Refused
from .answers import refuse

View = Callable[[HttpRequest], HttpResponse]


def endpoint(**views: View) -> View:
    """One view for an endpoint's methods; what they refuse is answered in Kick's words."""

    @csrf_exempt
    @wraps(next(iter(views.values())))
    def dispatch(request: HttpRequest) -> HttpResponse:
        view = views.get(request.method or "")
        if view is None:
            return refuse(request.path, 405, f"{request.path} takes {' and '.join(views)}")
        try:
            return view(request)
        except Refused as refusal:
            return refuse(request.path, refusal.status, str(refusal))

    return dispatch
