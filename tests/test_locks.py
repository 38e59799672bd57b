"""The lock files are in step with pyproject.toml, as far as one can tell without an index."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

REPOSITORY = Path(__file__).parent.parent
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)", re.MULTILINE)
CURE = "run `make lock`"


def test_runtime_lock_is_in_step_with_pyproject() -> None:
    asked = {*_project()["dependencies"]}
    asked.update(*_project()["optional-dependencies"].values())

    assert list(_unmet(asked, _pins("requirements.lock"))) == [], CURE


def test_development_lock_is_in_step_with_pyproject() -> None:
    asked = set().union(*_pyproject()["dependency-groups"].values())

    assert list(_unmet(asked, _pins("requirements-dev.lock"))) == [], CURE


def test_development_lock_holds_the_runtime_lock() -> None:
    runtime, development = _pins("requirements.lock"), _pins("requirements-dev.lock")

    assert runtime.items() <= development.items(), CURE


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_has_hashes_and_no_address(name: str) -> None:
    text = (REPOSITORY / name).read_text()

    without_hash = [pin for pin in re.split(r"\n(?=\S)", text) if "--hash=sha256:" not in pin]

    assert (without_hash, "://" in text) == ([], False)


def _unmet(asked: set[str], pins: dict[str, str]) -> Iterator[str]:
    for text in sorted(asked):
        requirement = Requirement(text)
        pinned = pins.get(canonicalize_name(requirement.name), "")
        if not pinned or not requirement.specifier.contains(pinned, prereleases=True):
            yield f"{text} (locked: {pinned or 'nothing'})"


def _pins(name: str) -> dict[str, str]:
    text = (REPOSITORY / name).read_text()
    return {canonicalize_name(found["name"]): found["version"] for found in PIN.finditer(text)}


def _pyproject() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())


def _project() -> dict:
    return _pyproject()["project"]
