"""The row lock to take before changing a link or recording a claim."""

from datetime import datetime

from accounts.models import PlatformAccount
from core.text import displayable


def lock_account(key: str, *, name: str = "", now: datetime) -> PlatformAccount:
    """Lock an account's row until the caller's transaction ends. Creates the row if needed.

    The insert waits for a concurrent insert of the same row, so both callers use the same lock. A
    non-blank name replaces the stored name, because people rename themselves.
    """
    name = displayable(name)
    PlatformAccount.objects.bulk_create(
        [PlatformAccount(key=key, name=name, first_seen_at=now)],
        ignore_conflicts=True,
    )
    account = PlatformAccount.objects.select_for_update(no_key=True).get(pk=key)
    if name and account.name != name:
        account.name = name
        account.save(update_fields=["name"])
    return account


def lock_account_if_free(key: str) -> bool:
    """Lock an account's row unless another transaction holds its lock. Returns whether it did."""
    free = PlatformAccount.objects.select_for_update(skip_locked=True, no_key=True)
    return free.filter(pk=key).first() is not None
