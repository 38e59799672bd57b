"""Prepares a site, makes Django's settings those of the site, runs, and cleans up."""

import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.orders import read_orders
from tests.chaos.site import prepared_site


def main() -> int:
    orders = read_orders(sys.argv[1:])
    directory = Path(tempfile.mkdtemp(prefix="drops-chaos-"))
    began = time.monotonic()

    def say(line: str) -> None:
        stamp = f"{time.monotonic() - began:6.1f}  " if line else ""
        print(f"{stamp}{line}", flush=True)

    # Like Ctrl-C: what was started is stopped, and nothing is left in the temporary directory.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    is_right = False
    try:
        with prepared_site(orders, directory, say=say) as site:
            os.environ.clear()  # nothing of the developer's own settings
            os.environ.update(site.place.environment)
            import django

            django.setup()
            from tests.chaos.run import run

            is_right = run(orders, site, say=say)
    finally:
        _clean_up(directory, keep_logs=orders.keep_logs or not is_right)
    say("Everything held." if is_right else "NOT EVERYTHING HELD.")
    return 0 if is_right else 1


def _clean_up(directory: Path, *, keep_logs: bool) -> None:
    if keep_logs:
        print(f"Logs and the local Kick's database are kept in {directory}", flush=True)
    else:
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
