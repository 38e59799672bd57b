"""Injected faults: how they're read, the active ones, and the random choice of their targets.

Active faults survive a restart.
"""

import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from .json_fields import Fields
from .models import Switch
from .refusals import Refused

# `twin`, for events only: the same event again under another message ID.
WEBHOOK_FAULTS = ("drop", "duplicate", "delay", "reorder", "corrupt", "cut", "twin")
READINGS = {
    "claims_order": ("ascending", "descending", "created", "shuffled"),
    "cursor": ("exclusive", "inclusive", "next"),
    "last_cursor": ("absent", "null", "empty", "last"),
    "filter": ("before", "after"),
    # What the token endpoint sends, and whether a refresh token can be used again.
    "expires_in": ("number", "text", "decimal", "null", "empty", "absent"),
    "rotation": ("strict", "reusable"),
    # Whether a viewer's new consent ends the earlier tokens for the same app.
    "consent": ("adds", "replaces"),
}
STATUSES = (400, 401, 403, 429, 500, 502, 503)
BLOCKS = ("json", "html")
_RULE = "path_prefix method status error block share retry_after slow_seconds truncate count"
# A fault that delays a response occupies a thread.
MAX_SECONDS = 60

# Used under a lock, and seeded when faults are set. The same seed gives the same claims the same
# faults.
_dice = random.Random(0)  # noqa: S311
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class WebhookFaults:
    """The share of deliveries (0 to 1) that each fault hits. A delivery gets at most one fault."""

    shares: Mapping[str, float]
    delay_seconds: float = 0


@dataclass(frozen=True, slots=True)
class ApiRule:
    """A fault of the endpoints below a path. It hits `count` more requests (None: all)."""

    path_prefix: str
    method: str
    status: int | None
    error: str
    block: str
    share: float
    retry_after: float | None
    slow_seconds: float
    truncate: bool
    count: int | None

    def concerns(self, method: str, path: str) -> bool:
        return path.startswith(self.path_prefix) and self.method in ("", method) and self.count != 0


@dataclass(frozen=True, slots=True)
class FaultPlan:
    webhook: WebhookFaults
    api: list[ApiRule]
    claims_order: str
    cursor: str
    last_cursor: str
    filter: str
    expires_in: str
    rotation: str
    consent: str
    page_cap: int
    repeats: int
    statuses: Mapping[str, str | None]
    poison: str
    seed: int


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
    ordered = {**values, "api": _as_list(values.get("api"))} if values else {}
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


def parse_plan(values: Any) -> FaultPlan:
    """Raises Refused with the first invalid entry and the allowed values."""
    known = f"webhook api {' '.join(READINGS)} page_cap repeats statuses poison seed"
    fields = Fields(values, known=known, name="The fault plan")
    webhook = _parse_webhook(fields.values.get("webhook") or {})
    api = [_parse_rule(rule) for rule in _as_list(fields.values.get("api"))]
    readings = {}
    for name, choices in READINGS.items():
        readings[name] = fields.optional_text(name) or choices[0]
        if readings[name] not in choices:
            raise Refused(f"Unknown {name} {readings[name]!r}. Allowed: {', '.join(choices)}.")
    seed = fields.integer("seed") if "seed" in fields else 0
    return FaultPlan(
        webhook=webhook,
        api=api,
        **readings,
        page_cap=fields.natural("page_cap", default=0),
        repeats=fields.natural("repeats", default=0),
        statuses=fields.values.get("statuses") or {},
        poison=fields.optional_text("poison") or "",
        seed=seed,
    )


def _as_list(rules: Any) -> list[Any]:
    """Accept a single rule without a list around it."""
    if rules is None:
        return []
    return rules if isinstance(rules, list) else [rules]


def _parse_webhook(values: Any) -> WebhookFaults:
    fields = Fields(values, known=" ".join(WEBHOOK_FAULTS), name="webhook")
    shares, delay_seconds = {}, 0.0
    for name in WEBHOOK_FAULTS:
        if name == "delay" and name in fields.values:
            delay = Fields(fields.values[name], known="share seconds", name=name)
            shares[name] = _read_share(delay, "share", of=name)
            delay_seconds = _read_seconds(delay, "seconds")
        elif name in fields.values:
            shares[name] = _read_share(fields, name, of=name)
    # Floats such as ten times 0.1 don't add up to exactly 1.
    if sum(shares.values()) > 1.000001:
        raise Refused("The shares of the webhook faults add up to more than 1. Lower them.")
    return WebhookFaults(shares, delay_seconds)


def _parse_rule(values: Any) -> ApiRule:
    fields = Fields(values, known=_RULE, name="An api fault")
    status = fields.optional_integer("status")
    if status not in (None, *STATUSES):
        raise Refused(f"status {status} isn't supported. Allowed: {', '.join(map(str, STATUSES))}.")
    block = fields.optional_text("block") or ""
    if block not in ("", *BLOCKS):
        raise Refused(f"block {block!r} isn't supported. Allowed: {', '.join(BLOCKS)}.")
    return ApiRule(
        path_prefix=fields.optional_text("path_prefix") or "/public/",
        method=fields.optional_text("method") or "",
        status=status,
        error=fields.optional_text("error") or "",
        block=block,
        share=_read_share(fields, "share", of="share") if "share" in fields else 1,
        retry_after=fields.number("retry_after") if "retry_after" in fields else None,
        slow_seconds=_read_seconds(fields, "slow_seconds") if "slow_seconds" in fields else 0,
        truncate=fields.flag("truncate", default=False),
        count=fields.natural("count", default=0) if "count" in fields else None,
    )


def _read_share(fields: Fields, name: str, *, of: str) -> float:
    share = fields.number(name)
    if not 0 <= share <= 1:
        raise Refused(f"The share {share:g} of {of} is out of range. Allowed: 0 to 1.")
    return share


def _read_seconds(fields: Fields, name: str) -> float:
    seconds = fields.number(name)
    if not 0 <= seconds <= MAX_SECONDS:
        raise Refused(f"{name} {seconds:g} is out of range. Allowed: 0 to {MAX_SECONDS}.")
    return seconds
