"""Channel points: viewers redeem, and the streamer accepts and rejects by hand."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from .. import clock
from ..events import ban, send
from ..models import ChannelReward, Redemption
from ..points import answer, delete_reward, find_reward, redeem
from ..refusals import Refused
from ..registry import find_viewer
from ..streams import current_stream, end_stream, go_live
from .viewer import ask_who, current_viewer

RECENT = 25


@require_POST
def redeem_reward(request: HttpRequest, reward_id: str) -> HttpResponse:
    viewer = current_viewer(request)
    if viewer is not None:
        text = request.POST.get("text", "")[:200]
        try:
            reward = find_reward(reward_id)
            redeem(reward, viewer, user_input=text, now=clock.now())
        except Refused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"Redeemed “{reward.title}” for {reward.cost} points.")
    return HttpResponseRedirect(reverse("channels"))


@require_safe
def my_channel(request: HttpRequest) -> HttpResponse:
    viewer = current_viewer(request)
    if viewer is None:
        return ask_who(request, because="Your channel belongs to your Kick account.")
    mine = Redemption.objects.filter(reward__broadcaster=viewer)
    context = {
        "rewards": ChannelReward.objects.filter(broadcaster=viewer, deleted_at=None).order_by("pk"),
        "stream": current_stream(viewer),
        "redemptions": mine.select_related("reward", "redeemer").order_by("-pk")[:RECENT],
    }
    return render(request, "local_kick/my_channel.html", context)


@require_POST
def stream(request: HttpRequest) -> HttpResponse:
    """Go live, change the category, or end the stream."""
    viewer, now = current_viewer(request), clock.now()
    if viewer is not None:
        try:
            if request.POST.get("do") == "end":
                end_stream(viewer, now=now)
            else:
                go_live(viewer, category=request.POST.get("category", "").strip()[:100], now=now)
        except Refused as refusal:
            messages.error(request, str(refusal))
    return HttpResponseRedirect(reverse("my-channel"))


@require_POST
def change_reward(request: HttpRequest, reward_id: str) -> HttpResponse:
    """Delete a reward of the own channel, or let its redemptions skip the queue (or not)."""
    reward = ChannelReward.objects.filter(pk=reward_id, broadcaster=current_viewer(request)).first()
    if reward is not None and request.POST.get("do") == "delete":
        delete_reward(reward, now=clock.now())
    elif reward is not None:
        skips = reward.should_redemptions_skip_request_queue
        reward.should_redemptions_skip_request_queue = not skips
        reward.save(update_fields=["should_redemptions_skip_request_queue"])
    return HttpResponseRedirect(reverse("my-channel"))


@require_POST
def ban_viewer(request: HttpRequest, user_id: str) -> HttpResponse:
    """Ban a viewer from the own channel for ever."""
    viewer = current_viewer(request)
    if viewer is not None:
        now = clock.now()
        send(ban(viewer, find_viewer(user_id), minutes=None, now=now), now=now)
        messages.success(request, "Banned. Kick tells each app that has subscribed.")
    return HttpResponseRedirect(reverse("my-channel"))


@require_POST
def answer_redemption(request: HttpRequest, redemption_id: str) -> HttpResponse:
    viewer = current_viewer(request)
    if viewer is not None:
        accept = request.POST.get("do") == "accept"
        reason = answer(redemption_id, accept=accept, app=None, broadcaster=viewer, now=clock.now())
        if reason:
            messages.error(request, f"Kick answers {reason}.")
    return HttpResponseRedirect(reverse("my-channel"))
