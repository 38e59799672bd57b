"""The base of all Kick endpoints: dispatch by method, and errors in Kick's format."""

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from ..refusals import Refused
from .answers import refuse

View = Callable[[HttpRequest], HttpResponse]


def endpoint(**views: View) -> View:
    """Return a view that dispatches by method. Refused becomes an error in Kick's format."""

    @csrf_exempt
    @wraps(next(iter(views.values())))
    def dispatch(request: HttpRequest) -> HttpResponse:
        view = views.get(request.method or "")
        if view is None:
            return refuse(request.path, 405, f"{request.path} supports only {' and '.join(views)}")
        try:
            return view(request)
        except Refused as refusal:
            return refuse(request.path, refusal.status, str(refusal))

    return dispatch
