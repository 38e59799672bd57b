"""A limit on manual grants per member of staff and day. Above it, a second person approves."""

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from accounts.models import Player
from claims.desk import actions
from claims.desk.actions import ActionContext
from claims.desk.audit import Subject, make_row
from claims.manual_grants import manual_claim_id
from claims.models import AuditEvent, CampaignReward, Claim, Entitlement, GrantRequest, Offer
from core.deadlocks import retry_deadlock_once

DAY = timedelta(days=1)
Action = AuditEvent.Action
Outcome = GrantRequest.Outcome


class AlreadyDecided(Exception):
    """Someone has approved or rejected this request."""


class SamePerson(Exception):
    """No one can decide about their own request."""


def grants_left(*, actor: str, now: datetime) -> int:
    """How many manual grants this member of staff may still make in these 24 hours."""
    recent = AuditEvent.objects.filter(action=Action.GRANT, actor=actor, at__gt=now - DAY)
    limit: int = settings.MANUAL_GRANTS_PER_DAY
    return max(0, limit - recent.count())


def items_owned_already(*, player: Player, pair: CampaignReward | Offer) -> list[str]:
    """The SKUs of the reward that the player has been granted before, without revoked ones."""
    owed = Entitlement.objects.filter(player=player).exclude(status=Entitlement.Status.REVOKED)
    of_reward = pair.reward.mapping.values("item__sku")
    return list(owed.filter(sku__in=of_reward).order_by("sku").values_list("sku", flat=True))


@retry_deadlock_once
@transaction.atomic
def grant_or_request(
    *, player: Player, pair: CampaignReward | Offer, grant_id: uuid.UUID, act: ActionContext
) -> Claim | GrantRequest:
    """Grant a reward by hand, or, above the daily limit, request it.

    On a repeat with the same `grant_id`, the first result is returned. Raises ReasonMissing or
    NothingToGrant. Two grants by one person take turns, so that they can't both be the last one.
    """
    act.demand_reason()
    User.objects.select_for_update(no_key=True).filter(username=act.actor).first()
    if wanted := GrantRequest.objects.filter(pk=grant_id).first():
        return wanted
    is_repeat = Claim.objects.filter(pk=manual_claim_id(grant_id)).exists()
    if is_repeat or grants_left(actor=act.actor, now=act.now):
        return actions.grant_by_hand(player=player, pair=pair, grant_id=grant_id, act=act)
    wanted = GrantRequest.objects.create(
        id=grant_id,
        player=player,
        pair=pair if isinstance(pair, CampaignReward) else None,
        offer=pair if isinstance(pair, Offer) else None,
        reason=act.reason.strip(),
        requested_by=act.actor,
        requested_at=act.now,
    )
    _note(Action.REQUEST, wanted, act, act.reason)
    return wanted


@retry_deadlock_once
@transaction.atomic
def approve(*, request_id: uuid.UUID, act: ActionContext) -> Claim:
    """Grant what was requested. Raises AlreadyDecided, SamePerson or NothingToGrant."""
    wanted = _decide(request_id, Outcome.APPROVED, act)
    reason = f"{wanted.reason} (requested by {wanted.requested_by})"
    context = ActionContext(actor=act.actor, reason=reason, now=act.now)
    return actions.grant_by_hand(
        player=wanted.player, pair=wanted.wanted, grant_id=wanted.pk, act=context
    )


@transaction.atomic
def reject(*, request_id: uuid.UUID, act: ActionContext) -> None:
    """Raises AlreadyDecided or SamePerson."""
    wanted = _decide(request_id, Outcome.REJECTED, act)
    _note(Action.REJECT, wanted, act, act.reason)


def _decide(
    request_id: uuid.UUID, outcome: GrantRequest.Outcome, act: ActionContext
) -> GrantRequest:
    wanted = GrantRequest.objects.select_for_update(of=("self",)).get(pk=request_id)
    if wanted.outcome != Outcome.PENDING:
        raise AlreadyDecided
    if wanted.requested_by == act.actor:
        raise SamePerson
    wanted.outcome, wanted.decided_by, wanted.decided_at = outcome, act.actor, act.now
    wanted.save(update_fields=["outcome", "decided_by", "decided_at"])
    return wanted


def _note(action: AuditEvent.Action, wanted: GrantRequest, act: ActionContext, reason: str) -> None:
    make_row(
        action=action,
        actor=act.actor,
        subject=Subject("grantrequest", str(wanted.pk), wanted.player),
        reason=reason,
        after={"reward": wanted.wanted.reward_id, "requested_by": wanted.requested_by},
        now=act.now,
    ).save()
