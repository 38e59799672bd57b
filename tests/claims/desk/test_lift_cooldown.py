"""Ops lift the waiting time of a player from the player's case, with a reason."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.cooldown import player_cooldown_end
from accounts.models import LinkEvent, Player
from claims.models import AuditEvent
from tests.factories import make_account, make_player

pytestmark = pytest.mark.django_db


@pytest.fixture
def waiting(settings: Any) -> Player:
    settings.RELINK_COOLDOWN_DAYS = 7
    player, account, now = make_player(name="Nova"), make_account(), timezone.now()
    for kind, days in (("LINKED", 30), ("UNLINKED", 1)):
        at = now - timedelta(days=days)
        LinkEvent.objects.create(kind=kind, player=player, account=account, actor="player", at=at)
    return player


def page(client: Client, player: Player) -> str:
    return client.get(reverse("desk:player", args=[player.pk])).content.decode()


def test_case_says_until_when_the_player_waits(support: Client, waiting: Player) -> None:
    shown = page(support, waiting)

    assert "can link another Kick account only from" in shown
    assert "Lift the waiting time" not in shown  # that's for ops


def test_ops_lift_it_with_a_reason(ops: Client, waiting: Player) -> None:
    url = reverse("desk:lift_cooldown", args=[waiting.pk, "kick"])
    assert url in page(ops, waiting)
    assert "can link another account only from" in ops.get(url).content.decode()
    assert ops.post(url, {"reason": " "}).status_code == 200

    answer = ops.post(url, {"reason": "lost their old account"}, follow=True)

    assert "The player can link another account now." in answer.content.decode()
    event = AuditEvent.objects.get()
    assert (event.action, event.reason, event.player) == (
        "WAIVE",
        "lost their old account",
        waiting,
    )
    assert player_cooldown_end(player=waiting, platform="kick", now=timezone.now()) is None
    assert "can link another Kick account only from" not in page(ops, waiting)
    assert (
        "doesn&#x27;t have to wait" in ops.post(url, {"reason": "x"}, follow=True).content.decode()
    )


def test_support_may_not_lift_it(support: Client, waiting: Player) -> None:
    url = reverse("desk:lift_cooldown", args=[waiting.pk, "kick"])

    assert support.post(url, {"reason": "x"}).status_code == 403
