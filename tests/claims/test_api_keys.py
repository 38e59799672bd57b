import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

from claims.api_keys import find_api_key, make_api_key, revoke_api_keys, touch_api_key
from claims.models import ApiKey
from tests.factories import NOW

pytestmark = pytest.mark.django_db

SECRET_SHAPE = r"sd_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43}"


def test_make_api_key_shape_and_storage():
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)

    assert re.fullmatch(SECRET_SHAPE, secret)
    assert secret.startswith(f"sd_{api_key.prefix}_")
    stored = ApiKey.objects.filter(pk=api_key.pk).values().get()
    assert secret not in str(stored)
    assert secret[12:] not in str(stored)


def test_make_api_key_categories_drop_blanks_and_repeats():
    api_key, _ = make_api_key(name="lobby", categories=[" Rust ", "", "Rust", "Chess"], now=NOW)

    assert api_key.categories == ["Rust", "Chess"]


def test_find_api_key_by_its_secret():
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)
    make_api_key(name="other", categories=[], now=NOW)

    assert find_api_key(secret, now=NOW) == api_key


@pytest.mark.parametrize("spoil", [str.lower, str.upper, lambda s: s[:-1], lambda s: s + "\udcff"])
def test_find_api_key_unknown(spoil):
    _, secret = make_api_key(name="lobby", categories=[], now=NOW)

    assert find_api_key(spoil(secret), now=NOW) is None


def test_find_api_key_revoked():
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)

    assert revoke_api_keys(api_key_ids=[api_key.pk], now=NOW) == 1
    assert revoke_api_keys(api_key_ids=[api_key.pk], now=NOW + timedelta(days=1)) == 0
    assert find_api_key(secret, now=NOW) is None
    api_key.refresh_from_db()
    assert api_key.revoked_at == NOW


def test_revoke_api_key_later():
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)
    ends_at = NOW + timedelta(hours=24)

    assert revoke_api_keys(api_key_ids=[api_key.pk], now=ends_at) == 1

    assert find_api_key(secret, now=ends_at - timedelta(seconds=1)) == api_key
    assert find_api_key(secret, now=ends_at) is None
    assert list(ApiKey.objects.active(now=NOW)) == [api_key]
    assert not ApiKey.objects.active(now=ends_at).exists()


def test_revoke_api_key_that_ends_later():
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)
    revoke_api_keys(api_key_ids=[api_key.pk], now=NOW + timedelta(hours=24))

    assert revoke_api_keys(api_key_ids=[api_key.pk], now=NOW) == 1

    assert find_api_key(secret, now=NOW) is None


@pytest.mark.parametrize(
    ("seconds_later", "is_written", "statements"), [(59, False, 0), (60, True, 1), (3600, True, 1)]
)
def test_touch_api_key_at_most_once_a_minute(
    seconds_later, is_written, statements, django_assert_num_queries
):
    api_key, secret = make_api_key(name="lobby", categories=[], now=NOW)
    touch_api_key(api_key=api_key, now=NOW)
    later = NOW + timedelta(seconds=seconds_later)
    api_key = find_api_key(secret, now=NOW)

    with django_assert_num_queries(statements):
        touch_api_key(api_key=api_key, now=later)

    api_key.refresh_from_db()
    assert api_key.last_used_at == (later if is_written else NOW)


def test_touch_api_key_that_another_request_touched_meanwhile():
    api_key, _ = make_api_key(name="lobby", categories=[], now=NOW)
    ApiKey.objects.update(last_used_at=NOW + timedelta(seconds=5))

    touch_api_key(api_key=api_key, now=NOW + timedelta(seconds=1))

    api_key.refresh_from_db()
    assert api_key.last_used_at == NOW + timedelta(seconds=5)


def test_make_api_key_command_prints_the_secret_alone():
    printed = StringIO()

    call_command("make_api_key", "lobby", "--category", "Rust", stdout=printed)

    secret = printed.getvalue().strip()
    assert re.fullmatch(SECRET_SHAPE, secret)
    assert find_api_key(secret, now=NOW).categories == ["Rust"]
