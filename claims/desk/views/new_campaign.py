"""The page of a new campaign: IDs, dates, rewards and items at once, with a preview."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from claims.desk.actions import ActionContext, NotAsPreviewed
from claims.desk.audit import Subject
from claims.desk.campaign_form import (
    COLUMNS,
    CampaignForm,
    PasteForm,
    RewardRowSet,
    copy_of,
    make_document,
    read_rows,
    unusual_ids,
    write_template,
)
from claims.desk.catalogue_file.document import Document
from claims.desk.catalogue_file.transfer import (
    compare,
    describe_changes,
    find_effect,
    import_catalogue,
)
from claims.desk.enqueue import heal_after_commit, run_jobs_after_commit
from claims.desk.previews import sign_preview
from claims.desk.views.actions import ask_and_act
from claims.desk.views.confirming import DIFFERS, confirmed_preview
from claims.desk.views.decorators import LOOK, name_of, show, staff_page
from claims.models import AuditEvent, Campaign, Item

CREATE = (
    *LOOK,
    "claims.add_campaign",
    "claims.add_reward",
    "claims.add_item",
    "claims.change_rewarditem",
)
ROWS = 6
MOST_ROWS = 120
# In the lists of known categories and items.
MOST_OFFERED = 500
BIGGEST_FILE = 64 * 1024


@ask_and_act
@staff_page(*CREATE)
def new_campaign(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _show(request, *_empty_forms(request))
    form: CampaignForm = CampaignForm(request.POST)
    rows: Any = RewardRowSet(request.POST)
    if added := _pasted_rows(request) or ("more" in request.POST and [{}] * ROWS):
        typed = [row for row in _typed_rows(request) if row.get("reward_id") or row.get("sku")]
        form = CampaignForm(initial=request.POST.dict())
        return _show(request, form, RewardRowSet(initial=[*typed, *added]))
    if not (form.is_valid() and rows.is_valid()):
        return _show(request, form, rows)
    document = make_document(form.cleaned_data, rows.filled())
    done = _create_as_previewed(request, document) if "confirmed" in request.POST else None
    return done or _show(request, form, rows, document)


@require_safe
@staff_page(*CREATE)
def template(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """A CSV file to fill in."""
    headers = {"Content-Disposition": 'attachment; filename="rewards.csv"'}
    return HttpResponse(write_template(), content_type="text/csv; charset=utf-8", headers=headers)


def _empty_forms(request: HttpRequest) -> tuple[CampaignForm, Any]:
    """Empty, or like another campaign."""
    fields: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    if copied := request.GET.get("copy"):
        fields, rows = copy_of(get_object_or_404(Campaign, pk=copied))
    empty: list[dict[str, Any]] = [{}] * max(ROWS - len(rows), 1)
    return CampaignForm(initial=fields), RewardRowSet(initial=[*rows, *empty])


def _pasted_rows(request: HttpRequest) -> list[dict[str, str]]:
    """The rows of the text area or of the file. A message says if there are none."""
    text = request.POST.get("pasted", "")
    file: Any = request.FILES.get("file")
    if file and file.size <= BIGGEST_FILE:
        text = file.read().decode("utf-8-sig", errors="replace")
    if not text.strip():
        return []
    found = read_rows(text)
    if found:
        messages.info(request, _("Rows added. Check them, then press Preview."))
    else:
        messages.warning(request, _("No rewards found in the pasted rows or the file."))
    return found


def _typed_rows(request: HttpRequest) -> list[dict[str, str]]:
    count = request.POST.get("form-TOTAL_FORMS", "")
    numbers = range(min(int(count), MOST_ROWS) if count.isdecimal() else 0)
    return [{name: request.POST.get(f"form-{n}-{name}", "") for name in COLUMNS} for n in numbers]


def _create_as_previewed(request: HttpRequest, document: Document) -> HttpResponse | None:
    """Create the campaign if exactly this was previewed. Otherwise say why not."""
    (campaign_id,) = document.campaigns
    is_odd = bool(find_effect(compare(document)).unusual or unusual_ids(document))
    if (previewed := confirmed_preview(request, is_odd=is_odd)) is None:
        return None
    try:
        import_catalogue(
            document=document,
            act=ActionContext(actor=name_of(request), reason="", now=timezone.now()),
            previewed=previewed,
            action=AuditEvent.Action.ADD,
            subject=Subject("campaign", campaign_id, name=document.campaigns[campaign_id]["name"]),
        )
    except NotAsPreviewed:
        messages.warning(request, DIFFERS)
        return None
    heal_after_commit()
    run_jobs_after_commit()
    messages.success(request, _("Campaign created. Here is what is still needed for its launch."))
    may_check = request.user.has_perms(["claims.view_campaign", "claims.refetch"])
    return redirect("desk:preflight" if may_check else "desk:campaign", campaign_id)


def _show(
    request: HttpRequest, form: CampaignForm, rows: Any, document: Document | None = None
) -> HttpResponse:
    context: dict[str, Any] = {}
    if document:
        changes = compare(document)
        context = {
            "changes": changes,
            "effect": find_effect(changes),
            "unusual_ids": unusual_ids(document),
            "previewed": sign_preview(describe_changes(changes, source=document.source)),
        }
    categories = Campaign.objects.exclude(category="").order_by("category")
    return show(
        request,
        "new_campaign.html",
        title=_("New campaign"),
        form=form,
        rows=rows,
        paste=PasteForm(),
        last=Campaign.objects.order_by("-created_at").first(),
        categories=categories.values_list("category", flat=True).distinct()[:MOST_OFFERED],
        items=Item.objects.order_by("sku")[:MOST_OFFERED],
        **context,
    )
