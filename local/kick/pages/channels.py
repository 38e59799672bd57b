"""Channels, and what a viewer can do in them: gift KICKs, subscribe, gift subscriptions."""

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from .. import clock
from ..events import Happening, gift_kicks, gift_subscriptions, send, subscribe
from ..models import EventDelivery, Subscription, Viewer
from ..points import balance_of
from ..refusals import Refused
from ..registry import find_viewer, make_viewer
from .forms import checked
from .viewer import ask_who, current_viewer

RECENT = 25
MAX_GIFTS = 25


class GiftKicksForm(forms.Form):
    amount = forms.IntegerField(label="KICKs", min_value=1, max_value=100_000, initial=500)


class SubscribeForm(forms.Form):
    amount = forms.IntegerField(label="Month", min_value=1, max_value=999, initial=1)


class GiftSubscriptionsForm(forms.Form):
    amount = forms.IntegerField(label="Subscriptions", min_value=1, max_value=MAX_GIFTS, initial=5)
    giftee = forms.CharField(
        label="Giftee", required=False, max_length=40, help_text="the others are new viewers"
    )
    is_anonymous = forms.BooleanField(label="Anonymous", required=False)


FORMS = {
    "gift-kicks": ("Gift KICKs", GiftKicksForm),
    "subscribe": ("Subscribe", SubscribeForm),
    "gift-subscriptions": ("Gift subscriptions", GiftSubscriptionsForm),
}


@require_safe
def channels(request: HttpRequest) -> HttpResponse:
    viewer = current_viewer(request)
    if viewer is None:
        return ask_who(request, because="What you do in a channel is done by your Kick account.")
    has_something = Q(subscriptions__isnull=False) | Q(channel_rewards__isnull=False)
    owners = Viewer.objects.filter(has_something).distinct().order_by("name")
    context = {
        "channels": [
            {
                "owner": owner,
                "rewards": owner.channel_rewards.filter(deleted_at=None).order_by("pk"),
                "points": balance_of(viewer, owner),
                "events": Subscription.objects.filter(broadcaster=owner).count(),
                "actions": [
                    {"name": name, "label": label, "form": form(auto_id=f"{owner.pk}-{name}-%s")}
                    for name, (label, form) in FORMS.items()
                ],
            }
            for owner in owners
        ],
        "deliveries": EventDelivery.objects.order_by("-pk")[:RECENT],
    }
    return render(request, "local_kick/channels.html", context)


@require_POST
def act(request: HttpRequest, user_id: str, action: str) -> HttpResponse:
    """Do one of `FORMS` in the channel of this user, as the viewer that is signed in."""
    back = HttpResponseRedirect(reverse("channels"))
    viewer = current_viewer(request)
    if viewer is None or action not in FORMS:
        return back
    form = FORMS[action][1](request.POST)
    try:
        happening = _happening(action, find_viewer(user_id), viewer, checked(form))
        deliveries = send(happening, now=clock.now())
    except Refused as refusal:
        messages.error(request, str(refusal))
        return back
    answers = ", ".join(one.verdict for one in deliveries) or "no app has subscribed to it"
    messages.success(request, f"Done. Kick sent {happening.event}: {answers}.")
    return back


def _happening(
    action: str, broadcaster: Viewer, viewer: Viewer, values: dict[str, object]
) -> Happening:
    now, amount = clock.now(), int(str(values["amount"]))
    if action == "gift-kicks":
        return gift_kicks(broadcaster, viewer, amount=amount, now=now)
    if action == "subscribe":
        return subscribe(broadcaster, viewer, months=amount, now=now)
    named = [make_viewer(name=str(values["giftee"]), now=now)] if values["giftee"] else []
    names = [f"crowd-{now:%H%M%S}-{number}" for number in range(amount - len(named))]
    giftees = [*named, *(make_viewer(name=name, now=now) for name in names)]
    gifter = None if values["is_anonymous"] else viewer
    return gift_subscriptions(broadcaster, gifter, giftees, now=now)
