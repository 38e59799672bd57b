"""Re-encrypt every stored token with the newest of `TOKEN_KEYS`."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models

from accounts.models import Authorization, Deauthorization, LinkAttempt
from accounts.tokens import UnreadableToken, reencrypt

BATCH_SIZE = 500

ENCRYPTED_FIELDS: tuple[tuple[type[models.Model], str], ...] = (
    (Authorization, "encrypted_refresh_token"),
    (Deauthorization, "encrypted_refresh_token"),
    (LinkAttempt, "encrypted_verifier"),
)


@dataclass(slots=True)
class Rotation:
    reencrypted: int = 0
    unreadable: int = 0


def rotate_stored_tokens(*, batch_size: int = BATCH_SIZE) -> Rotation:
    """Re-encrypt every stored token. Safe to repeat and to interrupt."""
    rotation = Rotation()
    for model, field in ENCRYPTED_FIELDS:
        for pk, token in _each_token(model, field, batch_size):
            _rotate_one(model, field, pk, token, rotation)
    return rotation


def _each_token(
    model: type[models.Model], field: str, batch_size: int
) -> Iterator[tuple[object, bytes]]:
    rows = model._default_manager.exclude(**{field: b""}).order_by("pk").values_list("pk", field)
    batch = list(rows[:batch_size])
    while batch:
        yield from batch
        batch = list(rows.filter(pk__gt=batch[-1][0])[:batch_size])


def _rotate_one(
    model: type[models.Model], field: str, pk: object, token: bytes, rotation: Rotation
) -> None:
    try:
        renewed = reencrypt(token)
    except UnreadableToken:
        rotation.unreadable += 1
        return
    # If the token was replaced in the meantime, it already uses the newest key.
    unchanged = model._default_manager.filter(**{"pk": pk, field: token})
    rotation.reencrypted += unchanged.update(**{field: renewed})
