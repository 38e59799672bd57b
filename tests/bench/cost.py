"""What one claim costs: bytes in the tables, their indexes and the log, and time on a core.

The figures of docs/measurements/scaling.md. Linux only: a process's time is read from /proc.
"""

import os
import subprocess
from pathlib import Path

from django.db import connection

from tests.bench.harness import Harness, say
from tests.bench.load import drive
from tests.bench.rows import forget_claims

TABLES = ("claims_claim", "claims_entitlement", "accounts_platformaccount", "accounts_player")
CONNECTIONS = 8
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def run(harness: Harness) -> int:
    harness.warm_up(harness.product)
    forget_claims()
    _checkpoint()  # the first change to a page after one writes the whole page to the log
    web, database = _web_pids(harness), _database_pids()
    before = _log_position(), _seconds(web), _seconds(database)
    say(f"delivering {len(harness.measured_claims):,} claims at {CONNECTIONS} connections")
    measured = drive(harness.product.port, harness.measured_claims, connections=CONNECTIONS).expect(
        200
    )
    after = _log_position(), _seconds(web), _seconds(database)
    claims = len(measured.latencies)
    log, web_time, database_time = (
        (now - then) / claims for now, then in zip(after, before, strict=True)
    )
    print(f"{measured.rate:,.0f} claims a second, with everything on {os.cpu_count()} cores")
    print(f"web: {web_time * 1000:.2f} ms of a core; PostgreSQL: {database_time * 1000:.2f} ms")
    print(f"write-ahead log: {log:,.0f} bytes a claim")
    for table in TABLES:
        _print_size(table)
    return 0


def _print_size(table: str) -> None:
    rows, data, indexes = _fetch(
        f"SELECT count(*), pg_table_size('{table}'), pg_indexes_size('{table}') FROM {table}"
    )
    print(f"{table}: {data / rows:,.0f} bytes a row and {indexes / rows:,.0f} in its indexes")


def _checkpoint() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


def _log_position() -> float:
    (position,) = _fetch("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")
    return float(position)


def _web_pids(harness: Harness) -> list[int]:
    of_master = ["pgrep", "-P", str(harness.product.process.pid)]
    return list(map(int, subprocess.run(of_master, capture_output=True, check=True).stdout.split()))


def _database_pids() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
        return [pid for (pid,) in cursor.fetchall()]


def _seconds(pids: list[int]) -> float:
    """Of processor time that these processes have used so far."""
    return sum(map(_seconds_of_process, pids))


def _seconds_of_process(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:  # a worker of autovacuum, which comes and goes
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND


def _fetch(statement: str) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row: tuple[int, ...] = cursor.fetchone()
        return row
