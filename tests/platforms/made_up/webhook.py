"""The made-up platform's webhook: a batch of wins, signed with a shared secret."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from claims.source import get_source
from platforms.webhook import Delivery, Parsed, Refusal, SignedWebhook, Unusable
from tests.platforms.made_up import rewards
from tests.platforms.made_up.api import sign


@dataclass(frozen=True, slots=True)
class MadeUpDelivery:
    message_id: str
    timestamp: str
    sent_at: datetime
    body: bytes


class MadeUpWebhook(SignedWebhook):
    headers = ("Made-Up-Signature", "Made-Up-Message")

    def verify(self, body: bytes, headers: Mapping[str, str], *, now: datetime) -> MadeUpDelivery:
        if not hmac.compare_digest(headers.get("Made-Up-Signature", ""), sign(body)):
            raise Refusal(401, "forged", "The signature isn't the made-up platform's.")
        return MadeUpDelivery(headers["Made-Up-Message"], now.isoformat(), now, body)

    def parse(self, delivery: Delivery) -> Parsed:
        try:
            wins = json.loads(delivery.body)["wins"]
            awards = [rewards.award_of(win, message_id=delivery.message_id) for win in wins]
        except (ValueError, KeyError, TypeError) as error:
            raise Unusable(f"The delivery isn't a list of wins: {error!r}.") from error
        return Parsed(get_source(rewards.NAME), awards)


rewards_webhook = MadeUpWebhook()
