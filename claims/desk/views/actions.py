"""Actions on the case page. Granting, revoking and unlinking first ask for a reason."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts.cooldown import player_cooldown_end
from accounts.links import NotLinked
from accounts.models import PlatformAccount, Player
from accounts.platform_login import platform_label
from claims.desk import actions, approvals
from claims.desk.search import case_url
from claims.desk.views.decorators import LOOK, name_of, show, staff_page
from claims.desk.views.forms import GrantForm, NoteForm, ReasonForm, RevokeForm
from claims.models import Entitlement, GrantRequest
from claims.source_page import Tally
from core.platform_errors import PlatformError

ask_and_act = require_http_methods(["GET", "HEAD", "POST"])


@require_POST
@staff_page(*LOOK, "claims.retry_claims")
def retry(request: HttpRequest, *, account_id: str) -> HttpResponse:
    account = get_object_or_404(PlatformAccount, pk=account_id)
    granted = actions.retry_claims(account=account, act=_act(request, ""))
    said = ngettext("%d held claim granted.", "%d held claims granted.", granted)
    nothing = _("No claims granted: the reasons for holding them still apply.")
    messages.success(request, said % granted if granted else nothing)
    return _back(request, account=account)


@require_POST
@staff_page(*LOOK, "claims.refetch")
def refetch(request: HttpRequest, *, account_id: str) -> HttpResponse:
    account = get_object_or_404(PlatformAccount, pk=account_id)
    platform = platform_label(account.platform)
    try:
        tally = actions.refetch(account=account, act=_act(request, ""))
    except PlatformError as error:
        said = _(
            "%(platform)s's API request failed: %(error)s No claims are lost. Try again later."
        )
        messages.error(request, said % {"platform": platform, "error": error})
    else:
        messages.success(request, _what_was_found(tally, platform))
    return _back(request, account=account)


def _what_was_found(tally: Tally, platform: str) -> str:
    names = {"platform": platform, "count": tally.seen}
    if not tally.seen:
        return _("%(platform)s has no claims by this account for your organization.") % names
    said = ngettext(
        "%(platform)s returned %(count)d claim",
        "%(platform)s returned %(count)d claims",
        tally.seen,
    )
    said %= names
    return _("%(said)s: %(new)d new, %(granted)d granted.") % {
        "said": said,
        "new": tally.recorded,
        "granted": tally.granted,
    }


@ask_and_act
@staff_page(*LOOK, "claims.grant_by_hand")
def grant(request: HttpRequest, *, player_id: int) -> HttpResponse:
    player = get_object_or_404(Player, pk=player_id)
    form = GrantForm(request.POST or None, player=player)
    if not form.is_valid():
        # Shown so that nothing is granted twice by mistake.
        owed = Entitlement.objects.filter(player=player).exclude(status=Entitlement.Status.REVOKED)
        return show(
            request,
            "grant.html",
            title=_("Grant manually"),
            player=player,
            form=form,
            given=owed.order_by("-pk")[:20],
            left=approvals.grants_left(actor=name_of(request), now=timezone.now()),
        )
    granted = approvals.grant_or_request(
        player=player,
        pair=form.cleaned_data["wanted"],
        grant_id=form.cleaned_data["grant_id"],
        act=_act(request, form.cleaned_data["reason"]),
    )
    if isinstance(granted, GrantRequest):
        messages.warning(request, _("Not granted yet: someone else has to approve it."))
        return redirect("desk:approval", granted.pk)
    messages.success(
        request, _("Granted. The game delivers it the next time it requests this player's drops.")
    )
    return redirect(case_url(player=player, account=None, claim_id=granted.pk))


@ask_and_act
@staff_page(*LOOK, "claims.change_entitlement")
def revoke(request: HttpRequest, *, player_id: int) -> HttpResponse:
    player = get_object_or_404(Player, pk=player_id)
    claim_id = request.GET.get("claim", "")
    form = RevokeForm(request.POST or None, player=player, claim_id=claim_id)
    if not form.is_valid():
        return show(
            request,
            "revoke.html",
            title=_("Revoke"),
            player=player,
            form=form,
            owed=form.fields["entitlements"].queryset,  # type: ignore[attr-defined]
        )
    done = actions.revoke(
        player=player,
        entitlement_ids=[one.pk for one in form.cleaned_data["entitlements"]],
        act=_act(request, form.cleaned_data["reason"]),
    )
    said = _("%(revoked)d revoked. %(noted)d already delivered: note added.")
    messages.success(request, said % {"revoked": done.revoked, "noted": done.noted})
    return redirect(case_url(player=player, account=None, claim_id=claim_id))


@ask_and_act
@staff_page(*LOOK, "claims.unlink_player")
def unlink(request: HttpRequest, *, player_id: int, platform: str) -> HttpResponse:
    player = get_object_or_404(Player, pk=player_id)
    account = get_object_or_404(player.accounts, platform=platform)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        context = {"player": player, "account": account, "form": form}
        return show(request, "unlink.html", title=_("Unlink"), **context)
    act = _act(request, form.cleaned_data["reason"])
    try:
        actions.unlink(player=player, platform=platform, act=act)
    except NotLinked:
        messages.warning(request, _("This player is no longer linked."))
    else:
        messages.success(request, _("Unlinked. The player keeps all granted items."))
    return redirect(case_url(player=player, account=None))


@ask_and_act
@staff_page(*LOOK, "claims.unlink_player")
def lift_cooldown(request: HttpRequest, *, player_id: int, platform: str) -> HttpResponse:
    player = get_object_or_404(Player, pk=player_id)
    form = ReasonForm(request.POST or None)
    if not form.is_valid():
        now = timezone.now()
        until = player_cooldown_end(player=player, platform=platform, now=now)
        context = {"player": player, "until": until, "form": form}
        return show(request, "lift_cooldown.html", title=_("Lift the waiting time"), **context)
    act = _act(request, form.cleaned_data["reason"])
    if actions.lift_cooldown(player=player, platform=platform, act=act):
        messages.success(request, _("Lifted. The player can link another account now."))
    else:
        messages.warning(request, _("This player doesn't have to wait."))
    return redirect(case_url(player=player, account=None))


@require_POST
@staff_page(*LOOK, "claims.retry_claims")
def note_player(request: HttpRequest, *, player_id: int) -> HttpResponse:
    player = get_object_or_404(Player, pk=player_id)
    return _note(request, player=player, account=None)


@require_POST
@staff_page(*LOOK, "claims.retry_claims")
def note_account(request: HttpRequest, *, account_id: str) -> HttpResponse:
    account = get_object_or_404(PlatformAccount.objects.select_related("player"), pk=account_id)
    return _note(request, player=account.player, account=account)


def _note(
    request: HttpRequest, *, player: Player | None, account: PlatformAccount | None
) -> HttpResponse:
    form = NoteForm(request.POST)
    if form.is_valid():
        text, ticket = form.cleaned_data["text"], form.cleaned_data["ticket"]
        act = _act(request, text)
        actions.add_note(player=player, account=account, ticket=ticket, act=act)
        messages.success(request, _("Note added."))
    else:
        faults = [str(fault) for faults in form.errors.values() for fault in faults]
        said = _("Note not added. %(fault)s")
        messages.error(request, said % {"fault": " ".join(faults)})
    return redirect(case_url(player=player, account=account))


def _act(request: HttpRequest, reason: str) -> actions.ActionContext:
    return actions.ActionContext(actor=name_of(request), reason=reason, now=timezone.now())


def _back(request: HttpRequest, *, account: PlatformAccount) -> HttpResponse:
    claim_id = request.POST.get("claim", "")
    url = case_url(player=account.player, account=account, claim_id=claim_id)
    return redirect(url)
