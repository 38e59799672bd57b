"""What an answer is, and the words that several of them share."""

import enum
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from claims.desk.case.loading import CaseClaim


class Remedy(enum.StrEnum):
    """The act that puts it right, where one of the staff's does."""

    RETRY = "retry"
    ASK_KICK = "ask-kick"
    MAP = "map"
    GRANT = "grant"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """`to_player` may be pasted to the player as it stands; `to_staff` is for our eyes.

    `label` and `tone` (good, wait, bad, quiet) are the same in two words. `is_settled`: nobody has
    to do anything, and nothing more is going to happen.
    """

    label: str
    tone: str
    to_player: str
    to_staff: str
    remedy: Remedy = Remedy.NONE
    is_settled: bool = False


def when(at: datetime | None) -> str:
    """In UTC, as it is pasted to a player who may be anywhere."""
    return date_format(at.astimezone(UTC), r"j F Y \a\t H:i \U\T\C") if at else _("some time ago")


def link_page() -> str:
    return f"{settings.PUBLIC_URL}/link/"


def name_drop(case_claim: CaseClaim, items: str = "") -> str:
    """As it is called; while nobody has named it, what is in it or where it is from."""
    if case_claim.reward_name != case_claim.claim.reward_id:
        return f"“{case_claim.reward_name}”"
    if items:
        return f"“{items}”"
    if case_claim.campaign_name != case_claim.claim.campaign_id:
        return _("a drop of “%(campaign)s”") % {"campaign": case_claim.campaign_name}
    return _("a drop")
