"""The streamer's page: connect the channel once, and see its offers.

The owner of a partner channel proves it by Kick's login. That is kept apart from players: other
scopes, another callback, another key in the session.
"""

from datetime import datetime, timedelta

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.channels import connect_channel, refuse_channel
from accounts.link_attempts import LinkAttemptRefused, begin_link_attempt, take_link_attempt
from accounts.links import DeauthorizationUnderWay, NewAuthorization
from accounts.models import Purpose, account_key
from accounts.pages.channel_offers import health_of, list_channel_offers, list_channel_uses
from accounts.pages.link_ends import AuthorizationRefused, read_authorization
from accounts.pages.outside_calls import calls_outside
from accounts.pages.sessions import PLAYER_KEY, session_key
from accounts.platform_login import get_login
from claims.channel_rewards import KEEP_CHANNEL_REWARDS, leave, offer_again
from claims.models import Channel, ChannelReward
from core.early_start import start_after_commit
from core.platform_errors import PlatformError, PlatformRefused, PlatformUnavailable

KICK = "kick"
CHANNEL_KEY = "channel_id"
STREAMERS_STAY_FOR = timedelta(days=14)


class NotEnoughAllowed(Exception):
    """The streamer allowed less than rewards need."""


FAILURES = (
    LinkAttemptRefused,
    AuthorizationRefused,
    NotEnoughAllowed,
    DeauthorizationUnderWay,
    PlatformError,
)


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    channel = _channel_of(request)
    if channel is None:
        return render(request, "channel/welcome.html")
    now = timezone.now()
    return render(
        request,
        "channel/home.html",
        {
            "channel": channel,
            "health": health_of(channel, now=now),
            "offers": list_channel_offers(channel, now=now),
            "uses": list_channel_uses(channel),
        },
    )


@require_POST
@never_cache
def connect(request: HttpRequest) -> HttpResponse:
    if request.session.session_key is None:
        request.session.create()  # the attempt belongs to this session
        request.session.set_expiry(int(timedelta(minutes=10).total_seconds()))
    login = get_login(KICK)
    verifier = login.new_verifier()
    state = begin_link_attempt(
        platform=KICK,
        player=None,
        session_key=session_key(request),
        verifier=verifier,
        now=timezone.now(),
    )
    return redirect(login.authorize_url(state=state, verifier=verifier, purpose=Purpose.CHANNEL))


@require_safe
@never_cache
@calls_outside
def callback(request: HttpRequest) -> HttpResponse:
    try:
        channel = _finish(request, now=timezone.now())
    except FAILURES as failure:
        return _show_failure(request, failure)
    if channel is None:
        return _show(request, "channel/not_a_partner.html", status=403)
    _log_in(request, channel)
    start_after_commit(KEEP_CHANNEL_REWARDS)
    return redirect("channel:home")


@require_POST
def offer_reward_again(request: HttpRequest, pk: int) -> HttpResponse:
    channel = _channel_of(request)
    reward = ChannelReward.objects.filter(pk=pk, channel=channel).first() if channel else None
    if reward is not None:
        offer_again(reward)
        start_after_commit(KEEP_CHANNEL_REWARDS)
    return redirect("channel:home")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def disconnect(request: HttpRequest) -> HttpResponse:
    """GET asks for confirmation. POST gives open points back, deletes the rewards, and ends it."""
    channel = _channel_of(request)
    if channel is None:
        return redirect("channel:home")
    if request.method != "POST":
        return render(request, "channel/disconnect.html", {"channel": channel})
    leave(channel, now=timezone.now())
    start_after_commit(KEEP_CHANNEL_REWARDS)
    return redirect("channel:home")


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    request.session.pop(CHANNEL_KEY, None)
    request.session.cycle_key()
    return redirect("channel:home")


def _channel_of(request: HttpRequest) -> Channel | None:
    channel_id = request.session.get(CHANNEL_KEY)
    return Channel.objects.filter(pk=channel_id).first() if channel_id else None


def _log_in(request: HttpRequest, channel: Channel) -> None:
    """Under a new session key. A player or a staff member in this browser stays logged in."""
    request.session.cycle_key()
    request.session[CHANNEL_KEY] = channel.pk
    if PLAYER_KEY not in request.session and SESSION_KEY not in request.session:
        request.session.set_expiry(int(STREAMERS_STAY_FOR.total_seconds()))


def _finish(request: HttpRequest, *, now: datetime) -> Channel | None:
    """The connected channel. None if the Kick user's channel isn't an active partner channel."""
    login = get_login(KICK)
    verifier = take_link_attempt(
        platform=KICK,
        player=None,
        session_key=session_key(request),
        state=request.GET.get("state", ""),
        now=now,
    )
    tokens = login.exchange_code(
        code=read_authorization(request.GET), verifier=verifier, purpose=Purpose.CHANNEL
    )
    authorization = NewAuthorization(tokens, checked_at=timezone.now())
    user = login.current_user(tokens.access_token)
    owner = {"account_key": account_key(KICK, user.user_id), "name": user.name}
    channel = Channel.objects.filter(pk=owner["account_key"], is_active=True).first()
    is_enough = login.is_enough(tokens.scope, purpose=Purpose.CHANNEL)
    if channel is None or not is_enough:
        refuse_channel(**owner, authorization=authorization, now=timezone.now())
        if channel is not None:
            raise NotEnoughAllowed
        return None
    connect_channel(**owner, authorization=authorization, now=timezone.now())
    Channel.objects.filter(pk=channel.pk).update(leaving_at=None, name=user.name or channel.name)
    return channel


def _show_failure(request: HttpRequest, failure: Exception) -> HttpResponse:
    status, sentence = 400, _("This attempt has expired, or was used already. Please start again.")
    if isinstance(failure, AuthorizationRefused):
        status, sentence = 200, _("You didn’t allow access on Kick. Nothing was connected.")
    elif isinstance(failure, NotEnoughAllowed):
        status = 403
        sentence = _("Kick didn’t give us all permissions that channel rewards need.")
    elif isinstance(failure, DeauthorizationUnderWay):
        status = 409
        sentence = _("An earlier connection is still being ended. Please try again in 5 minutes.")
    elif isinstance(failure, PlatformUnavailable):
        status, sentence = 503, _("Kick can’t be reached just now. Please try again in a minute.")
    elif isinstance(failure, PlatformError) and not _is_used_code(failure):
        status, sentence = 502, _("Kick sent an answer that we don’t understand.")
    return _show(request, "channel/failed.html", status=status, sentence=sentence)


def _is_used_code(failure: PlatformError) -> bool:
    return isinstance(failure, PlatformRefused) and failure.code == "invalid_grant"


def _show(request: HttpRequest, template: str, *, status: int, **context: object) -> HttpResponse:
    """The URL may contain an OAuth code and state, which must not leak through the Referer."""
    response = render(request, template, context, status=status)
    response.headers["Referrer-Policy"] = "strict-origin"
    return response
