"""A webhook endpoint: its state, its last messages, and what owners can do with it."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_POST

from claims.desk import webhooks
from claims.desk.actions import ActionContext
from claims.desk.views.decorators import name_of, show, staff_page
from claims.models import WebhookEndpoint
from claims.webhooks.endpoints import public_key_of, secrets_of

VIEW, CHANGE = "claims.view_webhookendpoint", "claims.change_webhookendpoint"

ACTS: dict[str, Callable[..., str]] = {
    "test": webhooks.send_test,
    "enable": webhooks.enable,
    "disable": webhooks.disable,
    "replace": webhooks.replace_secret,
}


@require_GET
@staff_page(VIEW)
def endpoint(request: HttpRequest, *, endpoint_id: int) -> HttpResponse:
    return _page(request, get_object_or_404(WebhookEndpoint, pk=endpoint_id))


@never_cache
@require_POST
@staff_page(CHANGE)
@sensitive_variables("secret")
def act(request: HttpRequest, *, endpoint_id: int) -> HttpResponse:
    chosen = get_object_or_404(WebhookEndpoint, pk=endpoint_id)
    context = ActionContext(actor=name_of(request), reason="", now=timezone.now())
    name = request.POST.get("act", "")
    if name == "show":
        webhooks.note_secret_shown(endpoint=chosen, act=context)
        secret = public_key_of(chosen) or secrets_of(chosen, now=context.now)[0]
        return _page(request, chosen, secret=secret)
    if name in ACTS:
        said = ACTS[name](endpoint=chosen, act=context)
    elif name == "replay":
        hours = request.POST.get("hours", "")
        if hours not in map(str, webhooks.REPLAY_HOURS):
            return HttpResponseBadRequest()
        failed_only = request.POST.get("which") != "all"
        said = webhooks.replay(
            endpoint=chosen, hours=int(hours), failed_only=failed_only, act=context
        )
    elif name == "replay_one" and request.POST.get("delivery", "").isdecimal():
        delivery = get_object_or_404(chosen.deliveries, pk=int(request.POST["delivery"]))
        said = webhooks.replay_one(delivery=delivery, act=context)
    else:
        return HttpResponseBadRequest()
    messages.success(request, said)
    return redirect("desk:endpoint", endpoint_id)


@sensitive_variables("secret")
def _page(request: HttpRequest, chosen: WebhookEndpoint, *, secret: str = "") -> HttpResponse:
    is_pair = chosen.signing == WebhookEndpoint.Signing.ED25519
    return show(
        request,
        "endpoint.html",
        title=str(chosen),
        endpoint=chosen,
        badge=webhooks.endpoint_badge(chosen),
        sentence=webhooks.state_sentence(chosen),
        secret=secret,
        secret_label=_("Public key") if is_pair else _("Secret"),
        has_old_secret=webhooks.is_old_secret_valid(chosen, now=timezone.now()),
        hours=webhooks.REPLAY_HOURS.items(),
        deliveries=[
            (one, webhooks.delivery_badge(one), webhooks.delivery_answer(one))
            for one in webhooks.newest_deliveries(chosen)
        ],
    )
