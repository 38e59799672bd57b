"""Kick's webhooks: `POST /webhooks/kick/drops` for claims, `/webhooks/kick/events` for events.

Kick documents no retry. If a signature doesn't verify, we may also look for a newer key, in the
database and at Kick: see `public_keys`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import account_key
from claims.models import QuarantinedDelivery
from claims.offers import Earning, RecordedUse, UnknownChannel, record_earnings
from claims.redemptions import note_ban, note_hint
from claims.source import get_source
from claims.streams import ask_soon
from platforms.kick import channel_rewards, drops
from platforms.kick.client import NoPublicKey, verify_delivery
from platforms.kick.event_subscriptions import is_known, is_ours
from platforms.kick.gifts import earnings_of
from platforms.kick.misdirected_events import note_misdirected_event
from platforms.kick.protocol import events as types
from platforms.kick.protocol.events import (
    Ban,
    Redemption,
    StreamMetadata,
    StreamStatus,
    UnknownEvent,
    parse_event,
)
from platforms.kick.protocol.payloads import PayloadError, is_other_event, parse_claim
from platforms.kick.protocol.signatures import (
    HEADERS,
    HeaderError,
    SignatureMissing,
    SignedDelivery,
    read_delivery,
)
from platforms.webhook import (
    Parsed,
    Refusal,
    SignedWebhook,
    Unusable,
    answer,
    note,
    quarantine,
    to_database,
)

# An event that no API can confirm is only counted if it was sent within this time.
FRESH_FOR = timedelta(hours=1)


class KickWebhook(SignedWebhook):
    """What both have: Kick's headers and its signature."""

    headers = HEADERS

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> SignedDelivery:
        try:
            delivery = read_delivery(headers, body)
            is_signed = verify_delivery(delivery, now=now)
        except SignatureMissing as error:
            raise Refusal(401, "unsigned", str(error)) from error
        except HeaderError as error:
            raise Refusal(400, "bad_headers", str(error)) from error
        except NoPublicKey as error:
            raise Refusal(
                503,
                "no_key",
                "Kick's public key hasn't been fetched yet, so the signature can't be verified."
                " Retry shortly.",
            ) from error
        if not is_signed:
            raise Refusal(
                401, "forged", "The signature is not Kick's for this ID, timestamp and body."
            )
        return delivery


class KickDropsWebhook(KickWebhook):
    def parse(self, delivery: SignedDelivery) -> Parsed:
        try:
            payload = parse_claim(delivery.body)
        except PayloadError as error:
            if delivery.event_type or is_other_event(delivery.body):
                # 200, or Kick would end the app's subscription after a day of failures.
                note_misdirected_event(delivery.event_type, now=timezone.now())
                raise Refusal(
                    200, "other_event", "Not a drops claim. This URL records only drops claims."
                ) from error
            raise Unusable(str(error)) from error
        award = drops.award_of(payload, message_id=delivery.message_id)
        return Parsed(get_source(drops.NAME), [award])


class KickEventsWebhook(KickWebhook):
    """All that Kick can send here is answered 200 once it's signed, or Kick would stop sending.

    See `gifts` for what makes an event ours.
    """

    def __call__(self, request: HttpRequest, secret: str = "") -> HttpResponse:
        if not constant_time_compare(secret, settings.KICK_EVENTS_SECRET):
            return answer(404, {"error": "Not found. Check the webhook URL of your Kick app."})
        return super().__call__(request)

    def handle(self, delivery: Any, *, started: float, now: datetime) -> HttpResponse:
        try:
            event = parse_event(
                delivery.body, event_type=delivery.event_type, version=delivery.event_version
            )
        except UnknownEvent as error:
            raise Refusal(200, "unknown_event", f"Unknown event: {error}.") from error
        except PayloadError as error:
            reason = str(error)
            to_database(lambda: self._keep_unusable(delivery, reason, now=now))
            raise Refusal(200, "unusable", reason) from error
        if isinstance(event, Redemption):
            return self._note_redemption(delivery, event, started=started, now=now)
        if isinstance(event, Ban):
            return self._note_ban(delivery, event, started=started, now=now)
        if isinstance(event, (StreamStatus, StreamMetadata)):
            user_id = event.broadcaster.user_id
            return self._ask_about_stream(delivery, user_id, started=started, now=now)
        earnings = earnings_of(
            event, message_id=delivery.message_id, sent_at=delivery.sent_at or now
        )
        if not earnings:
            raise Refusal(200, "no_earnings", "This event earns nothing.")
        user_id = event.broadcaster.user_id
        uses = to_database(lambda: self._record(delivery, user_id, earnings, now=now))
        for one in uses:
            note(
                _outcome(one),
                started,
                claim_id=one.use.pk,
                account_id=one.use.account_id,
                hold_reason=one.claim.hold_reason if one.claim else "",
            )
        if not uses:
            note("no_offer", started)
        return answer(200, {"recorded": len(uses)})

    def _record(
        self, delivery: SignedDelivery, user_id: str, earnings: Sequence[Earning], *, now: datetime
    ) -> list[RecordedUse]:
        if not is_ours(
            subscription_id=delivery.subscription_id,
            user_id=user_id,
            event=delivery.event_type,
            now=now,
        ):
            raise Refusal(200, "foreign_subscription", "Not sent for one of our subscriptions.")
        sent_at = delivery.sent_at
        if sent_at is None or abs(now - sent_at) > FRESH_FOR:
            reason = "Sent too long ago to be counted. Grant the item by hand if it's genuine."
            quarantine(
                delivery,
                QuarantinedDelivery.Verdict.UNUSABLE,
                source=earnings[0].source,
                reason=reason,
                now=now,
            )
            raise Refusal(200, "stale", reason)
        try:
            return record_earnings(earnings, now=now)
        except UnknownChannel as error:
            raise Refusal(200, "unknown_channel", "Not an active partner channel.") from error

    def _note_redemption(
        self, delivery: SignedDelivery, event: Redemption, *, started: float, now: datetime
    ) -> HttpResponse:
        """Whoever sent it, and whenever: Kick's API has the last word."""
        hint = channel_rewards.hint_of(event, message_id=delivery.message_id)
        use_id = to_database(lambda: note_hint(hint, source=channel_rewards.NAME, now=now))
        if not use_id:
            raise Refusal(200, "foreign_reward", "Not a reward that we offer.")
        note("noted", started, claim_id=use_id, account_id=hint.account)
        return answer(200, {"noted": use_id})

    def _ask_about_stream(
        self, delivery: SignedDelivery, user_id: str, *, started: float, now: datetime
    ) -> HttpResponse:
        """Kick's API has the last word, so the event itself isn't stored."""

        def ask() -> bool:
            ours = is_ours(
                subscription_id=delivery.subscription_id,
                user_id=user_id,
                event=delivery.event_type,
                now=now,
            )
            return ours and ask_soon(account_key(channel_rewards.PLATFORM, user_id))

        if not to_database(ask):
            raise Refusal(200, "foreign_subscription", "Not sent for one of our subscriptions.")
        note("stream", started)
        return answer(200, {"noted": True})

    def _note_ban(
        self, delivery: SignedDelivery, event: Ban, *, started: float, now: datetime
    ) -> HttpResponse:
        """No API lists bans. So only what Kick has just sent to one of our subscriptions counts."""
        channel = event.broadcaster.user_id
        banned = account_key(channel_rewards.PLATFORM, event.banned_user.user_id)

        def keep() -> bool:
            is_fresh = delivery.sent_at is not None and abs(now - delivery.sent_at) <= FRESH_FOR
            return (
                is_fresh
                and is_ours(
                    subscription_id=delivery.subscription_id,
                    user_id=channel,
                    event=types.BAN,
                    now=now,
                )
                and note_ban(
                    channel_id=account_key(channel_rewards.PLATFORM, channel),
                    account_id=banned,
                    banned_at=event.created_at,
                    expires_at=event.expires_at,
                )
            )

        if not to_database(keep):
            raise Refusal(200, "foreign_subscription", "Not sent just now for a subscription here.")
        note("banned", started, account_id=banned)
        return answer(200, {"noted": True})

    def _keep_unusable(self, delivery: SignedDelivery, reason: str, *, now: datetime) -> None:
        """Only if it names one of our subscriptions: anyone can forward signed events."""
        if is_known(delivery.subscription_id):
            quarantine(delivery, QuarantinedDelivery.Verdict.UNUSABLE, reason=reason, now=now)


def _outcome(recorded: RecordedUse) -> str:
    if not recorded.is_new:
        return "known"
    return recorded.claim.status.lower() if recorded.claim else recorded.use.outcome.lower()


drops_webhook = KickDropsWebhook()
events_webhook = KickEventsWebhook()
