"""Too many failed logins lock a user name from an address, and nobody and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from claims.desk.admin.login import PASSWORD_CHECKS
from claims.desk.staff_logins import (
    FAILURES_ALLOWED,
    FAILURES_OF_AN_ADDRESS,
    KEPT_FOR,
    LOCKED_FOR,
    locked_until,
    note_failure,
)
from claims.models import AuditEvent, FailedLogin
from core.client_address import network_of
from tests.factories import NOW

pytestmark = pytest.mark.django_db

ADA = {"user_name": "ada", "address": "10.0.0.1"}


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="right", is_staff=True)


def log_in(password: str, *, user: str = "ada", **extra: str) -> Any:
    return Client().post("/admin/login/", {"username": user, "password": password}, **extra)


def fail(times: int, **who: str) -> None:
    for _ in range(times):
        note_failure(**{**ADA, **who}, now=NOW)


def test_locked_after_too_many_failures_and_free_after_a_while() -> None:
    fail(FAILURES_ALLOWED - 1)
    before = locked_until(**ADA, now=NOW)
    fail(1)

    assert before is None
    assert locked_until(**ADA, now=NOW) == NOW + LOCKED_FOR
    assert locked_until(**ADA, now=NOW + LOCKED_FOR) is None


def test_lock_is_of_this_user_from_this_address_alone() -> None:
    fail(FAILURES_ALLOWED)

    assert locked_until(user_name="ada", address="10.0.0.2", now=NOW) is None
    assert locked_until(user_name="bo", address="10.0.0.1", now=NOW) is None


def test_failures_of_long_ago_do_not_count() -> None:
    fail(FAILURES_ALLOWED)
    later = NOW + LOCKED_FOR

    assert note_failure(**ADA, now=later) == 1
    assert locked_until(**ADA, now=later) is None


def test_old_rows_are_cleared_away() -> None:
    fail(1, user_name="somebody")

    note_failure(**ADA, now=NOW + KEPT_FOR + timedelta(seconds=1))

    assert FailedLogin.objects.get().user_name == "ada"


def test_right_password_is_refused_while_locked(ada: User) -> None:
    for _ in range(FAILURES_ALLOWED):
        answer = log_in("wrong")

    locked = log_in("right")

    assert "Too many failed logins. Try again in 15 minutes." in answer.content.decode()
    assert locked.status_code == 200
    assert "Too many failed logins" in locked.content.decode()
    assert log_in("right", REMOTE_ADDR="10.9.9.9").status_code == 302


def test_success_forgets_the_failures(ada: User) -> None:
    log_in("wrong")

    assert log_in("right").status_code == 302
    assert not FailedLogin.objects.exists()


def test_name_that_nobody_has_is_locked_just_so() -> None:
    for _ in range(FAILURES_ALLOWED):
        answer = log_in("wrong", user="nobody")

    assert "Too many failed logins" in answer.content.decode()


def test_many_failures_under_many_names_lock_the_address() -> None:
    for number in range(FAILURES_OF_AN_ADDRESS):
        fail(1, user_name=f"guess-{number}")

    assert locked_until(**{**ADA, "user_name": "new"}, now=NOW) == NOW + LOCKED_FOR
    assert locked_until(user_name="new", address="10.0.0.2", now=NOW) is None
    assert locked_until(**{**ADA, "user_name": "new"}, now=NOW + LOCKED_FOR) is None


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9", "203.0.113.9"),
        ("unknown", "unknown"),
    ],
)
def test_addresses_of_one_ipv6_network_count_together(address: str, network: str) -> None:
    assert network_of(address) == network


def test_one_password_is_checked_at_a_time(ada: User) -> None:
    with PASSWORD_CHECKS.taken():
        refused = log_in("right")

    assert "Too many people are logging in" in refused.content.decode()
    assert not FailedLogin.objects.exists()
    assert log_in("right").status_code == 302


def test_staff_session_ends_after_twelve_hours_even_in_a_player_s_browser(
    ada: User, settings: Any
) -> None:
    settings.DEBUG = True
    client = Client()
    client.post("/link/login/callback", {"name": "nova"})
    as_player = client.session.get_expiry_age()

    client.post("/admin/login/", {"username": "ada", "password": "right"})
    as_staff = client.session.get_expiry_age()
    client.post("/link/login/callback", {"name": "nova"})

    twelve_hours = 12 * 60 * 60
    assert as_player == 14 * 24 * 60 * 60
    assert (as_staff, client.session.get_expiry_age()) == (twelve_hours, twelve_hours)


def test_address_is_the_last_proxys_word_alone(ada: User, settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

    log_in("wrong", HTTP_X_FORWARDED_FOR="1.1.1.1, 203.0.113.9")

    assert FailedLogin.objects.get().address == "203.0.113.9"


def test_header_is_not_believed_without_a_proxy(ada: User) -> None:
    log_in("wrong", HTTP_X_FORWARDED_FOR="203.0.113.9")

    assert FailedLogin.objects.get().address == "127.0.0.1"


def test_login_is_audited(ada: User) -> None:
    log_in("right")

    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.after) == ("LOGIN", "ada", {"address": "127.0.0.1"})


def test_change_of_one_s_own_password_is_audited(ada: User) -> None:
    client = Client()
    client.force_login(ada)
    form = {"old_password": "right", "new_password1": "a-long-sentence"}

    client.post("/admin/password_change/", form | {"new_password2": "another-sentence"})
    before = AuditEvent.objects.count()
    client.post("/admin/password_change/", form | {"new_password2": "a-long-sentence"})

    assert before == 0
    assert (AuditEvent.objects.get().action, AuditEvent.objects.get().actor) == ("PASSWORD", "ada")
    ada.refresh_from_db()
    assert ada.check_password("a-long-sentence")


@pytest.mark.parametrize("password", ["ops1ops1ops", "alllowercas"])
def test_short_password_is_refused(ada: User, password: str) -> None:
    client = Client()
    client.force_login(ada)
    form = {"old_password": "right", "new_password1": password, "new_password2": password}

    client.post("/admin/password_change/", form)

    ada.refresh_from_db()
    assert ada.check_password("right")
