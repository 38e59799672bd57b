"""Kick's claim webhook: `POST /webhooks/kick/drops`.

Kick documents no retry. If a signature doesn't verify, we may also look for a newer key, in the
database and at Kick: see `public_keys`.
"""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone

from claims.source import get_source
from platforms.kick import drops
from platforms.kick.client import NoPublicKey, verify_delivery
from platforms.kick.misdirected_events import note_misdirected_event
from platforms.kick.protocol.payloads import PayloadError, is_other_event, parse_claim
from platforms.kick.protocol.signatures import (
    HEADERS,
    HeaderError,
    SignatureMissing,
    SignedDelivery,
    read_delivery,
)
from platforms.webhook import Parsed, Refusal, SignedWebhook, Unusable


class KickDropsWebhook(SignedWebhook):
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


drops_webhook = KickDropsWebhook()
