from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session

from accounts.models import LinkAttempt, PendingLink, WrongCodes
from accounts.tokens import encrypt
from claims.models import QuarantinedDelivery, ReconcileRun
from claims.pruning import prune
from claims.webhooks.endpoints import send_test
from tests.factories import NOW, make_alert, make_alert_message, make_endpoint, make_player

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def test_prune_forgets_what_is_older_than_it_is_kept() -> None:
    player = make_player()
    for days in (29, 31):
        at = NOW - days * DAY
        ReconcileRun.objects.create(kind="SWEEP", outcome="DONE", started_at=at, ended_at=at)
    ReconcileRun.objects.create(kind="SWEEP", outcome="INTERRUPTED", started_at=NOW - 99 * DAY)
    for days in (89, 91):
        received_at = NOW - days * DAY
        QuarantinedDelivery.objects.create(key=str(days), body=b"", size=0, received_at=received_at)
    Session.objects.create(session_key="old", expire_date=NOW - DAY)
    Session.objects.create(session_key="new", expire_date=NOW + DAY)
    for minutes in (-1, 1):
        LinkAttempt.objects.create(
            state_digest=f"state {minutes}",
            session_digest="session",
            player=player,
            encrypted_verifier=b"",
            expires_at=NOW + timedelta(minutes=minutes),
        )

    for days in (29, 31):
        make_alert(resolved_at=NOW - days * DAY)
        make_alert_message(key=f"alert:{days}", created_at=NOW - days * DAY)

    for hours in (23, 25):
        at = NOW - timedelta(hours=hours)
        WrongCodes.objects.create(network=f"10.0.0.{hours}", count=3, last_at=at)
    for minutes in (-1, 1):
        PendingLink.objects.create(
            session_digest=f"session {minutes}",
            player=player,
            platform="kick",
            user_id=str(minutes + 10),
            encrypted_refresh_token=encrypt("refresh"),
            encrypted_access_token=encrypt("access"),
            scope="user:read",
            expires_in=60,
            checked_at=NOW,
            expires_at=NOW + timedelta(minutes=minutes),
        )
    for days in (6, 8):
        send_test(endpoint=make_endpoint(), now=NOW - days * DAY)

    pruned = prune(now=NOW)

    assert set(pruned.values()) == {1}
    assert pruned.keys() >= {"runs", "deliveries", "sessions", "link_attempts", "alerts"}
    assert set(prune(now=NOW).values()) == {0}
