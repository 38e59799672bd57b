"""The scheduled tasks: each is there, each does its work, none minds that Kick is down."""

from typing import Any

import pytest
from django.db import DatabaseError, connection

from claims.models import Claim, RewardItem
from core.models import Lease
from studio_drops import tasks
from studio_drops.celery import app
from studio_drops.schedule import JOBS, task_name
from tests.claims.kick_claims import claims_at_kick
from tests.claims.ledger_assertions import receive, record
from tests.factories import make_account, make_campaign, make_item, make_player, make_reward
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db

NAMES = [job.name for job in JOBS]


@pytest.fixture
def kick(local_kick: LocalKick, settings: Any) -> LocalKick:
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    return local_kick


@pytest.mark.parametrize("name", NAMES)
def test_every_scheduled_task_is_registered_and_runs(kick: LocalKick, name: str) -> None:
    app.loader.import_default_modules()

    app.tasks[task_name(name)].apply(throw=True)


@pytest.mark.parametrize("name", NAMES)
def test_no_scheduled_task_minds_that_kick_is_down(settings: Any, name: str) -> None:
    settings.KICK_ID_URL = settings.KICK_API_URL = "http://127.0.0.1:1"
    record(receive(campaign_id="c", reward_id="r"))

    app.tasks[task_name(name)].apply(throw=True)


def test_catch_up_and_heal_tasks_grant_what_is_owed(kick: LocalKick) -> None:
    kick.make_viewer("Ada", user_id=7)
    make_account(user_id="7", player=make_player())
    claims_at_kick(kick, user_id=7)
    tasks.catch_up()
    reward = Claim.objects.get().reward
    RewardItem.objects.create(reward=reward, item=make_item(), quantity=1)

    tasks.heal_claims()

    assert Claim.objects.get().status == "GRANTED"


def test_heal_task_leaves_the_work_to_whoever_holds_its_lease() -> None:
    reward = make_reward()
    campaign = make_campaign(rewards=[reward])
    make_account(user_id="7", player=make_player())
    record(receive(campaign))
    RewardItem.objects.create(reward=reward, item=make_item(), quantity=1)
    tasks.heal_claims()
    Claim.objects.update(status="HELD", hold_reason="NOT_LINKED", granted_at=None)
    Lease.objects.update(owner="another", expires_at="2100-01-01T00:00Z")

    tasks.heal_claims()

    assert Claim.objects.get().status == "HELD"


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_task_after_one_whose_connection_died_runs_on_a_new_one() -> None:
    other = connection.copy()
    with connection.cursor() as cursor, other.cursor() as other_cursor:
        cursor.execute("SELECT pg_backend_pid()")
        other_cursor.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
    other.close()
    with pytest.raises(DatabaseError):
        tasks.heal_claims()

    tasks.heal_claims()

    assert Lease.objects.get(job="heal_claims").last_ended_at
