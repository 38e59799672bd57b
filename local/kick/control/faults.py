"""Control calls that read, set and clear faults."""

from django.http import HttpRequest

from ..faults import order_faults, ordered_faults
from ..json_fields import read_json
from .endpoint import Answer, control


def _get_faults(_request: HttpRequest) -> Answer:
    return ordered_faults()


def _put_faults(request: HttpRequest) -> Answer:
    return order_faults(read_json(request.body))


def _delete_faults(_request: HttpRequest) -> Answer:
    return order_faults({})


faults = control(GET=_get_faults, PUT=_put_faults, DELETE=_delete_faults)
