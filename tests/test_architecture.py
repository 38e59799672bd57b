"""The import contracts in pyproject.toml cover every module, or a new one would escape them."""

import re
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
# Bottom-most or imported by nobody: they need no place among the layers.
WITHOUT_LAYER = {"apps", "checks", "clocks", "migrations", "templatetags"}


def test_every_module_of_the_apps_has_its_layer() -> None:
    contracts = _importlinter()["contracts"]
    layered = set(re.findall(r"[\w.]+", " ".join(contracts[0]["layers"])))

    missing = (_modules("accounts") | _modules("claims")) - layered

    assert missing == set()


def test_every_module_of_the_project_is_kept_from_the_local_kick() -> None:
    (contract,) = (
        contract
        for contract in _importlinter()["contracts"]
        if contract.get("forbidden_modules") == ["local.kick"]
    )

    missing = _modules("studio_drops") - set(contract["source_modules"])

    assert missing == {"local.kick"}


def _importlinter() -> dict:
    return tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"]


def _modules(package: str) -> set[str]:
    names = {
        path.stem
        for path in (REPOSITORY / package).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    return {f"{package}.{name}" for name in names - WITHOUT_LAYER - {"__init__"}}
