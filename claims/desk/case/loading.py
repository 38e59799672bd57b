"""Loads the rows for the case page, in a constant number of queries."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.models import F, Q

from accounts.cooldown import player_cooldown_end
from accounts.models import LinkEvent, PlatformAccount, Player
from accounts.platform_login import all_logins, platform_label
from claims.models import (
    ApiKey,
    AuditEvent,
    Campaign,
    Claim,
    Confirmation,
    Entitlement,
    EventType,
    Item,
    OfferUse,
    Report,
    Reward,
    WebhookDelivery,
)
from claims.outages import outages

CLAIMS_AT_MOST = 50
EVENTS_AT_MOST = 50
PUSHES_AT_MOST = 100


@dataclass(frozen=True, slots=True)
class CaseClaim:
    """A claim with its names, entitlements and audit rows. Without a name, the id is used."""

    claim: Claim
    reward_name: str
    campaign_name: str
    category: str
    is_test: bool
    entitlements: Sequence[Entitlement]
    acts: Sequence[AuditEvent]
    confirmation: Confirmation | None = None
    # Of a claim that an offer gave.
    use: OfferUse | None = None
    report: Report | None = None

    def of_status(self, status: Entitlement.Status) -> list[Entitlement]:
        return [one for one in self.entitlements if one.status == status]


@dataclass(frozen=True, slots=True)
class Case:
    """The known facts about a player and their accounts, or about an account without a player."""

    player: Player | None
    accounts: Sequence[PlatformAccount]
    claims: Sequence[CaseClaim]
    link_events: Sequence[LinkEvent]
    acts: Sequence[AuditEvent]
    item_names: dict[str, str] = field(default_factory=dict)
    # The newest deliveries to webhook endpoints, by the public id of the entitlement.
    pushes: Mapping[str, Sequence[WebhookDelivery]] = field(default_factory=dict)
    # The API keys that are accepted now, last used first.
    keys: Sequence[ApiKey] = ()
    # The last error of each of these accounts' platforms whose last API call failed.
    troubles: Mapping[str, str] = field(default_factory=dict)
    has_more_claims: bool = False
    # Uses of offers that are no claims: they wait, or were over a limit. The newest first.
    open_uses: Sequence[OfferUse] = ()
    # For each platform on which the player can't link another account yet: until when.
    cooldowns: Mapping[str, datetime] = field(default_factory=dict)

    def keys_seeing(self, category: str) -> list[ApiKey]:
        """The keys that may see the entitlements of campaigns in this category."""
        return [key for key in self.keys if not key.categories or category in key.categories]

    def items(self, entitlements: Iterable[Entitlement]) -> str:
        """`2 × Ember cape, 1 × Nova blade`"""
        return ", ".join(
            f"{one.quantity} × {self.item_names.get(one.sku, one.sku)}" for one in entitlements
        )


def platform_of(claim: Claim) -> str:
    """The name of the platform that a claim was earned on; "" for a manual grant."""
    return platform_label(claim.account.platform) if claim.account else ""


def load_case(
    *,
    player: Player | None,
    accounts: Sequence[PlatformAccount],
    claim_id: str = "",
    now: datetime,
) -> Case:
    """Load their newest 50 claims, plus `claim_id` even if it is older.

    A player's claims are those of the linked accounts, plus all claims that granted the player an
    item, from any account. This includes drops from before a re-link.
    """
    claims = _claims(player, accounts, claim_id)
    shown = claims[:CLAIMS_AT_MOST]
    of_claims = Entitlement.objects.filter(claim__in=[claim.pk for claim in shown])
    entitlements = list(of_claims.select_related("player").order_by("pk"))
    items = Item.objects.filter(sku__in={entitlement.sku for entitlement in entitlements})
    of_player = Q(player=player) if player else Q(pk__in=[])
    of_accounts = Q(subject_kind="account", subject_id__in=[account.pk for account in accounts])
    acts = AuditEvent.objects.filter(of_player | of_accounts).exclude(subject_kind="claim")
    return Case(
        player=player,
        accounts=accounts,
        claims=_with_names(shown, entitlements),
        link_events=_link_events(player, accounts),
        acts=list(acts.order_by("-at", "-pk")[:EVENTS_AT_MOST]),
        item_names=dict(items.values_list("sku", "name")),
        pushes=_pushes(player) if player else {},
        keys=list(
            ApiKey.objects.active(now=now).order_by(F("last_used_at").desc(nulls_last=True), "pk")
        ),
        troubles=outages({account.platform for account in accounts}),
        has_more_claims=len(claims) > CLAIMS_AT_MOST,
        cooldowns=_cooldowns(player, now=now) if player else {},
        open_uses=_open_uses(accounts),
    )


def _open_uses(accounts: Sequence[PlatformAccount]) -> list[OfferUse]:
    uses = OfferUse.objects.exclude(outcome=OfferUse.Outcome.CLAIMED)
    of_accounts = uses.filter(account_id__in=[account.pk for account in accounts])
    related = of_accounts.select_related("offer__reward", "channel", "redemption")
    newest = related.order_by("-occurred_at", "pk")
    return list(newest[:EVENTS_AT_MOST])


def _claims(
    player: Player | None, accounts: Sequence[PlatformAccount], claim_id: str
) -> list[Claim]:
    """One query per way to find the claims, so that each can use its own index."""
    found: dict[str, Claim] = {}
    newest = Claim.objects.select_related("account").order_by("-recorded_at")
    one_more = CLAIMS_AT_MOST + 1
    for account in accounts:
        found |= {one.pk: one for one in newest.filter(account=account)[:one_more]}
    if player:
        owed = Entitlement.objects.filter(player=player).order_by("-pk")
        ids = list(owed.values_list("claim_id", flat=True)[:one_more])
        found |= {one.pk: one for one in newest.filter(pk__in=ids)}
    if claim_id:  # Only if it belongs to any of them. It may be older than the others.
        is_theirs = Q(account__in=accounts)
        if player:
            is_theirs |= Q(entitlements__player=player)
        asked_for = newest.filter(is_theirs, pk=claim_id).distinct()
        found |= {one.pk: one for one in asked_for}
    by_age = sorted(found.values(), key=lambda claim: claim.recorded_at, reverse=True)
    return sorted(by_age, key=lambda claim: claim.pk != claim_id)


def _with_names(claims: Sequence[Claim], entitlements: Sequence[Entitlement]) -> list[CaseClaim]:
    rewards = Reward.objects.filter(pk__in={claim.reward_id for claim in claims}).in_bulk()
    campaigns = Campaign.objects.filter(pk__in={one.campaign_id for one in claims}).in_bulk()
    confirmations = Confirmation.objects.in_bulk([claim.pk for claim in claims])
    reports = Report.objects.in_bulk([claim.pk for claim in claims])
    uses = OfferUse.objects.select_related("channel").in_bulk([claim.pk for claim in claims])
    acts = AuditEvent.objects.filter(
        subject_kind="claim", subject_id__in=[claim.pk for claim in claims]
    ).order_by("at")
    acts_by_claim: dict[str, list[AuditEvent]] = {}
    for act in acts:
        acts_by_claim.setdefault(act.subject_id, []).append(act)
    return [
        CaseClaim(
            claim=claim,
            reward_name=str(rewards.get(claim.reward_id, claim.reward_id)),
            campaign_name=str(campaigns.get(claim.campaign_id, claim.campaign_id or "")),
            category=campaigns[claim.campaign_id].category
            if claim.campaign_id in campaigns
            else "",
            is_test=claim.campaign_id in campaigns and campaigns[claim.campaign_id].is_test,
            entitlements=[one for one in entitlements if one.claim_id == claim.pk],
            acts=acts_by_claim.get(claim.pk, []),
            confirmation=confirmations.get(claim.pk),
            use=uses.get(claim.pk),
            report=reports.get(claim.pk),
        )
        for claim in claims
    ]


def _cooldowns(player: Player, *, now: datetime) -> dict[str, datetime]:
    if not settings.RELINK_COOLDOWN_DAYS:
        return {}
    ends = {
        login.platform: player_cooldown_end(player=player, platform=login.platform, now=now)
        for login in all_logins()
    }
    return {platform: until for platform, until in ends.items() if until}


def _pushes(player: Player) -> dict[str, list[WebhookDelivery]]:
    """Deliveries of the player's messages, oldest first, by the entitlements in them."""
    newest = WebhookDelivery.objects.filter(
        message__player=player, message__event_type=EventType.ENTITLEMENTS_GRANTED
    ).select_related("message", "endpoint")
    pushes: dict[str, list[WebhookDelivery]] = {}
    for delivery in reversed(newest.order_by("-message_id")[:PUSHES_AT_MOST]):
        for one in json.loads(delivery.message.body)["data"]["entitlements"]:
            pushes.setdefault(one["id"], []).append(delivery)
    return pushes


def _link_events(player: Player | None, accounts: Sequence[PlatformAccount]) -> list[LinkEvent]:
    newest = LinkEvent.objects.select_related("player", "account").order_by("-at", "-pk")
    found: dict[int, LinkEvent] = {}
    if player:
        found |= {one.pk: one for one in newest.filter(player=player)[:EVENTS_AT_MOST]}
    for account in accounts:
        found |= {one.pk: one for one in newest.filter(account=account)[:EVENTS_AT_MOST]}
    by_age = sorted(found.values(), key=lambda event: (event.at, event.pk), reverse=True)
    return by_age[:EVENTS_AT_MOST]
