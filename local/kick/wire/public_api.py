"""The endpoints of api.kick.com, except for drops claims."""

from django.http import HttpRequest, HttpResponse

from ..keys import public_key_pem
from ..models import Viewer
from ..refusals import Refused
from .bearer import read_token, read_viewer_id
from .endpoint import ok

MAX_IDS = 50


def get_public_key(_request: HttpRequest) -> HttpResponse:
    return ok({"public_key": public_key_pem()})


def get_users(request: HttpRequest) -> HttpResponse:
    """Return the users given by `id` (which may repeat), or without it the token's owner."""
    ids = request.GET.getlist("id")
    if not ids:
        ids = [read_viewer_id(request, scope="user:read")]
    elif len(ids) > MAX_IDS or not all(one.isascii() and one.isdigit() for one in ids):
        raise Refused(f"each id must be a number, and at most {MAX_IDS} are allowed")
    else:
        read_token(request)
    found = Viewer.objects.in_bulk(ids)
    return ok(
        [
            {
                "user_id": int(viewer.user_id),
                "name": viewer.name,
                "email": f"viewer-{viewer.user_id}@local-kick.example",
                "profile_picture": request.build_absolute_uri(f"/art/viewers/{viewer.user_id}.svg"),
            }
            for viewer in (found[one] for one in ids if one in found)
        ]
    )
