"""Any list of the desk as a CSV file."""

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from claims.desk.audit import Subject, make_row
from claims.desk.list_csv import write_list
from claims.desk.views.decorators import name_of, staff_page
from claims.models import AuditEvent


@require_POST
@staff_page()
def list_csv(request: HttpRequest, *, app: str, model: str) -> HttpResponseBase:
    """The rows that the query string's filters leave. Audited, since it takes data out."""
    try:
        model_admin = admin.site.get_model_admin(apps.get_model(app, model))
    except (LookupError, NotRegistered) as error:
        raise Http404 from error
    if not model_admin.has_view_or_change_permission(request):
        raise PermissionDenied
    try:
        changelist = model_admin.get_changelist_instance(request)
    except (IncorrectLookupParameters, ValueError):
        return HttpResponseRedirect(reverse(f"admin:{app}_{model}_changelist"))
    now = timezone.now()
    make_row(
        action=AuditEvent.Action.EXPORT,
        actor=name_of(request),
        subject=Subject("list", f"{app}.{model}"),
        after={"filters": request.GET.urlencode()},
        now=now,
    ).save()
    name = f"{model}-{now:%Y%m%d-%H%M}.csv"
    return StreamingHttpResponse(
        write_list(changelist),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
