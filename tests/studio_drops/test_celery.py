"""What a worker and a scheduler do when they start."""

import os

import pytest
from celery.signals import beat_init, celeryd_init

from studio_drops.celery import app


@pytest.mark.parametrize(("is_already", "becomes"), [(0, 5), (10, 10)])
def test_a_worker_makes_way_for_the_web(
    monkeypatch: pytest.MonkeyPatch, is_already: int, becomes: int
) -> None:
    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr(os, "getpriority", lambda *_process: is_already)
    monkeypatch.setattr(os, "setpriority", lambda *priority: asked.append(priority))
    monkeypatch.setattr("studio_drops.celery.share_metrics", lambda _service: None)

    celeryd_init.send(sender="worker@here")

    assert asked == [(os.PRIO_PROCESS, 0, becomes)]


def test_scheduler_beats_and_subscribes_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(app, "send_task", sent.append)

    beat_init.send(sender="beat")

    assert sent == ["studio_drops.heartbeat", "studio_drops.keep_subscriptions"]
