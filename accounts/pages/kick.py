"""Connect to Kick, handle the callback, and unlink: the second step of linking."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.cooldown import cooldown_end
from accounts.link_attempts import LinkAttemptRefused, begin_link_attempt, take_link_attempt
from accounts.links import LinkRefused, NewAuthorization, NotLinked
from accounts.models import LinkTicket, PlatformAccount, Player, account_key
from accounts.pages.failures import show_failure
from accounts.pages.link_ends import AuthorizationRefused, end_named, end_of, read_authorization
from accounts.pages.outside_calls import calls_outside
from accounts.pages.sessions import (
    current_player,
    forget_end,
    last_end,
    leave_end,
    leave_news,
    session_key,
    ticket_of,
)
from accounts.pending_links import (
    discard_pending_link,
    find_pending_link,
    hold_link,
    needs_confirmation,
    take_pending_link,
)
from accounts.platform_login import get_login
from claims.linking import LinkResult, link_player, unlink_player
from core import metrics
from core.platform_errors import PlatformError

KICK = "kick"
FAILURES = (LinkAttemptRefused, AuthorizationRefused, PlatformError, LinkRefused)


@require_POST
@never_cache
def connect(request: HttpRequest) -> HttpResponse:
    player = current_player(request)
    return _send_to_kick(request, player) if player else redirect("link:hub")


@require_safe
@never_cache
@calls_outside
def kick_callback(request: HttpRequest) -> HttpResponse:
    """Finish the link, then redirect: a reload shows the same page and sends no used code."""
    player = current_player(request)
    try:
        result = _finish_trip(request, player)
    except FAILURES as failure:
        return _end(request, failure)
    return _welcome(request, result) if result else redirect("link:confirm")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def confirm(request: HttpRequest) -> HttpResponse:
    """Show both accounts and ask. POST links them, or drops the authorization."""
    player, now = current_player(request), timezone.now()
    if player is None:
        return redirect("link:hub")
    try:
        pending = find_pending_link(player=player, session_key=session_key(request), now=now)
        if request.method != "POST":
            context = {"player": player, "step": 2, "pending": pending}
            ticket = LinkTicket.objects.filter(pk=ticket_of(request)).first()
            context["details"] = ticket.details if ticket else []
            return render(request, "link/confirm.html", context)
        if request.POST.get("answer") != "yes":
            discard_pending_link(session_key=session_key(request), now=now)
            is_other = request.POST.get("answer") == "other"
            return _send_to_kick(request, player) if is_other else redirect("link:hub")
        pending, authorization = take_pending_link(
            player=player, session_key=session_key(request), now=now
        )
        result = link_player(
            player=player,
            account_key=account_key(pending.platform, pending.user_id),
            name=pending.name,
            authorization=authorization,
            ticket_id=ticket_of(request),
            now=now,
        )
    except FAILURES as failure:
        # A reload after the answer, or the button pressed twice.
        is_linked = PlatformAccount.objects.filter(player=player, platform=KICK).exists()
        if isinstance(failure, LinkAttemptRefused) and is_linked:
            return redirect("link:hub")
        return _end(request, failure)
    return _welcome(request, result)


def _end(request: HttpRequest, failure: Exception) -> HttpResponse:
    metrics.LINK_ENDS.labels(outcome=type(failure).__name__).inc()
    leave_end(request, end_of(failure).name, getattr(failure, "account", None))
    return redirect("link:kick_ended")


def _welcome(request: HttpRequest, result: LinkResult) -> HttpResponse:
    metrics.LINK_ENDS.labels(outcome=f"linked_{result.outcome}").inc()
    leave_news(request, result.outcome)
    return redirect("link:hub")


@require_safe
@never_cache
def kick_ended(request: HttpRequest) -> HttpResponse:
    """Why the last link attempt made no link. Stays until the player starts another one."""
    player = current_player(request)
    name, refused_account = last_end(request)
    if player is not None and not name:
        return redirect("link:hub")
    end = end_named(name)
    account = PlatformAccount.objects.filter(player=player, platform=KICK).first()
    return show_failure(
        request,
        end.template,
        status=end.status,
        player=player,
        account=account if player else None,
        refused_account=refused_account,
        until=cooldown_end(player=player, account_id=refused_account.pk, now=timezone.now())
        if player and refused_account
        else None,
        masked_name=_mask(refused_account.player)
        if refused_account and refused_account.player
        else "",
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def unlink(request: HttpRequest) -> HttpResponse:
    """GET asks for confirmation, POST unlinks. `then=connect` then redirects to Kick to relink."""
    player = current_player(request)
    if player is None:
        return redirect("link:hub")
    if ticket_of(request):
        context = {"player": player, "step": 3}
        return render(request, "link/log_in_first.html", context, status=403)
    if request.method != "POST":
        account = PlatformAccount.objects.filter(player=player, platform=KICK).first()
        if account is None:
            return redirect("link:hub")
        return render(request, "link/unlink.html", {"player": player, "account": account})
    try:
        unlink_player(player=player, platform=KICK, now=timezone.now())
        leave_news(request, "unlinked")
    except NotLinked:
        pass  # Already unlinked, for example in another tab.
    is_relink = request.POST.get("then") == "connect"
    return _send_to_kick(request, player) if is_relink else redirect("link:hub")


def _mask(owner: Player) -> str:
    """Enough of a name for its owner to recognize it: `K…l`. Short names show one letter."""
    name = str(owner)
    return f"{name[0]}…{name[-1]}" if len(name) > 3 else f"{name[0]}…"


def _send_to_kick(request: HttpRequest, player: Player) -> HttpResponse:
    forget_end(request)
    login = get_login(KICK)
    verifier = login.new_verifier()
    state = begin_link_attempt(
        platform=KICK,
        player=player,
        session_key=session_key(request),
        verifier=verifier,
        now=timezone.now(),
    )
    return redirect(login.authorize_url(state=state, verifier=verifier))


def _finish_trip(request: HttpRequest, player: Player | None) -> LinkResult | None:
    """The link. None: the player has to confirm it first."""
    if player is None:
        raise LinkAttemptRefused
    login = get_login(KICK)
    verifier = take_link_attempt(
        platform=KICK,
        player=player,
        session_key=session_key(request),
        state=request.GET.get("state", ""),
        now=timezone.now(),
    )
    tokens = login.exchange_code(code=read_authorization(request.GET), verifier=verifier)
    # If this fails, the account is unknown and we only forget the authorization: revoking could
    # end the active authorization of another player linked to the same account.
    checked_at = timezone.now()
    user = login.current_user(tokens.access_token)
    authorization = NewAuthorization(tokens, checked_at=checked_at)
    if settings.LINK_CONFIRMATION and needs_confirmation(
        player=player, platform=KICK, user=user, now=timezone.now()
    ):
        hold_link(
            player=player,
            platform=KICK,
            session_key=session_key(request),
            user=user,
            authorization=authorization,
            now=timezone.now(),
        )
        return None
    return link_player(
        player=player,
        account_key=account_key(KICK, user.user_id),
        name=user.name,
        authorization=authorization,
        ticket_id=ticket_of(request),
        now=timezone.now(),
    )
