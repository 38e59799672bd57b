"""What the desk says about webhook endpoints and their messages, and what staff do with them."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from claims.desk.actions import ActionContext
from claims.desk.audit import Subject, make_row, record_acts
from claims.models import AuditEvent, WebhookDelivery, WebhookEndpoint
from claims.webhooks import endpoints
from core.admin.html import badge

Status = WebhookDelivery.Status
TONE_OF_DELIVERY = {
    Status.PENDING: "wait",
    Status.DELIVERED: "good",
    Status.FAILED: "bad",
    Status.REPLACED: "quiet",
}
# How far back staff can send messages again.
REPLAY_HOURS = {
    1: gettext_lazy("the last hour"),
    24: gettext_lazy("the last 24 hours"),
    24 * 7: gettext_lazy("the last 7 days"),
}


def endpoint_badge(endpoint: WebhookEndpoint) -> SafeString:
    if endpoint.disabled_at:
        is_by_staff = endpoint.disabled_because == WebhookEndpoint.DisabledBecause.STAFF
        return badge("quiet" if is_by_staff else "bad", _("disabled"))
    if endpoint.failing_since:
        return badge("wait", _("failing"))
    return badge("good", _("enabled"))


def delivery_badge(delivery: WebhookDelivery) -> SafeString:
    return badge(TONE_OF_DELIVERY[Status(delivery.status)], delivery.get_status_display())


def delivery_answer(delivery: WebhookDelivery) -> str:
    """Such as “200 in 80 ms”. Empty before the first attempt."""
    if delivery.last_attempt_at is None:
        return ""
    if delivery.last_status is None:
        return delivery.error
    answered = _("%(status)d in %(milliseconds)d ms") % {
        "status": delivery.last_status,
        "milliseconds": delivery.last_milliseconds,
    }
    return f"{answered}. {delivery.error}" if delivery.error else answered


def state_sentence(endpoint: WebhookEndpoint) -> str:
    if endpoint.disabled_at:
        said = _("Disabled since %(at)s: %(reason)s. Nothing is sent.")
        reason = endpoint.get_disabled_because_display()
        return said % {"at": date_format(endpoint.disabled_at, "DATETIME_FORMAT"), "reason": reason}
    if endpoint.failing_since:
        said = _(
            "Its answers have failed since %(at)s. Each message is sent again, up to ten times"
            " within 75 hours. After five days of failures, the endpoint is disabled."
        )
        return said % {"at": date_format(endpoint.failing_since, "DATETIME_FORMAT")}
    if endpoint.resend_after is not None:
        return _("Enabled again: undelivered items are being sent anew.")
    return _("Enabled.")


def send_test(*, endpoint: WebhookEndpoint, act: ActionContext) -> str:
    endpoints.send_test(endpoint=endpoint, now=act.now)
    if endpoint.disabled_at:
        return _("Test message queued. It's sent once you enable the endpoint.")
    return _("Test message queued. Reload this page in a few seconds for the answer.")


@transaction.atomic
def enable(*, endpoint: WebhookEndpoint, act: ActionContext) -> str:
    endpoints.enable_endpoint(endpoint_id=endpoint.pk, now=act.now)
    _record(endpoint, act, "Enabled.")
    return _("Enabled. All undelivered items are sent anew.")


@transaction.atomic
def disable(*, endpoint: WebhookEndpoint, act: ActionContext) -> str:
    because = WebhookEndpoint.DisabledBecause.STAFF
    endpoints.disable_endpoint(endpoint_id=endpoint.pk, because=because, now=act.now)
    _record(endpoint, act, "Disabled.")
    return _("Disabled. Nothing is sent until you enable it again.")


@transaction.atomic
def replace_secret(*, endpoint: WebhookEndpoint, act: ActionContext) -> str:
    endpoints.replace_secret(endpoint_id=endpoint.pk, now=act.now)
    _record(endpoint, act, "Made a new secret.")
    return _("New secret made. The old secret stays valid for 24 hours.")


def note_secret_shown(*, endpoint: WebhookEndpoint, act: ActionContext) -> None:
    _record(endpoint, act, "Showed the secret.")


@transaction.atomic
def replay(*, endpoint: WebhookEndpoint, hours: int, failed_only: bool, act: ActionContext) -> str:
    since = act.now - timedelta(hours=hours)
    count = endpoints.replay_since(
        endpoint=endpoint, since=since, failed_only=failed_only, now=act.now
    )
    _record(endpoint, act, f"Sent {count} messages of the last {hours} h again.")
    said = ngettext("%(count)d message is sent again.", "%(count)d messages are sent again.", count)
    return said % {"count": count}


def replay_one(*, delivery: WebhookDelivery, act: ActionContext) -> str:
    if endpoints.replay_delivery(delivery_id=delivery.pk, now=act.now):
        _record(delivery.endpoint, act, f"Sent {delivery} again.")
    return _("The message is sent again.")


def _record(endpoint: WebhookEndpoint, act: ActionContext, note: str) -> None:
    row = make_row(
        action=AuditEvent.Action.CHANGE,
        actor=act.actor,
        subject=Subject("webhookendpoint", str(endpoint.pk), name=str(endpoint)),
        after={"note": note},
        now=act.now,
    )
    record_acts([row])


def newest_deliveries(endpoint: WebhookEndpoint, *, count: int = 30) -> list[WebhookDelivery]:
    newest = endpoint.deliveries.select_related("message__player").order_by("-pk")
    return list(newest[:count])


def is_old_secret_valid(endpoint: WebhookEndpoint, *, now: datetime) -> bool:
    return endpoint.previous_ends_at is not None and endpoint.previous_ends_at > now
