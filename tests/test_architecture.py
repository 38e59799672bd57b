"""The layers contract covers every module; test modules share by helpers only."""

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent
# Django loads these; no other module imports them.
WITHOUT_LAYER = {"apps", "migrations"}


def test_the_layers_contract_covers_every_package() -> None:
    packages = {path.parent.name for path in REPOSITORY.glob("*/__init__.py")} - {"tests"}

    covered = {name.partition(".")[0] for name in _layered_modules()}

    assert set(_importlinter()["root_packages"]) == covered == packages


@pytest.mark.parametrize("package", ["accounts", "claims"])
def test_every_module_of_a_divided_package_has_its_layer(package: str) -> None:
    """A package whose modules lie in several layers has to name each of them."""
    modules = {
        f"{package}.{path.stem}"
        for path in (REPOSITORY / package).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {f"{package}.{name}" for name in WITHOUT_LAYER | {"__init__"}}

    layered = {name for name in _layered_modules() if name.startswith(f"{package}.")}

    assert modules == layered


def test_local_kick_shares_only_the_protocol_with_the_product() -> None:
    (contract,) = (
        contract
        for contract in _importlinter()["contracts"]
        if contract.get("source_modules") == ["local.kick"]
    )

    assert set(contract["forbidden_modules"]) == _product_without_protocol() | {"local.demo"}


def test_a_protocol_imports_nothing_from_this_project() -> None:
    (contract,) = (
        contract
        for contract in _importlinter()["contracts"]
        if contract.get("source_modules") == ["platforms.kick.protocol"]
    )

    project = _product_without_protocol() | {"local"}

    assert project - set(contract["forbidden_modules"]) == set()


def test_only_one_function_writes_mappings() -> None:
    """Whoever maps a reward must also note when, and grant the claims that waited for it."""
    writes = re.compile(
        r"RewardItem\((?!models\.Model)|RewardItem\.objects|mapping\.(add|set|create|update|clear|remove)\("
        r"|model = RewardItem|\.items\.(add|set|clear|remove)\("
    )

    writers = {
        str(path.relative_to(REPOSITORY))
        for package in _importlinter()["root_packages"]
        for path in (REPOSITORY / package).rglob("*.py")
        if "migrations" not in path.parts and writes.search(path.read_text())
    }

    assert writers == {"claims/mapping.py"}


def test_no_module_imports_a_test_module() -> None:
    importing = [
        f"{path.relative_to(REPOSITORY)}: {line}"
        for path in (REPOSITORY / "tests").rglob("*.py")
        for line in path.read_text().splitlines()
        if re.match(r"\s*(from|import) tests\b.*\b(test_\w+|conftest)\b", line)
    ]

    assert importing == [], "move what they share into a helper module"


def _importlinter() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]


def _layered_modules() -> set[str]:
    (layers,) = (
        contract["layers"]
        for contract in _importlinter()["contracts"]
        if contract["type"] == "layers"
    )
    return set(re.findall(r"[\w.]+", " ".join(layers)))


def _product_without_protocol() -> set[str]:
    """The product's packages; of `platforms` each module but the protocol."""
    packages = set(_importlinter()["root_packages"]) - {"local", "platforms"}
    kick = REPOSITORY / "platforms" / "kick"
    modules = {f"platforms.{path.stem}" for path in kick.parent.glob("*.py")}
    modules |= {f"platforms.kick.{path.stem}" for path in kick.glob("*.py")}
    # Django loads these.
    left_out = {"platforms.__init__", "platforms.kick.__init__"}
    left_out |= {"platforms.kick.apps", "platforms.kick.urls"}
    return packages | modules - left_out
