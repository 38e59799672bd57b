"""The scheduled tasks. Each may be lost, doubled or late: the rows say what is due."""

from celery import shared_task
from django.utils import timezone

from accounts import revocations
from claims import ledger, reconcile
from claims import write_back as writing
from studio_drops.kick_client import get_kick


@shared_task
def heal_claims() -> None:
    ledger.heal_claims(now=timezone.now())


@shared_task
def confirm_claims() -> None:
    reconcile.confirm_claims(api=get_kick().api, now=timezone.now())


@shared_task
def catch_up() -> None:
    reconcile.catch_up(api=get_kick().api, now=timezone.now())


@shared_task
def write_back() -> None:
    writing.write_back(api=get_kick().api)


@shared_task
def revoke_grants() -> None:
    revocations.revoke_grants(oauth=get_kick().oauth, now=timezone.now())
