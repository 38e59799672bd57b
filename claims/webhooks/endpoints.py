"""Endpoints: add, test, disable and enable them, change their secrets, send messages again."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.views.decorators.debug import sensitive_variables

from accounts.tokens import decrypt, encrypt
from claims.models import EventType, WebhookDelivery, WebhookEndpoint
from claims.webhooks import signing
from claims.webhooks.addresses import parse_url, resolve
from claims.webhooks.messages import make_message, queue_messages
from core.logs import log_event

logger = logging.getLogger(__name__)

DisabledBecause = WebhookEndpoint.DisabledBecause
Status = WebhookDelivery.Status
OLD_SECRET_LASTS = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """`secret` is what the server verifies with: the shared secret, or the public key."""

    endpoint: WebhookEndpoint
    secret: str


def check_url(url: str) -> None:
    """Raise BadUrl unless messages may be sent to this URL now. Resolves its name."""
    resolve(parse_url(url), allowed=settings.WEBHOOK_PRIVATE_NETWORKS)


@sensitive_variables("secret")
def add_endpoint(
    *,
    name: str,
    url: str,
    event_types: Sequence[str] = (),
    categories: Sequence[str] = (),
    signing_with: WebhookEndpoint.Signing = WebhookEndpoint.Signing.HMAC,
    now: datetime,
) -> NewSecret:
    """Add an endpoint, and return the secret to give to the server.

    No event types: all of them. It receives what happens from now on. Raises BadUrl.
    """
    check_url(url)
    secret = make_secret(signing_with)
    endpoint = WebhookEndpoint.objects.create(
        name=name,
        url=url,
        event_types=list(event_types),
        categories=list(categories),
        signing=signing_with,
        encrypted_secret=encrypt(secret),
        created_at=now,
    )
    return NewSecret(endpoint, _shown(secret))


@transaction.atomic
@sensitive_variables("secret")
def replace_secret(*, endpoint_id: int, now: datetime) -> NewSecret:
    """Make a new secret. The old secret signs 24 hours more. A repeat makes another."""
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint_id)
    secret = make_secret(endpoint.signing)
    endpoint.encrypted_previous_secret = endpoint.encrypted_secret
    endpoint.previous_ends_at = now + OLD_SECRET_LASTS
    endpoint.encrypted_secret = encrypt(secret)
    endpoint.save(
        update_fields=["encrypted_secret", "encrypted_previous_secret", "previous_ends_at"]
    )
    return NewSecret(endpoint, _shown(secret))


def secrets_of(endpoint: WebhookEndpoint, *, now: datetime) -> list[str]:
    """The secrets that sign now, newest first. Raises UnreadableToken."""
    secrets = [decrypt(endpoint.encrypted_secret)]
    if endpoint.previous_ends_at and endpoint.previous_ends_at > now:
        secrets.append(decrypt(endpoint.encrypted_previous_secret))
    return secrets


def public_key_of(endpoint: WebhookEndpoint) -> str:
    """What the server verifies signatures of a key pair with; "" for a shared secret."""
    if endpoint.signing != WebhookEndpoint.Signing.ED25519:
        return ""
    return signing.public_key_of(decrypt(endpoint.encrypted_secret))


def send_test(*, endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    """Queue a test message for an endpoint, and return its delivery. On a repeat: another one."""
    data = {"message": "It works. Answer with any status from 200 to 299."}
    message = make_message(EventType.TEST, data, now=now)
    (delivery,) = queue_messages([(message, [endpoint])], now=now)
    return delivery


def disable_endpoint(*, endpoint_id: int, because: DisabledBecause, now: datetime) -> bool:
    """Send nothing to it any more. Returns False on a repeat."""
    enabled = WebhookEndpoint.objects.enabled().filter(pk=endpoint_id)
    if not enabled.update(disabled_at=now, disabled_because=because):
        return False
    level = logging.INFO if because == DisabledBecause.STAFF else logging.ERROR
    log_event(logger, "endpoint_disabled", level, endpoint=endpoint_id, because=because.value)
    return True


@transaction.atomic
def enable_endpoint(*, endpoint_id: int, now: datetime) -> bool:
    """Send to it again. Returns False on a repeat.

    All undelivered entitlements are sent anew, because the queue is the truth. They replace the
    waiting messages about granted items; other waiting messages are due now.
    """
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint_id)
    if endpoint.disabled_at is None:
        return False
    waiting = endpoint.deliveries.pending()
    granted = Q(message__event_type=EventType.ENTITLEMENTS_GRANTED)
    waiting.filter(granted).update(status=Status.REPLACED, next_attempt_at=None)
    waiting.exclude(granted).update(next_attempt_at=now)
    endpoint.disabled_at, endpoint.disabled_because = None, ""
    endpoint.failing_since = None
    endpoint.resend_after = 0 if endpoint.wants(EventType.ENTITLEMENTS_GRANTED) else None
    endpoint.save(
        update_fields=["disabled_at", "disabled_because", "failing_since", "resend_after"]
    )
    log_event(logger, "endpoint_enabled", endpoint=endpoint_id)
    return True


def replay_delivery(*, delivery_id: int, now: datetime) -> bool:
    """Send a message to its endpoint again. Returns False while it's waiting anyway."""
    ended = WebhookDelivery.objects.filter(pk=delivery_id).exclude(status=Status.PENDING)
    return bool(ended.update(status=Status.PENDING, attempts=0, next_attempt_at=now))


def replay_since(
    *, endpoint: WebhookEndpoint, since: datetime, failed_only: bool, now: datetime
) -> int:
    """Send all messages since a time again, or only those given up. Returns their number.

    Those that are waiting are due now. `fulfil` makes repeats harmless.
    """
    chosen = endpoint.deliveries.filter(message__created_at__gte=since)
    if failed_only:
        chosen = chosen.filter(status=Status.FAILED)
    return chosen.update(status=Status.PENDING, attempts=0, next_attempt_at=now)


def make_secret(signing_with: str) -> str:
    """A shared secret or a private key, for a value of `WebhookEndpoint.Signing`."""
    if signing_with == WebhookEndpoint.Signing.ED25519:
        return signing.make_private_key()
    return signing.make_shared_secret()


def _shown(secret: str) -> str:
    is_private = secret.startswith(signing.PRIVATE)
    return signing.public_key_of(secret) if is_private else secret
