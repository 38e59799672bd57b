"""The active faults, which survive a restart, and the random choice of their targets."""

import random
import threading
from typing import Any

from django.db import transaction

from .fault_plan import ApiRule, FaultPlan, WebhookFaults, as_list, parse_plan
from .models import Switch

# Used under a lock, and seeded when faults are set. The same seed gives the same claims the same
# faults.
_dice = random.Random(0)  # noqa: S311
_lock = threading.Lock()


def ordered_faults() -> dict[str, Any]:
    """Return the active faults as they were set. `api` is always a list."""
    return dict(Switch.read("faults", {}))


def current_plan() -> FaultPlan:
    return parse_plan(ordered_faults())


def order_faults(values: Any) -> dict[str, Any]:
    """Replace all faults and restart the random sequence from `seed`.

    Raises Refused, like `parse_plan`.
    """
    plan = parse_plan(values)
    ordered = {**values, "api": as_list(values.get("api"))} if values else {}
    Switch.write("faults", ordered)
    with _lock:
        _dice.seed(plan.seed)
    return ordered


def throw_webhook_fault(faults: WebhookFaults) -> str:
    """Return the fault for one delivery, or "" for none."""
    if not faults.shares:
        return ""
    thrown = _throw()
    for name, share in faults.shares.items():
        if thrown < share:
            return name
        thrown -= share
    return ""


def strike(method: str, path: str) -> ApiRule | None:
    """Return the first rule that hits this request, and decrement its count."""
    if not ordered_faults().get("api"):
        return None
    # Read again under the write lock, so that two requests can't use the same last count.
    with transaction.atomic():
        ordered = ordered_faults()
        for raw, rule in zip(ordered.get("api", []), parse_plan(ordered).api, strict=True):
            if rule.concerns(method, path) and _throw() < rule.share:
                if rule.count is not None:
                    raw["count"] -= 1
                    Switch.write("faults", ordered)
                return rule
    return None


def _throw() -> float:
    with _lock:
        return _dice.random()
