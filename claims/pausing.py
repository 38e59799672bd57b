"""Pausing: claims of a paused campaign or reward are held until staff resume it."""

from datetime import datetime

from claims.models import Campaign, Pause, Reward

Target = Campaign | Reward


def pause_grants(*, target: Target, reason: str, actor: str, now: datetime) -> Pause | None:
    """Hold claims of this campaign or reward from now on. On a repeat: None.

    Granted claims stay granted, and so may a claim that is being recorded at this moment. Manual
    grants aren't affected. The sweep changes the reason of held claims within a minute.
    """
    fields = {"reason": reason, "paused_by": actor, "paused_at": now}
    pause, is_new = Pause.objects.get_or_create(**_of(target), defaults=fields)
    return pause if is_new else None


def resume_grants(*, target: Target) -> Pause | None:
    """End the pause, and return it. The sweep grants the held claims within a minute.

    On a repeat: None.
    """
    pause = Pause.objects.select_for_update().filter(**_of(target)).first()
    if pause:
        Pause.objects.filter(pk=pause.pk).delete()
    return pause


def find_pause(target: Target) -> Pause | None:
    return Pause.objects.filter(**_of(target)).first()


def _of(target: Target) -> dict[str, Target]:
    return {"campaign" if isinstance(target, Campaign) else "reward": target}
