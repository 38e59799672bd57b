"""The trace that every act of the staff leaves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import Player
from claims.models import AuditEvent


@dataclass(frozen=True, slots=True)
class Subject:
    """What was acted on: its kind (`player`, `kick_user`, `claim`, …) and its id."""

    kind: str
    id: str
    player: Player | None = None


def of_player(player: Player) -> Subject:
    return Subject("player", player.game_account_id, player)


def record_act(
    *,
    action: AuditEvent.Action,
    actor: str,
    subject: Subject,
    reason: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    now: datetime,
) -> AuditEvent:
    """Add a row, in the transaction of the act itself. Never a secret in `before` or `after`."""
    return AuditEvent.objects.create(
        action=action,
        actor=actor,
        subject_kind=subject.kind,
        subject_id=subject.id,
        player=subject.player,
        reason=reason.strip(),
        before=dict(before or {}),
        after=dict(after or {}),
        at=now,
    )
