"""Batches of sample rows, and their ids."""

from dataclasses import dataclass, field, fields

from django.db import transaction
from django.db.models import Max, Model

from accounts.models import LinkEvent, PlatformAccount, Player
from claims.models import Claim, Confirmation, Entitlement, Report


@dataclass
class Batch:
    """Rows that are written together, ordered so that references exist."""

    players: list[Player] = field(default_factory=list)
    accounts: list[PlatformAccount] = field(default_factory=list)
    events: list[LinkEvent] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    entitlements: list[Entitlement] = field(default_factory=list)
    confirmations: list[Confirmation] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)


class Numbers:
    """Counts up from `first` to give unused ids."""

    def __init__(self, first: int) -> None:
        self.next = first

    def __call__(self) -> int:
        self.next += 1
        return self.next


def first_number() -> int:
    return int(Player.objects.aggregate(last=Max("pk"))["last"] or 0) + 1_000_000


@transaction.atomic
def write(batch: Batch) -> None:
    for each in fields(batch):
        rows: list[Model] = getattr(batch, each.name)
        if rows:
            type(rows[0])._default_manager.bulk_create(rows)
