"""The last step of a previewed change: only what was previewed is applied."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.desk.previews import PreviewExpired, read_preview

DIFFERS = gettext_lazy(
    "Not saved: this differs from the preview. Check the new preview, then confirm."
)


def confirmed_preview(request: HttpRequest, *, is_odd: bool) -> object | None:
    """What the user previewed and now confirms. None if it doesn't count; then a message says why.

    If `is_odd`, a box must be ticked, too.
    """
    if is_odd and "unusual" not in request.POST:
        messages.warning(request, _("Not saved yet. Confirm the unusual values first."))
        return None
    try:
        previewed = read_preview(request.POST.get("previewed", ""))
    except PreviewExpired:
        messages.warning(request, _("Not saved: the preview has expired. Check it again."))
        return None
    if previewed is None:
        messages.warning(request, DIFFERS)
    return previewed
