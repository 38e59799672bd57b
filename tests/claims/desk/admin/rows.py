"""Rows of every model, for the tests of the admin and of the desk."""

import uuid

import pytest

from accounts.link_tickets import make_link_ticket
from accounts.models import (
    Authorization,
    Deauthorization,
    LinkAttempt,
    LinkEvent,
    LinkTicket,
    PendingLink,
    WrongCodes,
)
from claims.api_keys import make_api_key
from claims.models import (
    AuditEvent,
    BulkJob,
    FailedLogin,
    GrantRequest,
    OfferUse,
    PlayerSync,
    QuarantinedDelivery,
    ReconcileRun,
    RewardFunnel,
    StreamSpan,
)
from claims.webhooks.endpoints import send_test
from core.models import Counter, Lease
from tests.claims.make_offers import make_offer
from tests.factories import (
    NOW,
    make_account,
    make_alert,
    make_alert_message,
    make_claim,
    make_endpoint,
    make_entitlement,
    make_item,
    make_player,
)

TOKEN = b"the-encrypted-refresh-token"


def make_delivery(**overrides):
    body = overrides.pop("body", b'{"claim_id": 7}')
    fields = {
        "verdict": QuarantinedDelivery.Verdict.UNUSABLE,
        "key": f"webhook:{overrides.get('message_id', 'message-1')}",
        "message_id": "message-1",
        "timestamp": "2026-06-23T12:00:00Z",
        "body": body,
        "size": len(body),
        "reason": "claim_id must be a text.",
        "received_at": NOW,
    }
    return QuarantinedDelivery.objects.create(**fields | overrides)


@pytest.fixture
def one_of_each(db):
    """A row of every model, joined as they are in life, by the admin's name of the model."""
    player = make_player(game_account_id="hero/7")
    account = make_account(player=player, name="night_owl")
    make_item(sku="starter-sword")
    entitlement = make_entitlement(player=player, fulfilment_id="", sku="starter-sword")
    claim = entitlement.claim
    api_key, secret = make_api_key(name="eu-west lobby", categories=[], now=NOW)
    attempt = LinkAttempt.objects.create(
        state_digest="state-digest",
        session_digest="session-digest",
        player=player,
        encrypted_verifier=b"verifier",
        expires_at=NOW,
    )
    grant = Authorization.objects.create(
        account=account,
        encrypted_refresh_token=TOKEN,
        scope="user:read",
        authorized_at=NOW,
        obtained_at=NOW,
        next_refresh_at=NOW,
    )
    revocation = Deauthorization.objects.create(
        account=account, encrypted_refresh_token=TOKEN, created_at=NOW, next_attempt_at=NOW
    )
    event = LinkEvent.objects.create(
        kind="LINKED", account=account, player=player, actor="player", at=NOW
    )
    make_claim(account=account)
    endpoint = make_endpoint(name="eu-west hook")
    delivery = send_test(endpoint=endpoint, now=NOW)
    offer = make_offer(channels=("kick:1",))
    return {
        "accounts_player": player,
        "accounts_platformaccount": account,
        "accounts_linkevent": event,
        "accounts_authorization": grant,
        "accounts_deauthorization": revocation,
        "accounts_linkattempt": attempt,
        "claims_claim": claim,
        "claims_entitlement": entitlement,
        "claims_quarantineddelivery": make_delivery(claim_id=claim.pk, verdict="DIFFERS"),
        "claims_reconcilerun": ReconcileRun.objects.create(
            kind="CATCH_UP", campaign_id=claim.campaign_id, started_at=NOW
        ),
        "core_alert": make_alert(),
        "claims_playersync": PlayerSync.objects.create(player=player, started_at=NOW),
        "claims_grantrequest": GrantRequest.objects.create(
            id=uuid.uuid4(),
            player=player,
            pair=claim.campaign.pairs.get(),
            reason="lost in a crash",
            requested_by="ada",
            requested_at=NOW,
        ),
        "core_alertmessage": make_alert_message(),
        "accounts_linkticket": make_link_ticket(
            player=player, origin=LinkTicket.Origin.GAME, now=NOW
        ).ticket,
        "accounts_pendinglink": PendingLink.objects.create(
            session_digest="session-digest",
            player=player,
            platform="kick",
            user_id="77",
            name="night_owl",
            encrypted_refresh_token=TOKEN,
            encrypted_access_token=TOKEN,
            scope="user:read",
            expires_in=60,
            checked_at=NOW,
            expires_at=NOW,
        ),
        "accounts_wrongcodes": WrongCodes.objects.create(network="10.0.0.1", count=3, last_at=NOW),
        "core_counter": Counter.objects.create(name="changes", value=7),
        "claims_webhookdelivery": delivery,
        "claims_webhookmessage": delivery.message,
        "core_lease": Lease.objects.create(job="catch_up", expires_at=NOW, not_before=NOW),
        "claims_auditevent": AuditEvent.objects.create(
            action="UNLINK", actor="ada", subject_kind="player", subject_id="hero/7", at=NOW
        ),
        "claims_bulkjob": BulkJob.objects.create(kind="RETRY", actor="ada", created_at=NOW),
        "claims_rewardfunnel": RewardFunnel.objects.create(
            campaign_id=claim.campaign_id, reward_id=claim.reward_id, counted_at=NOW
        ),
        "claims_failedlogin": FailedLogin.objects.create(
            user_name="ada", address="10.0.0.1", last_failed_at=NOW
        ),
        "claims_campaign": claim.campaign,
        "claims_reward": claim.reward,
        "claims_item": claim.reward.items.first(),
        "claims_apikey": api_key,
        "claims_webhookendpoint": endpoint,
        "claims_channel": offer.channels.get(),
        "claims_offer": offer,
        "claims_offeruse": OfferUse.objects.create(
            claim_id="kick_gifts:1",
            offer=offer,
            channel=offer.channels.get(),
            account_id=account.pk,
            amount=500,
            message_id="01K0MESSAGE",
            occurred_at=NOW,
            received_at=NOW,
            due_at=NOW,
        ),
        "claims_streamspan": StreamSpan.objects.create(
            channel=offer.channels.get(),
            category="Starfall Online",
            category_id="7",
            started_at=NOW,
            began_at=NOW,
            ended_at=NOW,
        ),
        "secret": secret,
    }
