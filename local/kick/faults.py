"""The faults in force, kept over a restart, and the dice that say whom they strike."""

import random
import threading
from typing import Any

from django.db import transaction

from .fault_plan import ApiRule, FaultPlan, WebhookFaults, as_list, parse_plan
from .switches import read_switch, write_switch

# Thrown under a lock, and seeded when faults are ordered: with the same seed the same claims meet
# the same faults.
_dice = random.Random(0)  # noqa: S311
_lock = threading.Lock()


def ordered_faults() -> dict[str, Any]:
    """The faults in force, as they were ordered; `api` is a list."""
    return dict(read_switch("faults", {}))


def current_plan() -> FaultPlan:
    return parse_plan(ordered_faults())


def order_faults(values: Any) -> dict[str, Any]:
    """Replace all faults and throw the dice afresh from `seed`.

    Raises Refused as `parse_plan` does.
    """
    plan = parse_plan(values)
    ordered = {**values, "api": as_list(values.get("api"))} if values else {}
    write_switch("faults", ordered)
    with _lock:
        _dice.seed(plan.seed)
    return ordered


def throw_webhook_fault(faults: WebhookFaults) -> str:
    """At most one fault for a delivery; empty for none."""
    if not faults.shares:
        return ""
    thrown = _throw()
    for name, share in faults.shares.items():
        if thrown < share:
            return name
        thrown -= share
    return ""


def strike(method: str, path: str) -> ApiRule | None:
    """The first rule that hits this request; its count goes down by one."""
    if not ordered_faults().get("api"):
        return None
    # Read again under the write lock, or two requests spend the same last count.
    with transaction.atomic():
        ordered = ordered_faults()
        for raw, rule in zip(ordered.get("api", []), parse_plan(ordered).api, strict=True):
            if rule.concerns(method, path) and _throw() < rule.share:
                _count_down(ordered, raw)
                return rule
    return None


def _throw() -> float:
    with _lock:
        return _dice.random()


def _count_down(ordered: dict[str, Any], raw: dict[str, Any]) -> None:
    """`raw` is a rule inside `ordered`."""
    if raw.get("count") is not None:
        raw["count"] -= 1
        write_switch("faults", ordered)
