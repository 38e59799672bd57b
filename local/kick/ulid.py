"""ULIDs (https://github.com/ulid/spec): 48 bits of time and 80 random bits in base 32."""

import secrets
import threading
from collections.abc import Iterator
from datetime import datetime

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_BITS = 80
_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]

_lock = threading.Lock()
_last = 0


def new_ulid(*, now: datetime) -> str:
    return next(new_ulids(1, now=now))


def start_anew() -> None:
    """Forget the last ULID, after its claims were deleted and the clock was set back."""
    global _last
    with _lock:
        _last = 0


def new_ulids(count: int, *, now: datetime) -> Iterator[str]:
    """Yield `count` ascending ULIDs. Within a process, later ones sort after earlier ones."""
    global _last
    milliseconds = int(now.timestamp() * 1000)
    fresh = (milliseconds << RANDOM_BITS) | secrets.randbits(RANDOM_BITS - 1)
    with _lock:
        first = max(fresh, _last + 1)
        _last = first + count - 1
    # 26 characters of 5 bits, encoded two at a time, because bulk claims need it to be fast.
    return (
        "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])
        for number in range(first, first + count)
    )
