"""Formats durations and platforms' names for the desk's templates."""

from datetime import timedelta

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from accounts.platform_login import platform_label
from claims.desk.audit_sentences import describe

register = template.Library()

UNITS = (
    (pgettext_lazy("unit of time", "d"), 86400),
    (pgettext_lazy("unit of time", "h"), 3600),
    (pgettext_lazy("unit of time", "min"), 60),
    (pgettext_lazy("unit of time", "s"), 1),
)


register.filter("platform_name", platform_label)
register.filter("sentence", describe)


@register.filter
def span(gap: timedelta | None) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 4 min`, `5 d 3 h`: at most the two largest units."""
    if gap is None:
        return ""
    seconds = gap.total_seconds()
    if seconds < 10:
        return _("%(seconds).1f s") % {"seconds": seconds}
    left = int(seconds)
    parts: list[str] = []
    for unit, size in UNITS:
        count, left = divmod(left, size)
        if count or parts:
            parts.append(f"{count} {unit}" if count else "")
    return " ".join(filter(None, parts[:2]))
