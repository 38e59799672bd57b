"""A short storm of webhooks: see `tests.chaos.push`."""

import subprocess
import sys

import pytest

from tests.demo_process import REPOSITORY

pytestmark = pytest.mark.processes


def test_everything_is_announced_to_everyone_and_delivered_once() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.chaos.push", "--seconds", "6"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )

    assert told.returncode == 0, told.stdout + told.stderr[-2000:]
