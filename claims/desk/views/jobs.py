"""A bulk job's page: its progress and a button to stop it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from claims.desk.bulk_jobs import stop_job
from claims.desk.views.decorators import LOOK, name_of, show, staff_page
from claims.models import BulkJob

# Permission to start a kind of job includes permission to stop it.
NEEDED = {
    BulkJob.Kind.GRANT_MAPPED: "claims.change_reward",
    BulkJob.Kind.RETRY: "claims.retry_claims",
    BulkJob.Kind.REFETCH: "claims.refetch",
    BulkJob.Kind.REVOKE: "claims.change_entitlement",
}


@require_safe
@staff_page(*LOOK)
def job(request: HttpRequest, *, job_id: int) -> HttpResponse:
    shown = get_object_or_404(BulkJob, pk=job_id)
    return show(
        request,
        "job.html",
        title=str(shown),
        job=shown,
        can_stop=_can_stop(request, shown) and not shown.ended_at and not shown.stop_asked_at,
    )


@require_POST
@staff_page(*LOOK)
def stop(request: HttpRequest, *, job_id: int) -> HttpResponse:
    shown = get_object_or_404(BulkJob, pk=job_id)
    if not _can_stop(request, shown):
        raise PermissionDenied
    if stop_job(job=shown, actor=name_of(request), now=timezone.now()):
        messages.success(
            request, _("Stopping after the current step. Completed steps aren't undone.")
        )
    return redirect("desk:job", shown.pk)


def _can_stop(request: HttpRequest, shown: BulkJob) -> bool:
    return request.user.has_perm(NEEDED[BulkJob.Kind(shown.kind)])
