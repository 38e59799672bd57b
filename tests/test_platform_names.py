"""The services and models of `claims` and `accounts` name no platform: not even in a comment."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
PACKAGES = ("accounts", "claims")
# Pages, the API and the desk show a platform to people. A migration stays as it was written.
MAY_NAME_PLATFORMS = {"api", "desk", "management", "migrations", "pages"}
NAMES = re.compile("kick|twitch", re.IGNORECASE)


def _modules() -> list[Path]:
    paths = (path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))
    relative = (path.relative_to(REPOSITORY) for path in paths)
    return sorted(path for path in relative if not MAY_NAME_PLATFORMS.intersection(path.parts))


def test_services_and_models_are_found() -> None:
    found = {path.as_posix() for path in _modules()}

    assert found >= {"accounts/models.py", "claims/ledger.py", "claims/models/ledger.py"}


@pytest.mark.parametrize("module", _modules(), ids=str)
def test_no_service_or_model_names_a_platform(module: Path) -> None:
    lines = (REPOSITORY / module).read_text().splitlines()

    named = [f"{module}:{number}" for number, line in enumerate(lines, 1) if NAMES.search(line)]

    assert named == []
