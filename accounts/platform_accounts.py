"""The row that everybody locks first who changes a link or records a claim."""

from datetime import datetime

from accounts.models import KickUser
from core.text import displayable


def lock_kick_user(kick_user_id: str, *, name: str = "", now: datetime) -> KickUser:
    """Lock the row of a Kick user until the caller's transaction ends; make it when it is new.

    The insert waits for whoever is making the same row, so that two firsts meet at one lock. A name
    that is not blank replaces the stored one, as people rename themselves at Kick.
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
