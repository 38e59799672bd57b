"""Deletes the local Kick's data."""

from django.apps import apps
from django.db import connection, transaction

from .models import SigningKey


@transaction.atomic
def forget_everything() -> None:
    """Delete everything except for the signing key, which other programs have cached."""
    with connection.cursor() as cursor:
        for model in apps.get_app_config("local_kick").get_models(include_auto_created=True):
            if model is not SigningKey:
                cursor.execute(f'DELETE FROM "{model._meta.db_table}"')  # noqa: S608
