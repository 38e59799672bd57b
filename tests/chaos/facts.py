"""What both sides say in the end: Kick by its dump, we by our database."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts.models import LinkEvent, PlatformAccount, account_key
from claims.models import CampaignReward, Claim, Entitlement, RewardItem
from tests.chaos.link_intervals import LinkInterval, link_intervals_of
from tests.chaos.points import SOURCE, PointsFacts, read_points
from tests.local_kick_process import LocalKick

# Item (claim and sku) -> the fulfilment ids under which game servers were told to hand it out.
HandedOut = dict[tuple[str, str], set[str]]
PENDING, SENT = "PENDING", "SENT"
DROPS = "kick_drops"


@dataclass(frozen=True, slots=True)
class KickClaim:
    claim_id: str
    account_id: str
    campaign_id: str
    reward_id: str
    external_status: str
    organization: str


@dataclass(frozen=True, slots=True)
class KickDelivery:
    claim_id: str
    fault: str
    status: int | None


@dataclass(frozen=True, slots=True)
class LedgerClaim:
    claim_id: str
    account_id: str
    campaign_id: str
    reward_id: str
    status: str
    hold_reason: str
    path: str
    granted_at: datetime | None
    # "" without a report, else PENDING or SENT.
    report: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """An entitlement."""

    claim_id: str
    player_id: int
    sku: str
    quantity: int
    status: str
    fulfilment_id: str


@dataclass(frozen=True, slots=True)
class Facts:
    kick_claims: list[KickClaim] = field(default_factory=list)
    deliveries: list[KickDelivery] = field(default_factory=list)
    claims: list[LedgerClaim] = field(default_factory=list)
    owed: list[Owed] = field(default_factory=list)
    link_intervals: list[LinkInterval] = field(default_factory=list)
    linked: dict[str, int] = field(default_factory=dict)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    items: dict[str, dict[str, int]] = field(default_factory=dict)
    handed_out: HandedOut = field(default_factory=dict)
    points: PointsFacts = field(default_factory=PointsFacts)
    # When Kick's endpoints received the jobs' requests, and how many a minute they may be.
    requested_at: list[datetime] = field(default_factory=list)
    requests_per_minute: int = 60

    @property
    def owed_by_claim(self) -> dict[str, list[Owed]]:
        found: defaultdict[str, list[Owed]] = defaultdict(list)
        for owed in self.owed:
            found[owed.claim_id].append(owed)
        return found


def read_facts(kick: LocalKick, *, handed_out: HandedOut) -> Facts:
    events = LinkEvent.objects.order_by("pk").values("kind", "account_id", "player_id", "at")
    linked = PlatformAccount.objects.filter(player__isnull=False)
    return Facts(
        kick_claims=[_kick_claim(claim) for claim in kick.claims()],
        deliveries=[
            KickDelivery(one["claim_id"], one["fault"], one["status"]) for one in kick.deliveries()
        ],
        claims=[
            _ledger_claim(claim)
            for claim in Claim.objects.filter(source=DROPS).select_related("report")
        ],
        owed=[_owed(row) for row in Entitlement.objects.filter(claim__source=DROPS)],
        link_intervals=link_intervals_of(events),
        linked=dict(linked.values_list("pk", "player_id")),
        pairs=set(CampaignReward.objects.values_list("campaign_id", "reward_id")),
        items=_items_by_reward(),
        handed_out={
            item: under for item, under in handed_out.items() if not item[0].startswith(SOURCE)
        },
        points=read_points(kick),
        requested_at=[
            datetime.fromisoformat(one["at"]) for one in kick.requests() if not _is_players(one)
        ],
        requests_per_minute=settings.KICK_REQUESTS_PER_MINUTE,
    )


def _is_players(request: dict[str, Any]) -> bool:
    """Requests for players come first and are never held back. Nor are fetches of the key."""
    return (
        request["grant_type"] == "authorization_code"
        or request["path"].endswith(("/users", "/public-key"))
        # With the last web process's app token.
        or request["path"] == "/oauth/token/introspect"
    )


def _kick_claim(row: dict[str, Any]) -> KickClaim:
    return KickClaim(
        row["claim_id"],
        account_key("kick", row["user_id_text"]),
        row["campaign_id"],
        row["reward_id"],
        row["external_status"],
        row["organization"],
    )


def _ledger_claim(row: Claim) -> LedgerClaim:
    report = getattr(row, "report", None)
    return LedgerClaim(
        row.claim_id,
        row.account_id,
        row.campaign_id,
        row.reward_id,
        row.status,
        row.hold_reason,
        row.path,
        row.granted_at,
        report="" if report is None else SENT if report.reported_at else PENDING,
    )


def _owed(row: Entitlement) -> Owed:
    return Owed(
        row.claim_id,
        row.player_id,
        row.sku,
        row.quantity,
        row.status,
        row.fulfilment_id,
    )


def _items_by_reward() -> dict[str, dict[str, int]]:
    """For each reward its skus and their quantities. No mapping changes once it is made."""
    items: defaultdict[str, dict[str, int]] = defaultdict(dict)
    rows = RewardItem.objects.values_list("reward_id", "item__sku", "quantity")
    for reward_id, sku, quantity in rows:
        items[reward_id][sku] = quantity
    return dict(items)
