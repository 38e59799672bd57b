"""The endpoints of api.kick.com, except for drops claims."""

from django.db.models import Value
from django.db.models.functions import Lower, Replace
from django.http import HttpRequest, HttpResponse

from ..keys import public_key_pem
from ..models import Viewer
from ..refusals import Refused
from .bearer import read_token, read_viewer_id
from .endpoint import ok

MAX_IDS = MAX_SLUGS = 50
MAX_SLUG = 25


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


def get_channels(request: HttpRequest) -> HttpResponse:
    """Return the channels given by `slug`, which may repeat. Every viewer has one.

    As observed on Kick, one unknown slug fails the whole request.
    """
    slugs = request.GET.getlist("slug")
    if not slugs or len(slugs) > MAX_SLUGS or any(len(slug) > MAX_SLUG for slug in slugs):
        raise Refused(
            f"slug must be given 1 to {MAX_SLUGS} times, each at most {MAX_SLUG} characters"
        )
    read_token(request)
    slug_of_name = Replace(Lower("name"), Value("_"), Value("-"))
    owners = Viewer.objects.annotate(slug=slug_of_name).filter(slug__in=slugs)
    ids = dict(owners.values_list("slug", "user_id"))
    for slug in slugs:
        if slug not in ids:
            raise Refused(f"the slug {slug!r} is unknown")
    return ok(
        [
            {
                "broadcaster_user_id": int(ids[slug]),
                "slug": slug,
                "channel_description": "",
                "banner_picture": "",
                "stream_title": "",
                "category": {"id": 0, "name": "", "thumbnail": ""},
            }
            for slug in slugs
        ]
    )
