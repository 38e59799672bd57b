"""The answer to “where is my drop?”, and wording that several answers share."""

import enum
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from claims.desk.case.loading import CaseClaim


class Remedy(enum.StrEnum):
    """The staff action that resolves the case, if there is one."""

    RETRY = "retry"
    REFETCH = "refetch"
    MAP = "map"
    GRANT = "grant"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`to_player` can be pasted to the player unchanged. `to_staff` is internal.

    `label` and `tone` (good, wait, bad, quiet) summarize the answer. `is_settled`: no one needs to
    act, and nothing more will happen.
    """

    label: str
    tone: str
    to_player: str
    to_staff: str
    remedy: Remedy = Remedy.NONE
    is_settled: bool = False


def when(at: datetime | None) -> str:
    """In UTC, since the player who reads it may be anywhere."""
    return date_format(at.astimezone(UTC), r"j F Y \a\t H:i \U\T\C") if at else _("an unknown date")


def link_page() -> str:
    return f"{settings.PUBLIC_URL}/link/"


def name_drop(case_claim: CaseClaim, items: str = "") -> str:
    """The reward's name. If it has none yet: its items, or its campaign."""
    if case_claim.reward_name != case_claim.claim.reward_id:
        return f"“{case_claim.reward_name}”"
    if items:
        return f"“{items}”"
    if case_claim.campaign_name != case_claim.claim.campaign_id:
        return _("a drop from “%(campaign)s”") % {"campaign": case_claim.campaign_name}
    return _("a drop")
