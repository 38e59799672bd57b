"""Control calls for health, faults, the signing key, the clock and a reset."""

from django.apps import apps
from django.db import connection, transaction
from django.http import HttpRequest

from .. import clock, ulid
from ..faults import order_faults, ordered_faults
from ..json_fields import read_fields, read_json
from ..keys import public_key_pem, rotate_key
from ..models import SigningKey
from .endpoint import Answer


def get_healthz(_request: HttpRequest) -> Answer:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return {"status": "ok"}


def get_faults(_request: HttpRequest) -> Answer:
    return ordered_faults()


def put_faults(request: HttpRequest) -> Answer:
    return order_faults(read_json(request.body))


def delete_faults(_request: HttpRequest) -> Answer:
    return order_faults({})


def post_rotate_key(_request: HttpRequest) -> Answer:
    return {"public_key": rotate_key()}


def get_clock(_request: HttpRequest) -> Answer:
    return {"now": clock.now().isoformat()}


def post_clock(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known="advance_seconds")
    return {"now": clock.advance(seconds=fields.number("advance_seconds")).isoformat()}


def post_reset(_request: HttpRequest) -> Answer:
    """Delete everything except for the signing key, which other programs have cached."""
    with transaction.atomic(), connection.cursor() as cursor:
        for model in apps.get_app_config("local_kick").get_models(include_auto_created=True):
            if model is not SigningKey:
                cursor.execute(f'DELETE FROM "{model._meta.db_table}"')  # noqa: S608
    ulid.start_anew()
    return {"public_key": public_key_pem()}
