"""The fault test, small: the whole system, killed again and again for twenty seconds."""

import subprocess
import sys

import pytest

from local.demo.environment import REPOSITORY

OPTIONS = ("--claims", "150", "--seed", "1", "--minutes", "0.35", "--speed", "12")
ENDS_WITHIN_SECONDS = 420


@pytest.mark.postgresql
def test_chaos_small() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *OPTIONS],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=ENDS_WITHIN_SECONDS,
        check=False,
    )

    assert run.returncode == 0, f"{run.stdout}\n{run.stderr[-4000:]}"
    assert "Everything held." in run.stdout
