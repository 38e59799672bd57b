"""Each error of Kick's client becomes the platform error that callers react to."""

import pytest

from core.platform_errors import (
    PlatformError,
    PlatformMalformed,
    PlatformRefused,
    PlatformUnauthorized,
    PlatformUnavailable,
)
from platforms.kick.errors import platform_errors
from platforms.kick.protocol.errors import (
    KickError,
    KickMalformed,
    KickRejected,
    KickUnauthorized,
    KickUnavailable,
)


@pytest.mark.parametrize(
    ("error", "becomes", "fields"),
    [
        (KickUnavailable("busy"), PlatformUnavailable, {"retry_after": None}),
        (KickUnavailable("busy", retry_after=7.5), PlatformUnavailable, {"retry_after": 7.5}),
        (KickUnauthorized("no", error="invalid_client"), PlatformUnauthorized, {}),
        (
            KickRejected("no", status=400, error="invalid_grant"),
            PlatformRefused,
            {"status": 400, "code": "invalid_grant"},
        ),
        (KickRejected("no", status=403), PlatformRefused, {"status": 403, "code": ""}),
        (KickMalformed("not JSON"), PlatformMalformed, {}),
    ],
    ids=repr,
)
def test_kick_error_becomes_a_platform_error(
    error: KickError, becomes: type[PlatformError], fields: dict[str, object]
) -> None:
    with pytest.raises(PlatformError) as translated, platform_errors():
        raise error

    assert type(translated.value) is becomes
    assert str(translated.value) == str(error)
    assert {name: getattr(translated.value, name) for name in fields} == fields
    assert translated.value.__cause__ is error


def test_every_kick_error_is_translated() -> None:
    assert set(KickError.__subclasses__()) == {
        KickUnavailable,
        KickUnauthorized,
        KickRejected,
        KickMalformed,
    }


def test_other_errors_pass_through() -> None:
    with pytest.raises(ZeroDivisionError), platform_errors():
        raise ZeroDivisionError
