"""The import contracts in pyproject.toml cover every module; test modules share by helpers only."""

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


def _modules(package: str) -> set[str]:
    names = {
        path.stem
        for path in (REPOSITORY / package).iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    return {f"{package}.{name}" for name in names - WITHOUT_LAYER - {"__init__"}}
