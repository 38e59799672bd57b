"""What the support cases begin with: linked players, granted claims, a lost webhook."""

from typing import Any

from accounts.models import PlatformAccount, Player
from claims.models import Entitlement
from tests.factories import (
    make_account,
    make_campaign,
    make_claim,
    make_entitlement,
    make_item,
    make_player,
    make_reward,
)
from tests.local_kick_process import LocalKick


def cape() -> Any:
    item = make_item(sku="cape-ember", name="Ember cape")
    return make_reward(name="Ember cape", items=[(item, 1)])


def linked(name: str = "Nova") -> tuple[Player, PlatformAccount]:
    player = make_player(name=name, game_account_id=f"{name.lower()}#1")
    return player, make_account(player=player, name=f"{name.lower()}_live")


def granted(player: Any, account: Any, **fields: Any) -> Entitlement:
    campaign = make_campaign(rewards=[cape()])
    claim = make_claim(account=account, campaign=campaign, status="GRANTED")
    return make_entitlement(claim=claim, player=player, sku="cape-ember", **fields)


def lose_a_webhook(local_kick: LocalKick, account: PlatformAccount) -> None:
    user_id = int(account.pk.removeprefix("kick:"))
    local_kick.make_viewer(account.name, user_id=user_id)
    reward = {"name": "Ember cape", "required_minutes": 1, "external_id": "cape-ember"}
    campaign = local_kick.save_campaign(rewards=[reward])
    local_kick.claim(
        campaign_id=campaign["campaign_id"],
        reward_id=campaign["rewards"][0]["reward_id"],
        user_id=user_id,
        deliver=False,
        force=True,
    )
