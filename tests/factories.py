"""Rows to test with: each function makes one, valid as it stands, with any field overridden.

What a row needs (a claim its campaign, an entitlement its claim) is made with it unless given.
"""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from accounts.models import PlatformAccount, Player
from accounts.platform_login import PlatformTokens
from accounts.tokens import encrypt
from claims.models import (
    Campaign,
    CampaignReward,
    Claim,
    Confirmation,
    Entitlement,
    Item,
    Report,
    Reward,
    RewardItem,
    WebhookEndpoint,
)
from claims.webhooks.signing import make_shared_secret
from core.checks import Verdict
from core.models import Alert, AlertMessage

NOW = datetime(2026, 6, 23, 12, 0, tzinfo=UTC)

_numbers = itertools.count(1)


def make_player(**overrides: Any) -> Player:
    number = next(_numbers)
    fields = {
        "game_account_id": f"account-{number}",
        "name": f"Player {number}",
        "created_at": NOW,
        "last_login_at": NOW,
    }
    return Player.objects.create(**fields | overrides)


def make_account(
    *, player: Player | None = None, user_id: str = "", **overrides: Any
) -> PlatformAccount:
    """An account on Kick, linked if a player is given."""
    number = next(_numbers)
    fields = {
        "key": f"kick:{user_id or 18_446_744_073_709_000_000 + number}",
        "name": f"viewer{number}",
        "player": player,
        "linked_at": NOW if player else None,
        "first_seen_at": NOW,
    }
    return PlatformAccount.objects.create(**fields | overrides)


def make_item(**overrides: Any) -> Item:
    number = next(_numbers)
    return Item.objects.create(**{"sku": f"sku-{number}", "name": f"Item {number}"} | overrides)


def make_reward(*, items: Iterable[tuple[Item, int]] = (), **overrides: Any) -> Reward:
    """Mapped to `items`, pairs of an item and its quantity; unmapped if none is given."""
    number = next(_numbers)
    mapping = list(items)
    fields = {
        "reward_id": f"01K0REWARD{number:016}",
        "source": "kick_drops",
        "name": f"Reward {number}",
        "first_mapped_at": NOW if mapping else None,
        "created_at": NOW,
    }
    reward = Reward.objects.create(**fields | overrides)
    for item, quantity in mapping:
        RewardItem.objects.create(reward=reward, item=item, quantity=quantity)
    return reward


def make_campaign(*, rewards: Iterable[Reward] | None = None, **overrides: Any) -> Campaign:
    """With one reward of one item unless `rewards` says otherwise."""
    number = next(_numbers)
    fields = {
        "campaign_id": f"01K0CAMPAIGN{number:014}",
        "source": "kick_drops",
        "name": f"Campaign {number}",
        "category": "Starfall Online",
        "created_at": NOW,
    }
    campaign = Campaign.objects.create(**fields | overrides)
    for reward in [make_reward(items=[(make_item(), 1)])] if rewards is None else rewards:
        CampaignReward.objects.create(campaign=campaign, reward=reward)
    return campaign


def make_claim(**overrides: Any) -> Claim:
    """Held for want of a link unless `status` says otherwise; other times follow the status."""
    number = next(_numbers)
    is_held = overrides.setdefault("status", Claim.Status.HELD) == Claim.Status.HELD
    is_revoked = overrides["status"] == Claim.Status.REVOKED
    if "campaign" not in overrides and "campaign_id" not in overrides:
        overrides["campaign"] = make_campaign()
    if "reward" not in overrides and "reward_id" not in overrides:
        overrides["reward"] = overrides["campaign"].rewards.first()
    if "account" not in overrides and "account_id" not in overrides:
        overrides["account"] = make_account()
    fields = {
        "claim_id": f"01K0CLAIM{number:017}",
        "hold_reason": Claim.HoldReason.NOT_LINKED if is_held else "",
        "first_hold_reason": Claim.HoldReason.NOT_LINKED if is_held else "",
        "source": "kick_drops",
        "path": Claim.Path.WEBHOOK,
        "message_id": f"message-{number}",
        "received_at": NOW,
        "recorded_at": NOW,
        "granted_at": None if is_held else NOW,
        "revoked_at": NOW if is_revoked else None,
    }
    return Claim.objects.create(**fields | overrides)


def make_confirmation(claim: Claim, **overrides: Any) -> Confirmation:
    """Due now unless it says that the claim is foreign."""
    is_foreign = overrides.get("foreign_at") is not None
    fields = {"source": claim.source, "next_attempt_at": None if is_foreign else NOW}
    return Confirmation.objects.create(claim=claim, **fields | overrides)


def make_report(claim: Claim, **overrides: Any) -> Report:
    """Pending and due now unless it has been sent."""
    is_sent = overrides.get("reported_at") is not None
    fields = {
        "source": claim.source,
        "requested_at": NOW,
        "next_attempt_at": None if is_sent else NOW,
    }
    return Report.objects.create(claim=claim, **fields | overrides)


def make_entitlement(*, claim: Claim | None = None, **overrides: Any) -> Entitlement:
    """Granted, to the player given or to a new one, for a claim of that player's account."""
    player = overrides.pop("player", None) or (claim and claim.account and claim.account.player)
    player = player or make_player()
    if claim is None:
        account = PlatformAccount.objects.filter(player=player).first() or make_account(
            player=player
        )
        claim = make_claim(status=Claim.Status.GRANTED, account=account)
    number = next(_numbers)
    status = overrides.setdefault("status", Entitlement.Status.GRANTED)
    is_fulfilled = status == Entitlement.Status.FULFILLED
    is_revoked = status == Entitlement.Status.REVOKED
    fields = {
        "claim": claim,
        "player": player,
        "sku": f"sku-{number}",
        "quantity": 1,
        "granted_at": NOW,
        "fulfilled_at": NOW if is_fulfilled else None,
        "fulfilment_id": f"fulfilment-{number}" if is_fulfilled else "",
        "revoked_at": NOW if is_revoked else None,
        "revocation_reason": "a test" if is_revoked else "",
    }
    return Entitlement.objects.create(**fields | overrides)


def make_alert(**overrides: Any) -> Alert:
    """Open and not announced."""
    fields = {
        "check_name": "worker and scheduler",
        "fingerprint": "FAIL Start the worker.",
        "verdict": Verdict.FAIL,
        "message": "No scheduled job has started for 5 min.",
        "next_step": "Start the worker.",
        "opened_at": NOW,
        "changed_at": NOW,
        "last_seen_at": NOW,
    }
    return Alert.objects.create(**fields | overrides)


def make_alert_message(**overrides: Any) -> AlertMessage:
    """Not sent yet."""
    fields = {
        "key": f"alert:{next(_numbers)}",
        "channel": AlertMessage.Channel.WEBHOOK,
        "subject": "FAIL: worker and scheduler",
        "text": "Start the worker.",
        "created_at": NOW,
        "next_attempt_at": NOW,
    }
    return AlertMessage.objects.create(**fields | overrides)


def new_tokens(refresh_token: str) -> PlatformTokens:
    return PlatformTokens("an-access-token", refresh_token, scope="user:read", expires_in=7200)


def make_endpoint(url: str = "http://127.0.0.1:9/", **overrides: Any) -> WebhookEndpoint:
    """An endpoint that wants everything. The default URL refuses connections."""
    fields = {
        "name": f"server {next(_numbers)}",
        "url": url,
        "encrypted_secret": encrypt(make_shared_secret()),
        "created_at": NOW,
    }
    return WebhookEndpoint.objects.create(**fields | overrides)
