"""Serves the pictures of items."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from claims.models import ItemPicture


@require_safe
@cache_control(public=True, max_age=365 * 24 * 3600, immutable=True)
def picture(request: HttpRequest, *, digest: str) -> HttpResponse:  # noqa: ARG001
    """The address has the picture's digest, so its answer never changes."""
    found = get_object_or_404(ItemPicture.objects.filter(digest=digest)[:1])
    headers = {"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(bytes(found.content), content_type=found.content_type, headers=headers)
