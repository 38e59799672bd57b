"""Writes an audit row for each add, change and delete on Django's own admin pages.

Django's own log (`LogEntry`) is not written: one action has one row.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.utils import unquote
from django.db.models import Model, QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode

from claims.desk.audit import Subject, make_row, record_acts
from claims.models import AuditEvent
from core.admin.base import ModelAdmin

Action = AuditEvent.Action
Values = dict[str, Any]
# Replaces secret values in the audit log.
HIDDEN = "(not kept)"
SECRETS = ("password", "secret", "token", "digest", "key")


class Audited(ModelAdmin):
    # Read by the template that shows the link to the history.
    has_audit_history = True

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Remember the changes: Django calls this once, just before it logs them."""
        request.audited = _changes(form, formsets or [])  # type: ignore[attr-defined]
        return super().construct_change_message(request, form, formsets, add)

    def log_addition(self, request: HttpRequest, obj: Any, _message: Any) -> None:  # type: ignore[override]
        self._record(request, Action.ADD, [obj])

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        if isinstance(message, str):  # the message of an action, not of a form
            request.audited = ({}, {"note": message})  # type: ignore[attr-defined]
        self._record(request, Action.CHANGE, [obj])

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:  # type: ignore[override]
        self._record(request, Action.DELETE, queryset)

    def history_view(
        self,
        request: HttpRequest,  # noqa: ARG002
        object_id: str,
        extra_context: Any = None,  # noqa: ARG002
    ) -> HttpResponse:
        """The audit log of this object. Django's own log isn't written."""
        of_object = {
            "subject_kind__exact": str(self.opts.model_name),
            "subject_id__exact": unquote(object_id),
        }
        return redirect(f"{reverse('admin:claims_auditevent_changelist')}?{urlencode(of_object)}")

    def _record(self, request: HttpRequest, action: Action, rows: Iterable[Model]) -> None:
        user: Any = request.user
        before, after = getattr(request, "audited", ({}, {}))
        record_acts(
            make_row(
                action=action,
                actor=user.get_username(),
                subject=Subject(str(row._meta.model_name), str(row.pk), name=str(row)),
                before={"was": str(row)} if action == Action.DELETE else before,
                after=after,
                now=timezone.now(),
            )
            for row in rows
        )


def _changes(form: BaseForm, formsets: Iterable[Any]) -> tuple[Values, Values]:
    """The values of the changed fields, before and after.

    Fields of inlines are prefixed with their row number.
    """
    before, after = _changed_fields(form, "")
    for formset in formsets:
        for number, one in enumerate(formset.forms):
            was, became = _changed_fields(one, f"{formset.prefix} {number + 1}: ")
            if one.cleaned_data.get("DELETE"):
                was, became = {f"{formset.prefix} {number + 1}": str(one.instance)}, {}
            before |= was
            after |= became
    return before, after


def _changed_fields(form: Any, prefix: str) -> tuple[Values, Values]:
    names = [name for name in form.changed_data if name in form.fields or "password" in name]
    before = {prefix + name: _plain(name, form.initial.get(name)) for name in names}
    after = {prefix + name: _plain(name, form.cleaned_data.get(name)) for name in names}
    return before, after


def _plain(name: str, value: Any) -> Any:
    """A value that JSON can hold. Model instances become their names."""
    if any(secret in name for secret in SECRETS):
        return HIDDEN
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, list | tuple | set | QuerySet):
        return [_plain(name, one) for one in value]
    return str(value)
