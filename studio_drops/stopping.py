"""Whether this Celery worker is stopping: a job that works in a loop then ends.

Celery waits for tasks at a stop and doesn't tell them. The flag is in memory that the worker shares
with its child processes. It has no lock: a child that is killed can't leave one behind.
"""

from multiprocessing.sharedctypes import RawValue

_is_stopping = RawValue("b", 0)


def note_stop() -> None:
    _is_stopping.value = 1


def is_stopping() -> bool:
    return bool(_is_stopping.value)
