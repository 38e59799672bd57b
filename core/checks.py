"""The registry of a deployment's checks. Each finding says what to do next.

`studio_drops.monitoring.checks` registers the checks. `doctor`, the desk's home page and preflight
run them.
"""

import enum
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError
from django.utils.translation import gettext as _


class Verdict(enum.IntEnum):
    PASS = 0
    WARN = 1
    FAIL = 2


# The verdict, the message, and the next step; the last is empty if the check passed.
Found = tuple[Verdict, str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `check` is its name, not translated."""

    check: str
    verdict: Verdict
    message: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """`name` is also the value of `doctor --only`.

    `is_on_home`: the desk's home page shows it. `page`: the name of the desk's URL where a person
    sees more. `calls_platform`: so it runs less often.
    """

    name: str
    run: Callable[[datetime], Found]
    is_on_home: bool = False
    page: str = "admin:index"
    calls_platform: bool = False

    def __call__(self, now: datetime) -> Finding:
        """Run the check. If the database fails, that is the finding."""
        try:
            return Finding(self.name, *self.run(now))
        except DatabaseError as error:
            message = _("The check failed with a database error (%(error)s).")
            message %= {"error": type(error).__name__}
            next_step = _("Fix the database first: see the checks above.")
            return Finding(self.name, Verdict.FAIL, message, next_step)


_checks: dict[str, Check] = {}


def register_check(check: Check) -> None:
    """Add a check after the others. A repeat replaces the check of the same name."""
    _checks[check.name] = check


def all_checks() -> list[Check]:
    """In the order in which to fix them."""
    return list(_checks.values())


def run_check(name: str, *, now: datetime) -> Finding:
    """Raises KeyError for an unknown name."""
    return _checks[name](now)


def examine(*, now: datetime, only: Collection[str] = ()) -> Iterator[Finding]:
    """Run every check, or only those named in `only`."""
    for check in all_checks():
        if not only or check.name in only:
            yield check(now)


def passed(message: str) -> Found:
    return Verdict.PASS, message, ""
