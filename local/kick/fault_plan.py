"""The faults that can be injected: types, and parsing from JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .json_fields import Fields
from .refusals import Refused

WEBHOOK_FAULTS = ("drop", "duplicate", "delay", "reorder", "corrupt", "cut")
READINGS = {
    "claims_order": ("ascending", "descending", "created", "shuffled"),
    "cursor": ("exclusive", "inclusive", "next"),
    "last_cursor": ("absent", "empty", "last"),
}
STATUSES = (401, 403, 429, 500, 502, 503)
_RULE = "path_prefix method status share retry_after slow_seconds truncate count"
# A fault that delays a response occupies a thread.
MAX_SECONDS = 60


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
    seed: int


def parse_plan(values: Any) -> FaultPlan:
    """Raises Refused with the first invalid entry and the allowed values."""
    known = f"webhook api {' '.join(READINGS)} seed"
    fields = Fields(values, known=known, name="The fault plan")
    return FaultPlan(
        webhook=_parse_webhook(fields.values.get("webhook") or {}),
        api=[_parse_rule(rule) for rule in as_list(fields.values.get("api"))],
        **{name: _parse_reading(fields, name) for name in READINGS},
        seed=fields.integer("seed") if "seed" in fields else 0,
    )


def as_list(rules: Any) -> list[Any]:
    """Accept a single rule without a list around it."""
    if rules is None:
        return []
    return rules if isinstance(rules, list) else [rules]


def _parse_reading(fields: Fields, name: str) -> str:
    choices = READINGS[name]
    chosen = fields.optional_text(name) or choices[0]
    if chosen not in choices:
        raise Refused(f"Unknown {name} {chosen!r}. Allowed: {', '.join(choices)}.")
    return chosen


def _parse_webhook(values: Any) -> WebhookFaults:
    fields = Fields(values, known=" ".join(WEBHOOK_FAULTS), name="webhook")
    shares = {name: _parse_share(fields, name) for name in WEBHOOK_FAULTS if name in fields.values}
    faults = WebhookFaults(shares, _parse_delay(fields))
    # Floats such as ten times 0.1 don't add up to exactly 1.
    if sum(shares.values()) > 1.000001:
        raise Refused("The shares of the webhook faults add up to more than 1. Lower them.")
    return faults


def _parse_share(fields: Fields, name: str) -> float:
    holder = fields if name != "delay" else _delay(fields)
    share = holder.number(name if name != "delay" else "share")
    if not 0 <= share <= 1:
        raise Refused(f"The share {share:g} of {name} is out of range. Allowed: 0 to 1.")
    return share


def _parse_delay(fields: Fields) -> float:
    return _seconds(_delay(fields), "seconds") if "delay" in fields else 0


def _delay(fields: Fields) -> Fields:
    return Fields(fields.values["delay"], known="share seconds", name="delay")


def _seconds(fields: Fields, name: str) -> float:
    seconds = fields.number(name)
    if not 0 <= seconds <= MAX_SECONDS:
        raise Refused(f"{name} {seconds:g} is out of range. Allowed: 0 to {MAX_SECONDS}.")
    return seconds


def _parse_rule(values: Any) -> ApiRule:
    fields = Fields(values, known=_RULE, name="An api fault")
    return ApiRule(
        path_prefix=fields.optional_text("path_prefix") or "/public/",
        method=fields.optional_text("method") or "",
        status=_parse_status(fields),
        share=_parse_share(fields, "share") if "share" in fields else 1,
        retry_after=fields.number("retry_after") if "retry_after" in fields else None,
        slow_seconds=_seconds(fields, "slow_seconds") if "slow_seconds" in fields else 0,
        truncate=fields.flag("truncate", default=False),
        count=fields.natural("count", default=0) if "count" in fields else None,
    )


def _parse_status(fields: Fields) -> int | None:
    status = fields.optional_integer("status")
    if status not in (None, *STATUSES):
        raise Refused(f"status {status} isn't supported. Allowed: {', '.join(map(str, STATUSES))}.")
    return status
