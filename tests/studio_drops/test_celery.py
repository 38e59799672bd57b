"""What a worker does when it starts."""

import os

import pytest
from celery.signals import celeryd_init

import studio_drops.celery  # noqa: F401 (connects what is tested here)


def test_a_worker_makes_way_for_the_web(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []
    monkeypatch.setattr(os, "setpriority", lambda *priority: asked.append(priority))
    monkeypatch.setattr("studio_drops.celery.share_metrics", lambda _service: None)

    celeryd_init.send(sender="worker@here")

    assert asked == [(os.PRIO_PROCESS, 0, 5)]
