"""Exports the catalogue, compares it with a file, and imports the file."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from claims.desk.actions import ActionContext, NotAsPreviewed
from claims.desk.audit import Subject, make_row
from claims.desk.catalogue_file.document import KEYS, BadDocument, Document, Row
from claims.mapping import (
    COUNTED_UP_TO,
    claims_without_mapping,
    map_rewards,
    unusual_quantities,
)
from claims.models import AuditEvent, Campaign, CampaignReward, Item, Reward
from claims.source import default_source

READ_AT_ONCE = 500
SAME_IN_BOTH = ("name", "category", "info_url", "announcement_days", "grace_days", "channels")


@dataclass(frozen=True, slots=True)
class Change:
    """The effect of an import on one row. `before` is None for a new row."""

    kind: str
    id: str
    before: Row | None
    after: Row

    @property
    def fields(self) -> list[tuple[str, Any, Any]]:
        """(field, before, after) of each changed field."""
        before = self.before or {}
        return [
            (name, before.get(name), value)
            for name, value in self.after.items()
            if self.before is None or before.get(name) != value
        ]


def export_catalogue() -> dict[str, Iterator[Row]]:
    """The whole catalogue, row by row, ordered by key, read in chunks of READ_AT_ONCE.

    Contains no claims, players, keys or secrets.
    """
    rewards = Reward.objects.order_by("pk").prefetch_related("mapping__item")
    campaigns = Campaign.objects.order_by("pk").prefetch_related("pairs")
    return {
        "items": map(item_row, Item.objects.order_by("sku").iterator(READ_AT_ONCE)),
        "rewards": map(reward_row, rewards.iterator(READ_AT_ONCE)),
        "campaigns": map(campaign_row, campaigns.iterator(READ_AT_ONCE)),
    }


def compare(document: Document) -> list[Change]:
    """The changes that an import would make, in their order. Changes nothing.

    Raises BadDocument if the file refers to an item or reward that exists neither in it nor here.
    """
    exported = export_catalogue().items()
    parts = {name: {row[KEYS[name]]: row for row in rows} for name, rows in exported}
    here = Document(parts["items"], parts["rewards"], parts["campaigns"])
    _check_references(document, here)
    return [
        *_changes("item", document.items, here.items),
        *_changes("reward", document.rewards, here.rewards),
        *_changes("campaign", document.campaigns, here.campaigns),
    ]


def describe_changes(changes: Sequence[Change], *, source: str = "") -> str:
    """A digest of the changes: equal if an import would do the same to the same rows."""
    rows = [(source, one.kind, one.id, one.before, one.after) for one in changes]
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Effect:
    """What needs a second look before an import.

    `waiting`: the claims that its mappings stop holding (at most COUNTED_UP_TO + 1). `unusual`:
    for each reward with one, its SKU with the largest quantity so far (see `unusual_quantities`).
    """

    waiting: int
    unusual: list[tuple[str, str, int]]

    @property
    def is_more(self) -> bool:
        return self.waiting > COUNTED_UP_TO


def find_effect(changes: Sequence[Change]) -> Effect:
    mapped = [one for one in changes if one.kind == "reward" and one.after["items"]]
    waiting = claims_without_mapping().filter(reward_id__in=[one.id for one in mapped])
    unusual = [
        (one.id, sku, largest)
        for one in mapped
        if (one.before or {}).get("items") != one.after["items"]
        for sku, largest in unusual_quantities(one.after["items"], reward_id=one.id).items()
    ]
    return Effect(waiting.order_by().values("pk")[: COUNTED_UP_TO + 1].count(), unusual)


CATALOGUE = Subject("catalogue", "")


@transaction.atomic
def import_catalogue(
    *,
    document: Document,
    act: ActionContext,
    previewed: object = None,
    action: AuditEvent.Action = AuditEvent.Action.IMPORT,
    subject: Subject = CATALOGUE,
) -> list[Change]:
    """Create or replace each row in the file, all or nothing. Returns the changes.

    Affects future grants only; a worker then grants the held claims that waited for it. On a repeat
    nothing changes. The audit log has `action` and `subject`. Raises BadDocument, or
    NotAsPreviewed if `previewed` is given and describes other changes (see `describe_changes`).
    """
    changes = compare(document)
    if previewed is not None and previewed != describe_changes(changes, source=document.source):
        raise NotAsPreviewed
    for change in changes:
        WRITE[change.kind](change.after, document.source or default_source(), act)
    if changes:
        make_row(
            action=action,
            actor=act.actor,
            subject=subject,
            reason=act.reason,
            before={f"{one.kind} {one.id}": one.before for one in changes},
            after={f"{one.kind} {one.id}": one.after for one in changes},
            now=act.now,
        ).save()
    return changes


def _check_references(document: Document, here: Document) -> None:
    skus = {*document.items, *here.items}
    reward_ids = {*document.rewards, *here.rewards}
    faults = [
        *(
            _("Reward %(reward)s maps to item %(sku)s, which doesn't exist here or in the file.")
            % {"reward": row["reward_id"], "sku": sku}
            for row in document.rewards.values()
            for sku in row["items"].keys() - skus
        ),
        *(
            _(
                "Campaign %(campaign)s has reward %(reward)s, which doesn't exist here or in the "
                "file."
            )
            % {"campaign": row["campaign_id"], "reward": reward_id}
            for row in document.campaigns.values()
            for reward_id in row["rewards"].keys() - reward_ids
        ),
    ]
    if faults:
        raise BadDocument(faults)


def _changes(kind: str, wanted: Mapping[str, Row], here: Mapping[str, Row]) -> Iterator[Change]:
    for row_id, row in wanted.items():
        after = {**row, **{name: _in_utc(row.get(name)) for name in TIMES if name in row}}
        if here.get(row_id) != after:
            yield Change(kind, row_id, here.get(row_id), after)


# --- Rows as plain JSON ------------------------------------------------------------------------

TIMES = ("starts_at", "ends_at")


def item_row(item: Item) -> Row:
    return {"sku": item.sku, "name": item.name, "description": item.description}


def reward_row(reward: Reward) -> Row:
    return {
        "reward_id": reward.pk,
        "name": reward.name,
        "external_id": reward.external_id,
        "items": {one.item.sku: one.quantity for one in reward.mapping.all()},
    }


def campaign_row(campaign: Campaign) -> Row:
    return {
        "campaign_id": campaign.pk,
        **{name: getattr(campaign, name) for name in SAME_IN_BOTH},
        "starts_at": _in_utc(campaign.starts_at),
        "ends_at": _in_utc(campaign.ends_at),
        "is_test": campaign.is_test,
        "rewards": {pair.reward_id: pair.required_minutes for pair in campaign.pairs.all()},
    }


def _in_utc(at: datetime | str | None) -> str | None:
    """Always in UTC, so that equal times are equal text."""
    moment = parse_datetime(at) if isinstance(at, str) else at
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z") if moment else None


# --- Writing -----------------------------------------------------------------------------------


def write_item(row: Row, _source: str, _act: ActionContext) -> None:
    fields = {"name": row["name"], "description": row["description"]}
    Item.objects.update_or_create(sku=row["sku"], defaults=fields)


def write_reward(row: Row, source: str, act: ActionContext) -> None:
    """`source` is that of a new reward."""
    fields = {"name": row["name"], "external_id": row["external_id"]}
    new = {**fields, "source": source, "created_at": act.now}
    Reward.objects.update_or_create(pk=row["reward_id"], defaults=fields, create_defaults=new)
    items = Item.objects.filter(sku__in=row["items"])
    mapping = {item: row["items"][item.sku] for item in items}
    map_rewards({row["reward_id"]: mapping}, actor=act.actor, now=act.now)


def write_campaign(row: Row, source: str, act: ActionContext) -> None:
    """`source` is that of a new campaign."""
    fields = {name: row[name] for name in (*SAME_IN_BOTH, "is_test")}
    fields |= {name: parse_datetime(row[name]) if row[name] else None for name in TIMES}
    new = {**fields, "source": source, "created_at": act.now}
    campaign, _ = Campaign.objects.update_or_create(
        pk=row["campaign_id"], defaults=fields, create_defaults=new
    )
    pairs = CampaignReward.objects.filter(campaign=campaign)
    pairs.exclude(reward__in=row["rewards"]).delete()
    for reward_id, minutes in row["rewards"].items():
        pairs.update_or_create(
            campaign=campaign, reward_id=reward_id, defaults={"required_minutes": minutes}
        )


WRITE = {"item": write_item, "reward": write_reward, "campaign": write_campaign}
