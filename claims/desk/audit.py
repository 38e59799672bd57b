"""Writes the audit log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Player
from claims.models import AuditEvent


@dataclass(frozen=True, slots=True)
class Subject:
    """The object of an action: its kind (`player`, `account`, `claim`, …), id and name."""

    kind: str
    id: str
    player: Player | None = None
    name: str = ""


def of_player(player: Player) -> Subject:
    return Subject("player", player.game_account_id, player, str(player))


def make_row(
    *,
    action: AuditEvent.Action,
    actor: str,
    subject: Subject,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    now: datetime,
) -> AuditEvent:
    """An unsaved row. Never pass secrets in `before` or `after`."""
    return AuditEvent(
        action=action,
        actor=actor,
        subject_kind=subject.kind,
        subject_id=subject.id,
        subject_name=subject.name,
        player=subject.player,
        reason=reason.strip(),
        before=dict(before or {}),
        after=dict(after or {}),
        at=now,
    )


def record_acts(rows: Iterable[AuditEvent]) -> None:
    """Add rows. Call it in the same transaction as the actions."""
    AuditEvent.objects.bulk_create(rows)
