"""PostgreSQL is restored from a dump taken mid-campaign, as docs/operators/restore.md says."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from claims.entitlements import fulfil_entitlements
from claims.models import Entitlement, Report
from claims.reports import send_reports
from claims.source import Source, get_source
from claims.sync import catch_up, sweep
from tests.factories import make_account, make_item, make_player
from tests.local_kick_process import LocalKick

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

PLAYERS = 6


class GameServer:
    """Keeps what it handed out under which fulfilment id, as docs/developers/rest-api.md asks."""

    def __init__(self) -> None:
        self.handed_out: dict[str, str] = {}

    def hand_out(self, count: int) -> None:
        for entitlement in Entitlement.objects.filter(status="GRANTED").order_by("?")[:count]:
            self.handed_out[entitlement.public_id] = f"hand-out-{len(self.handed_out)}"
        self.repeat()

    def repeat(self) -> set[str]:
        """Say it all again; returns the outcomes."""
        return {
            outcome.value
            for public_id, fulfilment_id in self.handed_out.items()
            for outcome in fulfil_entitlements(
                entitlement_ids=[public_id],
                fulfilment_id=fulfilment_id,
                categories=(),
                now=timezone.now(),
            ).values()
        }


@pytest.fixture
def source(local_kick: LocalKick, settings: Any) -> Source:
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    return get_source("kick_drops")


@pytest.fixture
def dump(tmp_path: Path) -> Iterator[Path]:
    if not (shutil.which("pg_dump") and shutil.which("pg_restore")):
        pytest.skip("there is no pg_dump and pg_restore in PATH")
    return tmp_path / "dump"


def database_url() -> str:
    url = urlsplit(os.environ["DATABASE_URL"])
    return url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def make_claims(kick: LocalKick, campaign_name: str) -> None:
    """Every player claims both rewards of the campaign; no webhook brings it."""
    rewards = [
        {"name": sku, "required_minutes": 1, "external_id": sku} for sku in ("cape", "blade")
    ]
    campaign = kick.save_campaign(name=campaign_name, rewards=rewards)
    for reward in campaign["rewards"]:
        kick.claim(
            campaign_id=campaign["campaign_id"],
            reward_id=reward["reward_id"],
            claims=[{"user_id": 7 + number} for number in range(PLAYERS)],
            deliver=False,
            force=True,
        )


def ledger() -> set[tuple[Any, ...]]:
    return {
        (e.public_id, e.player.game_account_id, e.quantity, e.status, e.fulfilment_id)
        for e in Entitlement.objects.select_related("player")
    }


def processed_at_kick(kick: LocalKick) -> set[str]:
    return {c["claim_id"] for c in kick.claims() if c["external_status"] == "processed"}


def test_restore_of_an_old_dump_ends_with_the_ledger_that_was_lost(
    local_kick: LocalKick, source: Source, dump: Path
) -> None:
    for number in range(PLAYERS):
        local_kick.make_viewer(f"viewer-{number}", user_id=7 + number)
        make_account(user_id=str(7 + number), player=make_player())
    make_item(sku="cape"), make_item(sku="blade")
    server = GameServer()
    _go_on("Before the dump", local_kick, source, server)
    run = ["pg_dump", "--format=custom", f"--file={dump}", database_url()]
    subprocess.run(run, check=True, capture_output=True)
    _go_on("After the dump", local_kick, source, server)
    lost, told = ledger(), processed_at_kick(local_kick)

    connection.close()
    subprocess.run(
        ["pg_restore", "--clean", "--if-exists", f"--dbname={database_url()}", dump],
        check=True,
        capture_output=True,
    )
    after_restore = ledger()
    sweep(campaign_id="", source=source, clock=timezone.now)
    outcomes = server.repeat()
    send_reports(source=source, clock=timezone.now)

    assert len(after_restore) < len(lost)
    assert outcomes == {"fulfilled"}
    assert ledger() == lost
    assert processed_at_kick(local_kick) == told
    reported = Report.objects.exclude(reported_at=None)
    assert set(reported.values_list("pk", flat=True)) == told


def _go_on(campaign_name: str, kick: LocalKick, source: Source, server: GameServer) -> None:
    """Some more claims, of which the game hands out some."""
    make_claims(kick, campaign_name)
    catch_up(source=source, clock=timezone.now, is_urgent=True)
    server.hand_out(5)
    send_reports(source=source, clock=timezone.now)
