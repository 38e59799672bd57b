"""Telling Kick that an authorization has ended, over real HTTP to the local Kick."""

from datetime import datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from django.conf import settings as django_settings
from django.db import IntegrityError, connection, transaction
from pytest_django.fixtures import Settings

from accounts.deauthorizations import send_deauthorizations
from accounts.links import SENDING_LASTS_AT_MOST
from accounts.models import Deauthorization
from accounts.platform_login import PlatformLogin, get_login
from accounts.tokens import decrypt, encrypt
from core.platform_errors import PlatformError, PlatformRefused, PlatformUnavailable
from platforms.kick.linking import KickLogin
from platforms.kick.protocol.errors import KickRejected
from platforms.kick.protocol.oauth import OAuthClient
from tests.accounts.visitor import Visitor
from tests.factories import NOW, make_account
from tests.local_kick_process import LocalKick
from tests.threads import at_once

pytestmark = pytest.mark.django_db

# As long as one run of the tests may take to get from one line to the next.
A_MOMENT = timedelta(seconds=30)
BACK_OFF = django_settings.BACK_OFFS["deauthorization"]


@pytest.fixture
def login(kick: LocalKick) -> PlatformLogin:
    return get_login("kick")


def make_revocation(*, token: str = "a-token", **fields: object) -> Deauthorization:
    due = {
        "account": make_account(),
        "created_at": NOW,
        "next_attempt_at": NOW,
        "encrypted_refresh_token": encrypt(token),
    }
    return Deauthorization.objects.create(**due | fields)


def test_send_deauthorizations_ends_the_grant_at_kick(nova: Visitor, login: PlatformLogin) -> None:
    nova.link("nova_live")
    nova.client.post("/link/unlink")
    deauthorization = Deauthorization.objects.get()
    token = decrypt(deauthorization.encrypted_refresh_token)

    revoked = send_deauthorizations(login=login, now=deauthorization.next_attempt_at)

    deauthorization.refresh_from_db()
    assert (revoked, deauthorization.outcome, deauthorization.attempts) == (1, "REVOKED", 1)
    assert bytes(deauthorization.encrypted_refresh_token) == b""
    with pytest.raises(PlatformRefused, match="invalid_grant"):
        login.refresh(token)


def test_send_deauthorizations_again_does_nothing(login: PlatformLogin) -> None:
    make_revocation()
    send_deauthorizations(login=login, now=NOW)

    revoked = send_deauthorizations(login=login, now=NOW + timedelta(days=1))

    assert revoked == 0


def test_send_deauthorizations_leaves_what_is_not_due(login: PlatformLogin) -> None:
    make_revocation(next_attempt_at=NOW + timedelta(minutes=5))

    revoked = send_deauthorizations(login=login, now=NOW)

    assert revoked == 0


def test_send_deauthorizations_leaves_what_a_link_overtook(login: PlatformLogin) -> None:
    make_revocation(
        outcome="OVERTAKEN", next_attempt_at=None, ended_at=NOW, encrypted_refresh_token=b""
    )

    revoked = send_deauthorizations(login=login, now=NOW)

    assert revoked == 0


def test_send_deauthorizations_while_kick_is_down_tries_again_later(
    kick: LocalKick, login: PlatformLogin
) -> None:
    first, second = make_revocation(), make_revocation(next_attempt_at=NOW + timedelta(seconds=1))
    kick.set_faults(api={"path_prefix": "/oauth/revoke", "status": 500})

    with pytest.raises(PlatformUnavailable):
        send_deauthorizations(login=login, now=NOW + timedelta(seconds=1))

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.outcome, first.attempts, first.sending_since) == ("PENDING", 1, None)
    assert BACK_OFF.first / 2 <= first.next_attempt_at - NOW < BACK_OFF.first + A_MOMENT
    # One sign that Kick is down is enough for one run.
    assert second.attempts == 0


def test_send_deauthorizations_after_an_outage_ends_the_grant(
    kick: LocalKick, login: PlatformLogin
) -> None:
    make_revocation()
    kick.set_faults(api={"path_prefix": "/oauth/revoke", "status": 500})
    with pytest.raises(PlatformUnavailable):
        send_deauthorizations(login=login, now=NOW)
    kick.clear_faults()

    revoked = send_deauthorizations(login=login, now=NOW + BACK_OFF.first + A_MOMENT)

    assert revoked == 1


@pytest.mark.parametrize(
    ("attempts", "pause"),
    [(0, BACK_OFF.first), (1, 2 * BACK_OFF.first), (200, BACK_OFF.longest)],
)
def test_pause_doubles_up_to_its_limit(attempts: int, pause: timedelta, settings: Settings) -> None:
    deauthorization = make_revocation(attempts=attempts)
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    send_deauthorizations(login=get_login("kick"), now=NOW)

    deauthorization.refresh_from_db()
    assert pause / 2 <= deauthorization.next_attempt_at - NOW < pause + A_MOMENT


def test_send_deauthorizations_goes_on_after_a_token_that_it_cannot_read(
    login: PlatformLogin, settings: Settings
) -> None:
    good_keys = settings.TOKEN_KEYS
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]
    unreadable = make_revocation()
    settings.TOKEN_KEYS = good_keys
    make_revocation(next_attempt_at=NOW + timedelta(seconds=1))

    revoked = send_deauthorizations(login=login, now=NOW + timedelta(seconds=1))

    unreadable.refresh_from_db()
    assert (revoked, unreadable.outcome) == (1, "PENDING")


def test_send_deauthorizations_refused_by_kick_keeps_trying(
    kick: LocalKick, login: PlatformLogin
) -> None:
    deauthorization = make_revocation()
    kick.set_faults(api={"path_prefix": "/oauth/revoke", "status": 403})

    revoked = send_deauthorizations(login=login, now=NOW)

    deauthorization.refresh_from_db()
    assert (revoked, deauthorization.outcome, deauthorization.attempts) == (0, "PENDING", 1)


@pytest.mark.parametrize("code", ["invalid_grant", "invalid_token"])
def test_send_deauthorizations_of_a_token_that_kick_no_longer_knows_ends(code: str) -> None:
    make_revocation()

    class GoneAtKick(OAuthClient):
        def __init__(self) -> None:
            """It calls no one."""

        def revoke(self, *, token: str, hint: str) -> None:
            raise KickRejected("gone", status=400, error=code)

    gone = KickLogin(app=NotImplemented, oauth=GoneAtKick, api=NotImplemented)

    revoked = send_deauthorizations(login=gone, now=NOW)

    assert revoked == 1


def test_send_deauthorizations_leaves_those_of_another_platform() -> None:
    theirs = make_revocation(account=make_account(key="another:7"))
    make_revocation()
    here = Answering()

    revoked = send_deauthorizations(login=here, now=NOW)

    theirs.refresh_from_db()
    assert (revoked, here.calls, theirs.outcome, theirs.attempts) == (1, 1, "PENDING", 0)


def test_send_deauthorizations_marks_the_row_while_kick_is_told() -> None:
    deauthorization = make_revocation()
    watching = Answering(look_at=deauthorization)

    send_deauthorizations(login=watching, now=NOW)

    assert watching.seen_sending_since is not None
    assert not watching.was_in_transaction
    deauthorization.refresh_from_db()
    assert deauthorization.sending_since is None


def test_send_deauthorizations_leaves_what_another_worker_is_at() -> None:
    make_revocation()
    beaten = Answering(meet_another_worker=True)

    revoked = send_deauthorizations(login=beaten, now=NOW)

    assert (revoked, beaten.calls) == (1, 1)


def test_send_deauthorizations_takes_over_from_a_worker_that_died() -> None:
    make_revocation(next_attempt_at=NOW + SENDING_LASTS_AT_MOST, sending_since=NOW, attempts=1)

    revoked = send_deauthorizations(login=Answering(), now=NOW + SENDING_LASTS_AT_MOST)

    assert revoked == 1


def test_send_deauthorizations_that_a_link_overtook_on_the_way_stays_overtaken() -> None:
    """After three minutes a link no longer waits for a worker; that worker may yet come back."""
    deauthorization = make_revocation()
    overtaking = Answering(overtake=deauthorization)

    send_deauthorizations(login=overtaking, now=NOW)

    deauthorization.refresh_from_db()
    assert deauthorization.outcome == "OVERTAKEN"


@pytest.mark.django_db(transaction=True)
def test_send_deauthorizations_by_two_workers_tells_kick_once() -> None:
    for _ in range(6):
        make_revocation()
    counting = Answering()

    revoked = at_once([lambda: send_deauthorizations(login=counting, now=NOW)] * 3)

    assert sum(revoked) + Deauthorization.objects.filter(outcome="PENDING").count() == 6
    assert counting.calls == sum(revoked)


@pytest.mark.parametrize(
    "fields",
    [
        {"outcome": "REVOKED"},
        {"next_attempt_at": None},
        {"ended_at": NOW},
        {"outcome": "REVOKED", "next_attempt_at": None, "ended_at": NOW, "sending_since": NOW},
    ],
)
def test_revocation_is_due_or_ended(fields: dict[str, object]) -> None:
    deauthorization = make_revocation()

    with pytest.raises(IntegrityError), transaction.atomic():
        Deauthorization.objects.filter(pk=deauthorization.pk).update(**fields)


class Answering(PlatformLogin):
    """A platform's answer to a revocation, and a look at our side while it's on its way."""

    platform = "kick"

    def __init__(
        self,
        error: PlatformError | None = None,
        *,
        look_at: Deauthorization | None = None,
        overtake: Deauthorization | None = None,
        meet_another_worker: bool = False,
    ) -> None:
        self.error, self.look_at, self.overtake = error, look_at, overtake
        self.meet_another_worker = meet_another_worker
        self.calls = 0
        self.seen_sending_since: datetime | None = None
        self.was_in_transaction = False

    def revoke(self, refresh_token: str) -> None:
        self.calls += 1
        # The test itself is one transaction; what counts is whether another lies within it.
        self.was_in_transaction = len(connection.savepoint_ids) > 1
        if self.look_at:
            row = Deauthorization.objects.get(pk=self.look_at.pk)
            self.seen_sending_since = row.sending_since
        if self.meet_another_worker:
            self.meet_another_worker = False
            send_deauthorizations(login=self, now=NOW)
        if self.overtake:
            Deauthorization.objects.filter(pk=self.overtake.pk).update(
                outcome="OVERTAKEN",
                next_attempt_at=None,
                ended_at=NOW,
                sending_since=None,
                encrypted_refresh_token=b"",
            )
        if self.error:
            raise self.error
