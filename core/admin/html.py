"""Small pieces of HTML for the admin's columns and fields."""

from django.contrib.admin.utils import quote, unquote
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

NOTHING = "–"


def badge(tone: str, label: object) -> SafeString:
    """`tone` is one of good, wait, bad, quiet, test: a class of admin-theme.css."""
    return format_html('<span class="badge badge-{}">{}</span>', tone, label)


def stacked(first: object, second: object) -> SafeString:
    """Two values in one cell. The second is shown less prominently."""
    return format_html('{}<div class="second">{}</div>', first, second)


def link(url: str, label: object) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, label)


def row_url(model: str, pk: object) -> str:
    """The address of a row's page in the admin. `model` is, for example, `claims_claim`."""
    text = str(pk)
    # Django reads "_5F" in an address as "_". Only quote what it would change: the rest stays
    # readable.
    key = text if unquote(text) == text else quote(text)
    return reverse(f"admin:{model}_change", args=[key])


def row_link(model: str, pk: object, label: object = "") -> SafeString | str:
    """A link to a row's page in the admin."""
    return NOTHING if pk in (None, "") else link(row_url(model, pk), label or pk)


def list_link(model: str, label: object, **filters: str) -> SafeString:
    """A link to a model's filtered list in the admin."""
    url = reverse(f"admin:{model}_changelist")
    return link(f"{url}?{urlencode(filters)}", label)
