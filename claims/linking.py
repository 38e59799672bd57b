"""Link and unlink a player and a Kick user, and update their claims, in one transaction each.

Nothing here makes HTTP requests. Revocations for Kick are stored as rows (`GrantRevocation`).
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import links
from accounts.links import Linked, LinkRefused, NewAuthorization, NotLinked
from accounts.models import KickUser, Player
from accounts.platform_accounts import lock_kick_user
from claims.ledger import reconsider_kick_user
from core.deadlocks import retry_deadlock_once
from core.logs import log_event

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LinkResult:
    outcome: Linked
    granted_claims: int


def link_player(
    *,
    player: Player,
    kick_user_id: str,
    kick_name: str,
    authorization: NewAuthorization,
    actor: str = links.BY_PLAYER,
    now: datetime,
) -> LinkResult:
    """Link the two, store the authorization, and grant all claims held as NOT_LINKED.

    A repeat replaces the stored authorization. Raises KickUserTaken, PlayerHasAnotherKickUser or
    GrantBeingRevoked. Nothing has changed then, except that the new authorization is queued for
    revocation if that Kick user isn't linked to anyone.
    """
    result = _link_or_refuse(
        player=player,
        kick_user_id=kick_user_id,
        kick_name=kick_name,
        authorization=authorization,
        actor=actor,
        now=now,
    )
    if isinstance(result, LinkRefused):
        _log_link(kick_user_id, player, outcome=type(result).__name__)
        raise result
    _log_link(kick_user_id, player, outcome=result.outcome, granted_claims=result.granted_claims)
    return result


@retry_deadlock_once
@transaction.atomic
def _link_or_refuse(
    *,
    player: Player,
    kick_user_id: str,
    kick_name: str,
    authorization: NewAuthorization,
    actor: str,
    now: datetime,
) -> LinkResult | LinkRefused:
    """Returns a refusal instead of raising it, so that the queued revocation is committed."""
    kick_user = lock_kick_user(kick_user_id, name=kick_name, now=now)
    try:
        outcome = links.link(
            player=player, kick_user=kick_user, authorization=authorization, actor=actor, now=now
        )
    except LinkRefused as refusal:
        links.drop_unused_authorization(kick_user=kick_user, authorization=authorization, now=now)
        return refusal
    granted = reconsider_kick_user(kick_user_id=kick_user_id, now=now)
    return LinkResult(outcome=outcome, granted_claims=granted)


@retry_deadlock_once
def unlink_player(*, player: Player, actor: str = links.BY_PLAYER, now: datetime) -> None:
    """End the player's link. Granted claims stay theirs; later claims are held.

    Raises NotLinked, also on a repeat.
    """
    kick_user_id = KickUser.objects.filter(player=player).values_list("pk", flat=True).first()
    if kick_user_id is None:
        raise NotLinked
    with transaction.atomic():
        kick_user = lock_kick_user(kick_user_id, now=now)
        if kick_user.player_id != player.pk:
            raise NotLinked
        links.unlink(kick_user=kick_user, actor=actor, now=now)
    log_event(logger, "unlink", kick_user_id=kick_user_id, player_id=player.pk, outcome="unlinked")


def _log_link(kick_user_id: str, player: Player, *, outcome: str, granted_claims: int = 0) -> None:
    log_event(
        logger,
        "link",
        kick_user_id=kick_user_id,
        player_id=player.pk,
        outcome=outcome,
        granted_claims=granted_claims,
    )
