from datetime import timedelta
from io import StringIO

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from accounts.models import Authorization, Deauthorization, LinkAttempt
from accounts.token_rotation import rotate_stored_tokens
from accounts.tokens import UnreadableToken, decrypt, encrypt
from tests.factories import NOW, make_account, make_player


def test_decrypt_gives_what_was_encrypted() -> None:
    token = encrypt("a-refresh-token")

    assert b"a-refresh-token" not in token
    assert decrypt(memoryview(token)) == "a-refresh-token"


def test_decrypt_with_an_older_key(settings: Settings) -> None:
    token = encrypt("a-refresh-token")

    settings.TOKEN_KEYS = [Fernet.generate_key().decode(), *settings.TOKEN_KEYS]

    assert decrypt(token) == "a-refresh-token"


def test_decrypt_without_its_key_names_the_setting(settings: Settings) -> None:
    token = encrypt("a-refresh-token")
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(UnreadableToken, match="TOKEN_KEYS"):
        decrypt(token)


def test_make_token_key_prints_a_key() -> None:
    printed = StringIO()

    call_command("make_token_key", stdout=printed)

    Fernet(printed.getvalue().strip())


@pytest.mark.django_db
def test_rotate_token_keys_makes_the_old_key_needless(settings: Settings) -> None:
    old_keys = settings.TOKEN_KEYS
    for number in range(5):
        _keep_tokens(f"token-{number}")
    new_key = Fernet.generate_key().decode()
    settings.TOKEN_KEYS = [new_key, *old_keys]

    rotation = rotate_stored_tokens(batch_size=2)

    settings.TOKEN_KEYS = [new_key]
    authorizations = {
        decrypt(authorization.encrypted_refresh_token)
        for authorization in Authorization.objects.all()
    }
    assert (rotation.reencrypted, rotation.unreadable) == (15, 0)
    assert authorizations == {f"token-{number}" for number in range(5)}
    assert decrypt(Deauthorization.objects.earliest("pk").encrypted_refresh_token) == "token-0"
    assert decrypt(LinkAttempt.objects.get(state_digest="token-0").encrypted_verifier) == "token-0"


@pytest.mark.django_db
def test_rotate_token_keys_leaves_emptied_tokens(settings: Settings) -> None:
    _keep_tokens("a-token")
    Deauthorization.objects.update(
        outcome="REVOKED", encrypted_refresh_token=b"", next_attempt_at=None, ended_at=NOW
    )

    rotation = rotate_stored_tokens()

    assert rotation.reencrypted == 2
    assert bytes(Deauthorization.objects.get().encrypted_refresh_token) == b""


@pytest.mark.django_db
def test_rotate_token_keys_reports_what_no_key_reads(settings: Settings) -> None:
    _keep_tokens("a-token")
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    with pytest.raises(
        CommandError, match="3 tokens can't be decrypted with any key in TOKEN_KEYS"
    ):
        call_command("rotate_token_keys", stdout=StringIO())


def _keep_tokens(token: str) -> None:
    account = make_account()
    Authorization.objects.create(
        account=account,
        encrypted_refresh_token=encrypt(token),
        scope="user:read",
        authorized_at=NOW,
        obtained_at=NOW,
        next_refresh_at=NOW,
    )
    Deauthorization.objects.create(
        account=account,
        encrypted_refresh_token=encrypt(token),
        created_at=NOW,
        next_attempt_at=NOW,
    )
    LinkAttempt.objects.create(
        state_digest=token,
        session_digest="a-session",
        player=make_player(),
        encrypted_verifier=encrypt(token),
        expires_at=NOW + timedelta(minutes=10),
    )
