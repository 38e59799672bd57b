"""Staff actions on one player or reward. Each action and its audit row are one transaction."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby, islice

from django.db import transaction

from accounts import cooldown
from accounts.models import PlatformAccount, Player, account_key
from accounts.platform_accounts import lock_account
from accounts.platform_login import all_logins, get_login
from claims import entitlements as taking_back
from claims import linking, manual_grants, pausing
from claims.desk.audit import Subject, make_row, of_player, record_acts
from claims.entitlements import ReasonMissing, RevokedEntitlements
from claims.ledger import retry_account
from claims.mapping import MappedReward, map_rewards
from claims.models import AuditEvent, CampaignReward, Claim, Entitlement, Item, Offer, Reward
from claims.pausing import Target
from claims.source import Filter, sources_of
from claims.source_page import Tally, record_page
from core.deadlocks import retry_deadlock_once
from core.platform_errors import PlatformError

Action = AuditEvent.Action
# A limit in case the platform ignores the filter and sends every claim.
PAGES_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class ActionContext:
    """Who performs an action, why, and when."""

    actor: str
    reason: str
    now: datetime

    def demand_reason(self) -> None:
        """Raises ReasonMissing if the reason is blank."""
        if not self.reason.strip():
            raise ReasonMissing("A reason is required. It is shown in the audit log.")


class NotAsPreviewed(Exception):
    """The change to make isn't the one that was previewed."""


@retry_deadlock_once
@transaction.atomic
def retry_claims(*, account: PlatformAccount, act: ActionContext) -> int:
    """Pass an account's held claims through the ledger again. Returns how many were granted.

    Their hold reasons are recomputed from the database. On a repeat nothing changes.
    """
    granted = retry_account(account_id=account.pk, now=act.now)
    _note(Action.RETRY, act, _subject(account), after={"granted": granted})
    return granted


def refetch(*, account: PlatformAccount, act: ActionContext) -> Tally:
    """Fetch this account's claims from its platform's API and record them, and its name if unknown.

    Raises PlatformError if a request fails; the failure is audited, too. On a repeat nothing
    changes.
    """
    subject = _subject(account)
    tally = Tally()
    try:
        _keep_name(account, now=act.now)
        for source in sources_of(account.platform):
            wanted = Filter(user_id=account.user_id)
            for page in islice(source.pages(wanted), PAGES_AT_MOST):
                tally += record_page(page, source=source.name, now=act.now)
    except PlatformError as error:
        _note(Action.REFETCH, act, subject, after={"error": str(error)})
        raise
    retry_account(account_id=account.pk, now=act.now)
    _note(Action.REFETCH, act, subject, after=asdict(tally))
    return tally


def find_account(name: str, *, now: datetime) -> PlatformAccount | None:
    """Ask each platform for the account of this name, and keep the name. None if none has it.

    Claims of accounts that never linked carry only a user id. Raises PlatformError. A repeat finds
    the same account.
    """
    for login in all_logins():
        if user := login.find_user(name):
            with transaction.atomic():
                key = account_key(login.platform, user.user_id)
                return lock_account(key, name=user.name, now=now)
    return None


def _keep_name(account: PlatformAccount, *, now: datetime) -> None:
    name = "" if account.name else get_login(account.platform).name_of(account.user_id)
    if name:
        with transaction.atomic():
            lock_account(account.pk, name=name, now=now)


@retry_deadlock_once
@transaction.atomic
def grant_by_hand(
    *, player: Player, pair: CampaignReward | Offer, grant_id: uuid.UUID, act: ActionContext
) -> Claim:
    """Grant a reward's items to a player, under a manual claim that Kick doesn't know about.

    On a repeat with the same `grant_id` nothing is granted, and the first claim is returned.
    Raises ReasonMissing or NothingToGrant.
    """
    act.demand_reason()
    given = manual_grants.grant_by_hand(player=player, pair=pair, grant_id=grant_id, now=act.now)
    if given.is_new:
        subject = Subject("claim", given.claim.pk, player)
        _note(Action.GRANT, act, subject, after={"items": given.items})
    return given.claim


@retry_deadlock_once
@transaction.atomic
def revoke(
    *, entitlement_ids: Sequence[int], player: Player | None = None, act: ActionContext
) -> RevokedEntitlements:
    """Revoke these entitlements, or only those of `player` if given.

    Fulfilled entitlements stay fulfilled and get a note. Writes one audit row per claim. Raises
    ReasonMissing. On a repeat nothing changes.
    """
    act.demand_reason()
    chosen = Entitlement.objects.filter(pk__in=entitlement_ids).order_by("claim_id", "pk")
    if player:
        chosen = chosen.filter(player=player)
    before = list(chosen.select_related("player"))
    done = taking_back.revoke_entitlements(
        entitlement_ids=[one.pk for one in before], reason=act.reason, now=act.now
    )
    after = dict(chosen.values_list("pk", "status"))
    acts = []
    for claim_id, group in groupby(before, key=lambda one: one.claim_id):
        of_claim = list(group)
        revocation = make_row(
            action=Action.REVOKE,
            actor=act.actor,
            subject=Subject("claim", claim_id, of_claim[0].player),
            reason=act.reason,
            before={str(one.pk): one.status for one in of_claim},
            after={str(one.pk): after[one.pk] for one in of_claim},
            now=act.now,
        )
        acts.append(revocation)
    record_acts(acts)
    return done


def add_note(
    *, account: PlatformAccount | None, player: Player | None, ticket: str, act: ActionContext
) -> None:
    """Add a note to a player's case, or to that of an account without a player.

    `act.reason` is the text, `ticket` the address of a ticket or "". Raises ReasonMissing.
    """
    act.demand_reason()
    subject = of_player(player) if player else _subject(account) if account else None
    if subject:
        _note(Action.NOTE, act, subject, after={"ticket": ticket} if ticket else None)


@retry_deadlock_once
@transaction.atomic
def unlink(*, player: Player, platform: str, act: ActionContext) -> None:
    """Unlink a player from a platform. Raises ReasonMissing, or NotLinked (also on a repeat)."""
    act.demand_reason()
    linked = PlatformAccount.objects.filter(player=player, platform=platform)
    before = {"account": linked.values_list("pk", flat=True).first()}
    linking.unlink_player(player=player, platform=platform, actor=act.actor, now=act.now)
    after = {"account": None}
    _note(Action.UNLINK, act, of_player(player), before=before, after=after)


@transaction.atomic
def lift_cooldown(*, player: Player, platform: str, act: ActionContext) -> int:
    """Let a player link another account now. Returns the number of ended links that counted.

    Raises ReasonMissing. On a repeat: 0.
    """
    act.demand_reason()
    count = cooldown.lift_cooldown(player=player, platform=platform, actor=act.actor, now=act.now)
    if count:
        _note(Action.WAIVE, act, of_player(player))
    return count


def describe_mapping(*, reward: Reward, items: Mapping[Item, int]) -> dict[str, object]:
    """The change that `map_reward` would make now, as plain JSON: a preview of it."""
    before = dict(reward.mapping.values_list("item__sku", "quantity"))
    return _described(reward, before, items)


@transaction.atomic
def map_reward(
    *,
    reward: Reward,
    items: Mapping[Item, int],
    act: ActionContext,
    previewed: object,
) -> MappedReward:
    """Replace a reward's mapping with these items. See `map_rewards`.

    Raises NotAsPreviewed, and changes nothing, if `previewed` describes another change, or if
    someone else has changed the mapping since.
    """
    (mapped,) = map_rewards({reward.pk: items}, actor=act.actor, now=act.now)
    if previewed != _described(reward, mapped.before, items):
        raise NotAsPreviewed
    subject = Subject("reward", reward.pk, name=str(reward))
    _note(Action.MAP, act, subject, before=mapped.before, after=mapped.after)
    return mapped


@transaction.atomic
def pause(*, target: Target, act: ActionContext) -> None:
    """Hold the claims of a campaign or reward. Raises ReasonMissing. On a repeat: no change."""
    act.demand_reason()
    paused = pausing.pause_grants(target=target, reason=act.reason, actor=act.actor, now=act.now)
    if paused:
        _note(Action.PAUSE, act, _target(target))


@transaction.atomic
def resume(*, target: Target, act: ActionContext) -> None:
    """End the pause of a campaign or reward. On a repeat: no change."""
    if ended := pausing.resume_grants(target=target):
        before = {"paused_at": ended.paused_at.isoformat(), "reason": ended.reason}
        _note(Action.RESUME, act, _target(target), before=before)


def _described(
    reward: Reward, before: Mapping[str, int], items: Mapping[Item, int]
) -> dict[str, object]:
    after = {item.sku: quantity for item, quantity in items.items()}
    return {"reward": reward.pk, "before": before, "after": after}


def _subject(account: PlatformAccount) -> Subject:
    return Subject("account", account.pk, account.player, str(account))


def _target(target: Target) -> Subject:
    return Subject(str(target._meta.model_name), target.pk, name=str(target))


def _note(
    action: AuditEvent.Action,
    act: ActionContext,
    subject: Subject,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    row = make_row(
        action=action,
        actor=act.actor,
        subject=subject,
        reason=act.reason,
        before=before,
        after=after,
        now=act.now,
    )
    row.save()
