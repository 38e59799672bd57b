"""What a test session stands on: its own environment, its own database, no network.

A pytest plugin, named in pyproject.toml, because the database has to be there before Django's
settings are read. `TEST_DATABASE` chooses the engine: `postgresql` (default) or `sqlite`.
"""

import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.chromium import find_chromium
from tests.engines import ENGINES, ONLY_ON, only_leg
from tests.postgres import NoPostgres, throwaway_cluster

# A test that asks for none of these, and isn't marked django_db, gets the marker `no_database`.
DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "django_db_setup"}
# Settings of the developer's own shell that a test must not see.
FOREIGN_PREFIXES = ("KICK_", "OIDC_", "DATABASE_", "CELERY_", "SECRET_", "TOKEN_", "METRICS_")
FOREIGN_NAMES = ("DEBUG", "PUBLIC_URL", "ALLOWED_HOSTS", "GAME_LOGIN", "GAME_NAME", "SUPPORT_URL")
FOREIGN_NAMES += (
    "RUNS_KEPT_DAYS",
    "DELIVERIES_KEPT_DAYS",
    "LOGIN_ORIGINS",
    "BEHIND_TLS_PROXY",
    "LOG_FORMAT",
    "PROMETHEUS_MULTIPROC_DIR",
)

_resources = ExitStack()
_missing: list[str] = []
_var_dir = pytest.StashKey[Path]()


def report_missing(what: str) -> None:
    """Say loudly that a part of the suite cannot run here; with CI set, that is a failure."""
    if os.environ.get("CI"):
        raise pytest.UsageError(f"CI is set, and {what}")
    _missing.append(what)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--as-leg",
        action="store_true",
        help="deselect the tests that `make test` runs on the other database's leg",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    for name in list(os.environ):
        if name.startswith(FOREIGN_PREFIXES) or name in FOREIGN_NAMES:
            del os.environ[name]
    directory = _resources.enter_context(tempfile.TemporaryDirectory(prefix="drops-tests-"))
    early_config.stash[_var_dir] = Path(directory)
    os.environ["VAR_DIR"] = directory
    if not _is_only_listing(early_config):
        os.environ["DATABASE_URL"] = _database_url(Path(directory))
    return (yield)


def _is_only_listing(config: pytest.Config) -> bool:
    options = config.known_args_namespace
    return bool(options.help or options.version or getattr(options, "collectonly", False))


def _database_url(var_dir: Path) -> str:
    engine = asked_engine()
    if engine not in ENGINES:
        raise pytest.UsageError(f"TEST_DATABASE={engine!r} is not one of {', '.join(ENGINES)}.")
    if engine == "postgresql":
        try:
            return _resources.enter_context(throwaway_cluster())
        except NoPostgres as error:
            report_missing(f"no PostgreSQL can be started, so SQLite is tested instead: {error}")
    return f"sqlite:///{var_dir / 'tests.sqlite3'}"


def asked_engine() -> str:
    """The engine that TEST_DATABASE names. Where PostgreSQL can't be started, SQLite is used."""
    return os.environ.get("TEST_DATABASE", "postgresql")


def pytest_report_header(config: pytest.Config) -> list[str]:
    from django.conf import settings

    if not settings.configured:
        return []
    engine = settings.DATABASES["default"]["ENGINE"].rpartition(".")[2]
    races = os.environ.get("RACES", "0.1")
    lines = [f"database: {engine}, races at {races} of their full number"]
    if config.getoption("as_leg"):
        others = [marker for marker, leg in ONLY_ON.items() if leg != asked_engine()]
        lines.append(f"leg: {asked_engine()}; the other leg runs tests marked {', '.join(others)}")
    return lines


@pytest.hookimpl(tryfirst=True)  # before `-m` selects by the markers that this adds
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if not _uses_database(item):
            item.add_marker("no_database")
    if config.getoption("as_leg"):
        _leave_to_the_other_leg(config, items)
    _skip_without_chromium(items)


def _uses_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return bool(item.get_closest_marker("django_db") or DATABASE_FIXTURES.intersection(fixtures))


def _leave_to_the_other_leg(config: pytest.Config, items: list[pytest.Item]) -> None:
    markers = {item: {marker.name for marker in item.iter_markers()} for item in items}
    left = {item for item in items if only_leg(markers[item]) not in (None, asked_engine())}
    config.hook.pytest_deselected(items=[item for item in items if item in left])
    items[:] = [item for item in items if item not in left]


def _skip_without_chromium(items: list[pytest.Item]) -> None:
    in_chromium = [item for item in items if item.get_closest_marker("chromium")]
    if not in_chromium or find_chromium():
        return
    report_missing(
        f"there is no Chromium for {len(in_chromium)} tests: install it from the distribution, or"
        " name it in CHROMIUM"
    )
    for item in in_chromium:
        item.add_marker(pytest.mark.skip(reason="there is no Chromium on this machine"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if not item.get_closest_marker("postgresql"):
        return
    from django.db import connection

    if connection.vendor != "postgresql":
        pytest.skip("holds on PostgreSQL alone, and this leg runs on SQLite")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for what in _missing:
        terminalreporter.section("NOT EVERYTHING WAS TESTED", sep="!", red=True, bold=True)
        terminalreporter.write_line(what)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    _resources.close()
