"""Settings are read at import, so each case is a process with an environment of its own."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from local.demo.environment import neutral_surroundings
from tests import setting_names
from tests.production_settings import NEEDED, PRODUCTION

REPOSITORY = Path(__file__).parents[2]


def test_configuration_page_names_each_variable_and_no_other() -> None:
    page = (REPOSITORY / "docs/operators/configuration.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z_]+)`( \*)? \|", page, re.MULTILINE))

    plain = {(name, "") for name in setting_names.PLAIN}
    secret = {(name, " *") for name in setting_names.SECRET}

    assert documented == plain | secret


def test_production_is_accepted_when_all_is_set(tmp_path: Path) -> None:
    assert _faults(tmp_path, PRODUCTION) == ""


def test_production_names_all_that_is_missing_at_once(tmp_path: Path) -> None:
    faults = _faults(tmp_path, {"DEBUG": "0"})

    assert {name for name in NEEDED if name not in faults} == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "development-only-and-refused-when-DEBUG-is-off-0123456789"),
        ("SECRET_KEY", "a" * 50),
        ("SUPPORT_URL", "javascript:alert(1)"),
        ("KICK_INVENTORY_URL", "javascript:alert(1)"),
        ("LOGIN_ORIGINS", "*"),
        ("LOGIN_ORIGINS", "https://a.example; script-src *"),
        ("METRICS_TOKEN", "x-short"),
        ("KICK_CLIENT_SECRET", "development-only"),
        ("ALLOWED_HOSTS", "elsewhere.example.com"),
        ("KICK_REQUESTS_PER_MINUTE", "5"),
        ("ALLOWED_HOSTS", "*"),
        ("PUBLIC_URL", "http://drops.example.com"),
        ("TOKEN_KEYS", "ZGV2ZWxvcG1lbnQtb25seS1yZWZ1c2VkLWVsc2V3aGU="),
        ("TOKEN_KEYS", "not-a-key"),
        ("KICK_ID_URL", "http://localhost:8100"),
        ("KICK_API_URL", "http://localhost:8100"),
        ("GAME_LOGIN", "accounts.game_logins.demo.DemoLogin"),
        ("OIDC_ISSUER", "http://login.example.com"),
    ],
)
def test_production_refuses(tmp_path: Path, name: str, value: str) -> None:
    faults = _faults(tmp_path, PRODUCTION | {name: value})

    assert len(re.findall(r"^- ", faults, re.MULTILINE)) == 1
    assert re.search(rf"^- .*\b{name}\b", faults, re.MULTILINE)
    assert value not in faults


def test_debug_is_refused_for_a_public_address(tmp_path: Path) -> None:
    environment = {name: value for name, value in PRODUCTION.items() if name != "DEBUG"}

    faults = _faults(tmp_path, environment)

    assert re.findall(r"^- (\w+)", faults, re.MULTILINE) == ["DEBUG"]


@pytest.mark.parametrize("blank", ["", "  "])
def test_production_refuses_a_blank_game_name(tmp_path: Path, blank: str) -> None:
    faults = _faults(tmp_path, PRODUCTION | {"GAME_NAME": blank})

    assert re.findall(r"^- (\w+)", faults, re.MULTILINE) == ["GAME_NAME"]


def test_production_refuses_an_unset_game_name(tmp_path: Path) -> None:
    environment = {name: value for name, value in PRODUCTION.items() if name != "GAME_NAME"}

    faults = _faults(tmp_path, environment)

    assert re.findall(r"^- (\w+)", faults, re.MULTILINE) == ["GAME_NAME"]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_STATEMENT_TIMEOUT_MS", "soon", "is 'soon': expected a whole number"),
        ("DATABASE_STATEMENT_TIMEOUT_MS", "", "is '': expected a whole number"),
        ("LOG_LEVEL", "LOUD", "is 'LOUD': expected DEBUG or INFO"),
        ("LOG_FORMAT", "xml", "is 'xml': expected text or json"),
        ("DATABASE_URL", "a-password", "expected postgres://"),
        ("SECRET_KEY_FILE", "/not/there", "can't be read"),
    ],
)
def test_malformed_is_named(tmp_path: Path, name: str, value: str, expected: str) -> None:
    said = _run(tmp_path, {name: value}, "").stderr.strip().splitlines()[-1]

    assert name in said
    assert expected in said
    assert "a-password" not in said


def test_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(PRODUCTION["SECRET_KEY"] + "\n")
    environment = PRODUCTION | {"SECRET_KEY_FILE": str(file)}
    del environment["SECRET_KEY"]

    assert _faults(tmp_path, environment) == ""


def test_debug_answers_loopback_alone(tmp_path: Path) -> None:
    hosts = _run(tmp_path, {"ALLOWED_HOSTS": "*"}, "print(settings.ALLOWED_HOSTS)").stdout

    assert hosts.strip() == "['localhost', '127.0.0.1', '[::1]']"


def _faults(var_dir: Path, environment: dict[str, str]) -> str:
    return _run(var_dir, environment, "").stderr.partition("Invalid configuration.")[2]


def _run(
    var_dir: Path, environment: dict[str, str], program: str
) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, "-c", f"import studio_drops.settings as settings\n{program}"],
        cwd=REPOSITORY,
        env=neutral_surroundings() | {"VAR_DIR": str(var_dir)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0 or "ImproperlyConfigured" in done.stderr
    return done
