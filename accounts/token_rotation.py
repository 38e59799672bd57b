"""Re-encrypt every stored secret with the newest of `TOKEN_KEYS`."""

from dataclasses import dataclass

from django.apps import apps
from django.db import models

from accounts.tokens import UnreadableToken, reencrypt

BATCH_SIZE = 500


def encrypted_fields() -> list[tuple[type[models.Model], str]]:
    """Of every model: the binary fields that begin with `encrypted_`."""
    return [
        (model, field.name)
        for model in apps.get_models()
        for field in model._meta.get_fields()
        if isinstance(field, models.BinaryField) and field.name.startswith("encrypted_")
    ]


@dataclass(slots=True)
class Rotation:
    reencrypted: int = 0
    unreadable: int = 0


def rotate_stored_tokens(*, batch_size: int = BATCH_SIZE) -> Rotation:
    """Re-encrypt every stored token. Safe to repeat and to interrupt."""
    rotation = Rotation()
    for model, field in encrypted_fields():
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
