"""An audit event as a sentence, such as “ada unlinked Nova”."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from claims.models import AuditEvent

Action = AuditEvent.Action
SENTENCES = {
    Action.RETRY: gettext_lazy("%(actor)s retried the held claims of %(name)s"),
    Action.REFETCH: gettext_lazy("%(actor)s re-fetched the claims of %(name)s"),
    Action.GRANT: gettext_lazy("%(actor)s granted %(items)s to %(player)s"),
    Action.REQUEST: gettext_lazy("%(actor)s asked for approval of a grant to %(player)s"),
    Action.REJECT: gettext_lazy("%(actor)s rejected a grant to %(player)s"),
    Action.REVOKE: gettext_lazy("%(actor)s revoked items of %(player)s"),
    Action.UNLINK: gettext_lazy("%(actor)s unlinked %(name)s"),
    Action.WAIVE: gettext_lazy("%(actor)s lifted the waiting time of %(name)s"),
    Action.MAP: gettext_lazy("%(actor)s mapped %(name)s to %(items)s"),
    Action.PAUSE: gettext_lazy("%(actor)s paused the grants of %(name)s"),
    Action.RESUME: gettext_lazy("%(actor)s resumed the grants of %(name)s"),
    Action.IMPORT: gettext_lazy("%(actor)s imported the catalogue"),
    Action.EXPORT: gettext_lazy("%(actor)s exported %(name)s"),
    Action.BULK: gettext_lazy("%(actor)s ran the bulk job %(name)s"),
    Action.NOTE: gettext_lazy("%(actor)s noted at %(name)s"),
    Action.LOGIN: gettext_lazy("%(actor)s logged in"),
    Action.PASSWORD: gettext_lazy("%(actor)s changed their password"),
    Action.ADD: gettext_lazy("%(actor)s added %(kind)s %(name)s"),
    Action.CHANGE: gettext_lazy("%(actor)s changed %(fields)s of %(kind)s %(name)s"),
    Action.DELETE: gettext_lazy("%(actor)s deleted %(kind)s %(name)s"),
}
KINDS = {
    "apikey": gettext_lazy("API key"),
    "campaign": gettext_lazy("campaign"),
    "group": gettext_lazy("group"),
    "item": gettext_lazy("item"),
    "reward": gettext_lazy("reward"),
    "user": gettext_lazy("user"),
}


def describe(event: AuditEvent) -> str:
    """Plain text, from the event's own columns: the objects may be gone."""
    name = event.subject_name or str(event.before.get("was", "")) or event.subject_id
    if event.action == Action.EXPORT and event.subject_kind == "catalogue":
        name = _("the catalogue")
    words = {
        "actor": event.actor,
        "kind": KINDS.get(event.subject_kind, event.subject_kind),
        "name": name,
        "player": event.player or event.subject_id,
        "items": _items(event),
        "fields": _fields(event),
    }
    return str(SENTENCES[Action(event.action)]) % words


def _items(event: AuditEvent) -> str:
    items: Any = event.after.get("items") if event.action == Action.GRANT else event.after
    if not isinstance(items, Mapping) or not items:
        return _("no items")
    return ", ".join(f"{quantity} × {sku}" for sku, quantity in items.items())


def _fields(event: AuditEvent) -> str:
    names = sorted({*event.before, *event.after} - {"note"})
    return ", ".join(name.replace("_", " ") for name in names) or _("nothing")
