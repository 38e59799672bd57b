"""Link and unlink a player and an account, and update their claims, in one transaction each.

Nothing here makes HTTP requests. What to revoke at the platform is stored as `Deauthorization`.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import links
from accounts.links import Linked, LinkRefused, NewAuthorization, NotLinked
from accounts.models import PlatformAccount, Player
from accounts.platform_accounts import lock_account
from claims.ledger import reconsider_account
from claims.redemptions import wake_redemptions_of
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
    account_key: str,
    name: str,
    authorization: NewAuthorization,
    actor: str = links.BY_PLAYER,
    ticket_id: str | None = None,
    now: datetime,
) -> LinkResult:
    """Link the two, store the authorization, and grant all claims held as NOT_LINKED.

    A repeat replaces the stored authorization. Raises AccountTaken, PlayerHasAnotherAccount,
    RelinkTooSoon or DeauthorizationUnderWay. Nothing has changed then, except that the new
    authorization is queued for revocation if that account isn't linked to anyone.
    """
    result = _link_or_refuse(
        player=player,
        account_key=account_key,
        name=name,
        authorization=authorization,
        actor=actor,
        ticket_id=ticket_id,
        now=now,
    )
    if isinstance(result, LinkRefused):
        _log_link(account_key, player, outcome=type(result).__name__)
        raise result
    _log_link(account_key, player, outcome=result.outcome, granted_claims=result.granted_claims)
    return result


@retry_deadlock_once
@transaction.atomic
def _link_or_refuse(
    *,
    player: Player,
    account_key: str,
    name: str,
    authorization: NewAuthorization,
    actor: str,
    ticket_id: str | None,
    now: datetime,
) -> LinkResult | LinkRefused:
    """Returns a refusal instead of raising it, so that the queued revocation is committed."""
    account = lock_account(account_key, name=name, now=now)
    try:
        outcome = links.link(
            player=player,
            account=account,
            authorization=authorization,
            actor=actor,
            ticket_id=ticket_id,
            now=now,
        )
    except LinkRefused as refusal:
        links.drop_unused_authorization(account=account, authorization=authorization, now=now)
        return refusal
    granted = reconsider_account(account_id=account_key, now=now)
    wake_redemptions_of(account_id=account_key, now=now)
    return LinkResult(outcome=outcome, granted_claims=granted)


@retry_deadlock_once
def unlink_player(
    *, player: Player, platform: str, actor: str = links.BY_PLAYER, now: datetime
) -> None:
    """End the player's link to a platform. Granted claims stay theirs; later claims are held.

    Raises NotLinked, also on a repeat.
    """
    linked = PlatformAccount.objects.filter(player=player, platform=platform)
    account_id = linked.values_list("pk", flat=True).first()
    if account_id is None:
        raise NotLinked
    with transaction.atomic():
        account = lock_account(account_id, now=now)
        if account.player_id != player.pk:
            raise NotLinked
        links.unlink(account=account, actor=actor, now=now)
    log_event(logger, "unlink", account_id=account_id, player_id=player.pk, outcome="unlinked")


def _log_link(account_id: str, player: Player, *, outcome: str, granted_claims: int = 0) -> None:
    log_event(
        logger,
        "link",
        account_id=account_id,
        player_id=player.pk,
        outcome=outcome,
        granted_claims=granted_claims,
    )
