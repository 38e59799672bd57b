"""Sample viewers, and when they linked."""

import random
from datetime import datetime, timedelta

from accounts.models import LinkEvent, PlatformAccount, Player, account_key
from local.demo.sample_data.batch import Batch, Numbers
from local.demo.sample_data.offers import DAYS

# Per 1,000 Kick users: linked before their first claim, or after it. The others never link.
LINKED_FIRST, LINKED_LATE = 800, 120
NAMES = ("ember", "nova", "vega", "lyra", "orion", "rook", "pixel", "moth", "quill", "sable")


def make_account(
    batch: Batch, numbers: Numbers, chance: random.Random, now: datetime
) -> PlatformAccount:
    number = numbers()
    seen_at = now - timedelta(days=DAYS * chance.random())
    account = PlatformAccount(
        key=account_key("kick", str(number)),
        name=f"{chance.choice(NAMES)}_{number}",
        first_seen_at=seen_at,
    )
    draw = chance.randrange(1000)
    if draw < LINKED_FIRST + LINKED_LATE:
        is_late = draw >= LINKED_FIRST
        linked_at = seen_at + timedelta(hours=chance.expovariate(1 / 30)) if is_late else seen_at
        at = min(linked_at, now)
        player = Player(
            pk=number,
            game_account_id=f"sf-{number}",
            name=account.name.title().replace("_", " "),
            created_at=at,
            last_login_at=at,
        )
        account.player, account.linked_at = player, at
        event = LinkEvent(
            kind="LINKED",
            account=account,
            player=player,
            actor="player",
            at=at,
            is_announced=True,
        )
        batch.players.append(player)
        batch.events.append(event)
    batch.accounts.append(account)
    return account
