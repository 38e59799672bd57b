"""Bulk actions on the list of claims. Each starts a background job."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from claims.desk.actions import ActionContext
from claims.desk.bulk_jobs import SUBJECTS_AT_MOST, TooMuchAtOnce, start_job
from claims.desk.enqueue import run_jobs_after_commit
from claims.models import BulkJob, Claim
from core.admin.base import ModelAdmin


def begin(
    request: HttpRequest, kind: BulkJob.Kind, subjects: Sequence[str], *, reason: str = ""
) -> HttpResponse | None:
    """Start a job and redirect to its page. Too many subjects: show an error, return None."""
    user: Any = request.user
    act = ActionContext(actor=user.get_username(), reason=reason, now=timezone.now())
    try:
        job = start_job(kind=kind, subjects=subjects, act=act)
    except TooMuchAtOnce as error:
        messages.error(request, str(error))
        return None
    run_jobs_after_commit()
    return redirect("desk:job", job.pk)


class ClaimActions(ModelAdmin):
    actions: Any = ["retry", "refetch"]

    def has_retry_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("claims.retry_claims"))

    def has_refetch_permission(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("claims.refetch"))

    @admin.action(description=_("Retry held claims of the selected viewers"), permissions=["retry"])
    def retry(self, request: HttpRequest, chosen: QuerySet[Claim]) -> HttpResponse | None:
        return begin(request, BulkJob.Kind.RETRY, _accounts_of(chosen))

    @admin.action(
        description=_("Re-fetch these viewers' claims from their platforms"),
        permissions=["refetch"],
    )
    def refetch(self, request: HttpRequest, chosen: QuerySet[Claim]) -> HttpResponse | None:
        return begin(request, BulkJob.Kind.REFETCH, _accounts_of(chosen))


def _accounts_of(chosen: QuerySet[Claim]) -> list[str]:
    """Distinct account keys: at most one more than a job accepts, so that it can refuse."""
    known = Claim.objects.filter(pk__in=chosen.values("pk"), account__isnull=False)
    ids = known.order_by("account_id").values_list("account_id", flat=True).distinct()
    return list(ids[: SUBJECTS_AT_MOST + 1])
