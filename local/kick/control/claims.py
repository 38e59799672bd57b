"""Control calls that create claims, from one to a million, and deliver or redeliver them."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from .. import clock
from ..campaigning import find_attachment, find_campaign
from ..claim_pages import COLUMNS, describe
from ..claiming import claim_reward
from ..crowds import claims_of, make_crowd
from ..json_fields import Fields, read_fields
from ..models import CampaignReward, Claim, Delivery
from ..refusals import Missing, Refused
from ..registry import find_viewer
from ..webhooks import deliver
from .endpoint import Answer

MAX_LISTED = 10_000
_ENTRY = "user_id campaign_id reward_id claim_id"


def post_claims(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known=f"{_ENTRY} count claims deliver force")
    if sum(name in fields for name in ("user_id", "count", "claims")) != 1:
        raise Refused("Send exactly one of user_id, count (of new viewers) and claims.")
    force = fields.flag("force", default=False)
    deliver_too = fields.flag("deliver", default=True)
    if "count" in fields:
        return _claim_by_crowd(fields, force=force, deliver_too=deliver_too)
    entries = list(fields.objects("claims", known=_ENTRY)) if "claims" in fields else [fields]
    with transaction.atomic():  # create all claims of a list or none
        claims = [
            claim_reward(
                viewer=find_viewer(entry.integer("user_id")),
                attachment=_find_reward(entry, defaults=fields),
                claim_id=entry.optional_text("claim_id"),
                force=force,
                now=clock.now(),
            )
            for entry in entries
        ]
    return _deliver_and_describe(claims, deliver_too=deliver_too)


def _claim_by_crowd(fields: Fields, *, force: bool, deliver_too: bool) -> Answer:
    count = fields.natural("count", default=1)
    if not force or count < 1:
        raise Refused("New viewers haven't watched or linked. Send count >= 1 and force true.")
    if deliver_too and count > MAX_LISTED:
        raise Refused(f"{count} are too many to deliver at once. Send deliver false.")
    reward = _find_reward(fields, defaults=fields)
    crowd = make_crowd(attachment=reward, count=count, now=clock.now())
    if count > MAX_LISTED:
        return {
            "count": crowd.count,
            "first_claim_id": crowd.first_claim_id,
            "last_claim_id": crowd.last_claim_id,
        }
    return _deliver_and_describe(claims_of(crowd), deliver_too=deliver_too)


def _find_reward(entry: Fields, *, defaults: Fields) -> CampaignReward:
    """An entry of a list may leave the campaign and the reward to the call's own fields."""
    campaign_id = (entry if "campaign_id" in entry else defaults).text("campaign_id")
    reward_id = (entry if "reward_id" in entry else defaults).text("reward_id")
    return find_attachment(find_campaign(campaign_id), reward_id)


def _deliver_and_describe(claims: Sequence[Claim], *, deliver_too: bool) -> Answer:
    by_claim: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for delivery in deliver(claims, now=clock.now()) if deliver_too else ():
        by_claim[delivery.claim_id].append(_describe_delivery(delivery))
    return {
        "count": len(claims),
        "first_claim_id": claims[0].claim_id if claims else "",
        "last_claim_id": claims[-1].claim_id if claims else "",
        "claims": [
            {
                **describe([getattr(claim, name) for name in COLUMNS]),
                "deliveries": by_claim[claim.claim_id],
            }
            for claim in claims
        ],
    }


def _describe_delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "message_id": delivery.message_id,
        "claim_id": delivery.claim_id,
        "fault": delivery.fault,
        "status": delivery.status,
        "answer": delivery.answer,
        "ms": delivery.milliseconds,
        "sent_at": delivery.sent_at.isoformat(),
    }


def post_deliver(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known="claim_id message_id")
    claim_id = fields.text("claim_id")
    claim = Claim.objects.select_related("organization").filter(claim_id=claim_id).first()
    if claim is None:
        raise Missing(f"Claim {claim_id!r} not found. Create one with POST /local/claims.")
    message_id = fields.optional_text("message_id")
    deliveries = deliver([claim], now=clock.now(), message_id=message_id)
    if not deliveries:
        raise Refused("The organization has no webhook_url. Set one with PUT /local/apps.")
    return {"deliveries": [_describe_delivery(delivery) for delivery in deliveries]}
