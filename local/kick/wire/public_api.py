"""The endpoints of api.kick.com, except for drops claims."""

from typing import Any

from django.db.models import Value
from django.db.models.functions import Lower, Replace
from django.http import HttpRequest, HttpResponse, JsonResponse

from ..keys import public_key_pem
from ..models import Campaign, Stream, Viewer
from ..refusals import Refused
from ..streams import category_id_of, seconds
from .bearer import read_token, read_viewer_id
from .endpoint import ok

MAX_IDS = MAX_SLUGS = 50
MAX_SLUG = 25
MAX_STREAMS = 100
CATEGORIES = ("Just Chatting", "Music", "Skyfall", "Slots & Casino")


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


def get_categories(request: HttpRequest) -> HttpResponse:
    """Those of campaigns and streams whose name contains `name`, and a few others."""
    read_token(request)
    name = request.GET.get("name", "").casefold()
    known = {
        *CATEGORIES,
        *Campaign.objects.values_list("category", flat=True),
        *Stream.objects.values_list("category", flat=True),
    }
    found = sorted(one for one in known if name in one.casefold())
    data = [{"id": category_id_of(one), "name": one, "tags": [], "thumbnail": ""} for one in found]
    return JsonResponse({"data": data, "pagination": {"next_cursor": ""}, "message": "OK"})


def get_livestreams(request: HttpRequest) -> HttpResponse:
    """The streams on air of the users given by `user_id`, which may repeat."""
    read_token(request)
    ids = request.GET.getlist("user_id")
    if not 0 < len(ids) <= MAX_STREAMS or not all(one.isascii() and one.isdigit() for one in ids):
        raise Refused(f"user_id must be a number, given 1 to {MAX_STREAMS} times")
    on_air = Stream.objects.filter(broadcaster__in=ids, ended_at=None)
    return ok(
        [
            {
                "id": f"00000000-0000-4000-8000-{stream.pk:012}",
                "title": stream.title,
                "language_code": "en",
                "tags": [],
                "thumbnail": "",
                "viewer_count": 40 + stream.pk,
                "started_at": seconds(stream.started_at),
                "has_mature_content": False,
                "broadcaster_user": {
                    "id": int(stream.broadcaster_id),
                    "username": stream.broadcaster.name,
                    "profile_picture": "",
                },
                "channel": {"slug": stream.broadcaster.name.lower().replace("_", "-")},
                "category": {
                    "id": stream.category_id,
                    "name": stream.category,
                    "thumbnail": "",
                },
            }
            for stream in on_air.select_related("broadcaster").order_by("started_at")
        ]
    )


def get_channels(request: HttpRequest) -> HttpResponse:
    """Return the channels given by `slug` or `broadcaster_user_id`. Every viewer has one.

    As observed on Kick, one unknown slug fails the whole request. An unknown ID is left out.
    """
    if ids := request.GET.getlist("broadcaster_user_id"):
        return _channels_by_id(request, ids)
    slugs = request.GET.getlist("slug")
    if not slugs or len(slugs) > MAX_SLUGS or any(len(slug) > MAX_SLUG for slug in slugs):
        raise Refused(
            f"slug must be given 1 to {MAX_SLUGS} times, each at most {MAX_SLUG} characters"
        )
    read_token(request)
    slug_of_name = Replace(Lower("name"), Value("_"), Value("-"))
    owners = Viewer.objects.annotate(slug=slug_of_name).filter(slug__in=slugs)
    found = {str(owner.slug): owner for owner in owners}
    for slug in slugs:
        if slug not in found:
            raise Refused(f"the slug {slug!r} is unknown")
    return ok([_describe_channel(found[slug]) for slug in slugs])


def _channels_by_id(request: HttpRequest, ids: list[str]) -> HttpResponse:
    read_token(request)
    if "slug" in request.GET or len(ids) > MAX_IDS:
        raise Refused(f"broadcaster_user_id may be given {MAX_IDS} times, and not with a slug")
    found = Viewer.objects.in_bulk(ids)
    return ok([_describe_channel(found[one]) for one in ids if one in found])


def _describe_channel(owner: Viewer) -> dict[str, Any]:
    stream = Stream.objects.filter(broadcaster=owner, ended_at=None).first()
    return {
        "broadcaster_user_id": int(owner.user_id),
        "slug": owner.name.lower().replace("_", "-"),
        "channel_description": "",
        "banner_picture": "",
        "stream_title": stream.title if stream else "",
        "active_subscribers_count": int(owner.user_id) % 500,
        "category": {
            "id": stream.category_id if stream else 0,
            "name": stream.category if stream else "",
            "thumbnail": "",
        },
        "stream": {
            "is_live": stream is not None,
            "language": "en" if stream else "",
            # As on Kick.
            "start_time": seconds(stream.started_at) if stream else "0001-01-01T00:00:00Z",
            "key": "",
            "url": "",
            "viewer_count": 0,
        },
    }
