"""Export the catalogue as a file, or upload a file, review the changes and import it."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from claims.desk.actions import ActionContext, NotAsPreviewed
from claims.desk.audit import Subject, make_row
from claims.desk.catalogue_file.document import BadDocument, Document, read_document
from claims.desk.catalogue_file.export import write_catalogue
from claims.desk.catalogue_file.transfer import (
    Effect,
    compare,
    describe_changes,
    export_catalogue,
    find_effect,
    import_catalogue,
)
from claims.desk.enqueue import heal_after_commit, run_jobs_after_commit
from claims.desk.previews import sign_preview
from claims.desk.views.actions import ask_and_act
from claims.desk.views.confirming import DIFFERS, confirmed_preview
from claims.desk.views.decorators import LOOK, name_of, show, staff_page
from claims.models import AuditEvent

BIGGEST_FILE = 512 * 1024
MOVE = (*LOOK, "claims.move_catalogue")


class FileForm(forms.Form):
    """First an uploaded file, then, to confirm the import, the text of the reviewed file."""

    file = forms.FileField(label=gettext_lazy("Catalogue file (JSON)"), required=False)
    text = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)
    document: Document

    def clean(self) -> dict[str, Any]:
        fields: dict[str, Any] = super().clean() or {}
        fields["text"] = fields.get("text") or self._read(fields.get("file"))
        try:
            self.document = read_document(fields["text"])
            fields["changes"] = compare(self.document)
        except BadDocument as error:
            raise forms.ValidationError(error.faults) from error
        return fields

    def _read(self, file: Any) -> str:
        if file is None:
            raise forms.ValidationError(_("Choose a catalogue file to import."))
        if file.size > BIGGEST_FILE:
            raise forms.ValidationError(
                _("This file is too large to upload. Import it with `manage.py import_catalogue`.")
            )
        try:
            return str(file.read().decode())
        except UnicodeDecodeError as error:
            raise forms.ValidationError(_("The file isn't UTF-8 text.")) from error


@ask_and_act
@staff_page(*MOVE)
def catalogue(request: HttpRequest) -> HttpResponse:
    form = FileForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        return _show(request, form=form)
    changes, text = form.cleaned_data["changes"], form.cleaned_data["text"]
    effect = find_effect(changes)
    done = (
        _import_as_previewed(request, form.document, effect)
        if "confirmed" in request.POST
        else None
    )
    return done or _show(
        request,
        changes=changes,
        text=text,
        effect=effect,
        previewed=sign_preview(describe_changes(changes)),
    )


def _import_as_previewed(
    request: HttpRequest, document: Document, effect: Effect
) -> HttpResponse | None:
    """Import the file if exactly these changes were previewed. Otherwise say why not."""
    act = ActionContext(actor=name_of(request), reason="", now=timezone.now())
    try:
        if (previewed := confirmed_preview(request, is_odd=bool(effect.unusual))) is None:
            return None
        changed = len(import_catalogue(document=document, act=act, previewed=previewed))
    except NotAsPreviewed:
        messages.warning(request, DIFFERS)
        return None
    heal_after_commit()
    run_jobs_after_commit()
    said = ngettext("%d row imported.", "%d rows imported.", changed)
    messages.success(request, said % changed)
    return redirect("desk:catalogue")


def _show(request: HttpRequest, **context: Any) -> HttpResponse:
    return show(request, "catalogue.html", title=_("Import and export"), **context)


@require_POST
@staff_page(*MOVE)
def export(request: HttpRequest) -> StreamingHttpResponse:
    now = timezone.now()
    make_row(
        action=AuditEvent.Action.EXPORT,
        actor=name_of(request),
        subject=Subject("catalogue", ""),
        now=now,
    ).save()
    name = f"catalogue-{now:%Y%m%d-%H%M}.json"
    return StreamingHttpResponse(
        write_catalogue(export_catalogue()),
        content_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
