"""Prepare a deployment, load its Django settings, run, and clean up."""

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.deployment import prepared_deployment
from tests.chaos.options import read_options


def main() -> int:
    options = read_options(sys.argv[1:])
    directory = Path(tempfile.mkdtemp(prefix="drops-chaos-"))
    began = time.monotonic()

    def say(line: str) -> None:
        stamp = f"{time.monotonic() - began:6.1f}  " if line else ""
        print(f"{stamp}{line}", flush=True)

    # Like Ctrl-C: what was started is stopped, and nothing is left in the temporary directory.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    is_right = False
    try:
        with prepared_deployment(options, directory, say=say) as deployment:
            os.environ.clear()  # nothing of the developer's own settings
            os.environ.update(deployment.place.environment)
            import django

            django.setup()
            from tests.chaos.run import run

            is_right = run(options, deployment, say=say)
    finally:
        _clean_up(directory, keep_logs=options.keep_logs or not is_right)
    say("Everything held." if is_right else "NOT EVERYTHING HELD.")
    return 0 if is_right else 1


def _clean_up(directory: Path, *, keep_logs: bool) -> None:
    if keep_logs:
        print(f"Logs and the local Kick's database are kept in {directory}", flush=True)
    else:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
