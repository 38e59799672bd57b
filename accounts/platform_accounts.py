"""The row lock to take before changing a link or recording a claim."""

from datetime import datetime

from accounts.models import KickUser
from core.text import displayable


def lock_kick_user(kick_user_id: str, *, name: str = "", now: datetime) -> KickUser:
    """Lock a Kick user's row until the caller's transaction ends. Creates the row if needed.

    The insert waits for a concurrent insert of the same row, so both callers use the same lock. A
    non-blank name replaces the stored name, because people rename themselves on Kick.
    """
    name = displayable(name)
    KickUser.objects.bulk_create(
        [KickUser(kick_user_id=kick_user_id, name=name, first_seen_at=now)],
        ignore_conflicts=True,
    )
    kick_user = KickUser.objects.select_for_update(no_key=True).get(pk=kick_user_id)
    if name and kick_user.name != name:
        kick_user.name = name
        kick_user.save(update_fields=["name"])
    return kick_user
