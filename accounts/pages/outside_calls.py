"""The views that wait for the game's login or for a platform take turns.

Webhooks share the process's threads. If the login or the platform hangs, such views would take them
all. Without a free slot, a page asks the player to wait, and loads again after two seconds: the
code in its URL hasn't been used yet.
"""

import functools
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from accounts.pages.failures import show_failure
from accounts.pages.sessions import current_player
from core.slots import OUTSIDE_CALLS, Busy

View = Callable[[HttpRequest], HttpResponse]

SECONDS_TO_WAIT = 2


def calls_outside(view: View) -> View:
    @functools.wraps(view)
    def run(request: HttpRequest) -> HttpResponse:
        try:
            with OUTSIDE_CALLS.taken():
                return view(request)
        except Busy:
            page = show_failure(
                request, "link/busy.html", status=503, player=current_player(request)
            )
            page.headers["Retry-After"] = page.headers["Refresh"] = str(SECONDS_TO_WAIT)
            return page

    return run
