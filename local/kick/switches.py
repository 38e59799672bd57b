"""Settings that the control API changes. They're stored in the database and read on each use."""

from typing import Any

from .models import Switch


def read_switch(name: str, default: Any) -> Any:
    value = Switch.objects.filter(name=name).values_list("value", flat=True).first()
    return default if value is None else value


def write_switch(name: str, value: Any) -> None:
    Switch.objects.update_or_create(name=name, defaults={"value": value})
