"""Run a command that stops when its parent dies.

    python die_with_parent.py PARENT_PID COMMAND ...

On Linux the kernel stops it, because a parent killed by `kill -9` can't. If the parent died before
it could ask the kernel, the command isn't started.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 (no shell is the point)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
