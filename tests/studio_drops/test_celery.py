"""What a worker does when it starts."""

import os

import pytest
from celery.signals import celeryd_init

import studio_drops.celery  # noqa: F401 (connects what is tested here)


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
