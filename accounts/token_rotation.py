"""Re-encrypt every stored token with the newest of `TOKEN_KEYS`."""

from dataclasses import dataclass

from django.db import models

from accounts.models import Authorization, Deauthorization, LinkAttempt
from accounts.tokens import UnreadableToken, reencrypt

BATCH_SIZE = 500

ENCRYPTED_FIELDS: tuple[tuple[type[models.Model], str], ...] = (
    (Authorization, "encrypted_refresh_token"),
    (Authorization, "encrypted_access_token"),
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
        stored = model._default_manager.exclude(**{field: b""}).order_by("pk")
        tokens = stored.values_list("pk", field)
        batch = list(tokens[:batch_size])
        while batch:
            for pk, token in batch:
                _rotate_one(model, field, pk, token, rotation)
            batch = list(tokens.filter(pk__gt=batch[-1][0])[:batch_size])
    return rotation


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
