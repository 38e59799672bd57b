"""`migrate` beside running processes: it waits for no lock for long, and isn't cut off."""

import threading
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models.signals import pre_migrate

from studio_drops.management.commands import migrate

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]


def show(setting: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {setting}")
        return cursor.fetchone()[0]


def test_migrate_has_no_statement_timeout_and_a_short_lock_timeout() -> None:
    before, during = (show("statement_timeout"), show("lock_timeout")), []

    def note(**_: Any) -> None:
        during.append((show("statement_timeout"), show("lock_timeout")))

    pre_migrate.connect(note)
    try:
        call_command("migrate", verbosity=0)
    finally:
        pre_migrate.disconnect(note)

    assert set(during) == {("0", "5s")}
    assert (show("statement_timeout"), show("lock_timeout")) == before
    assert before[0] != "0"


def test_migrate_gives_up_on_a_locked_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "200ms")
    is_locked, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
            is_locked.set()
            may_end.wait(timeout=30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert is_locked.wait(timeout=30)
        with pytest.raises(CommandError, match="Run migrate again"):
            call_command("migrate", verbosity=0)
    finally:
        may_end.set()
        holder.join()

    call_command("migrate", verbosity=0)
