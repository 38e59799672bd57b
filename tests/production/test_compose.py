"""The container's files against the Compose specification, the settings, and each other."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from local.demo.environment import neutral_surroundings
from tests import setting_names
from tests.production.container_files import (
    LONG_RUNNING,
    REPOSITORY,
    SERVICES,
    build_step,
    command_of,
    compose_file,
    env_example,
    environment_of,
    health_check_of,
    image_environment,
    image_user,
    interpolated_names,
    optional_names,
)
from tests.production.filled_in import filled_in, generated
from tests.production_settings import NEEDED

OF_PYTHON = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}


def test_compose_file_keeps_to_the_specification() -> None:
    schema = ("--builtin-schema", "vendor.compose-spec")

    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, "docker-compose.yml"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout


def test_each_variable_is_read_by_somebody() -> None:
    by_compose = interpolated_names()
    in_environments = {name for one in SERVICES for name in environment_of(one, {})}
    while_built = set(re.findall(r"\b([A-Z_]+)=", build_step()))

    unknown = {*env_example(), *optional_names(), *in_environments, *while_built}
    unknown -= setting_names.ALL | by_compose | OF_PYTHON

    assert unknown == set()


def test_each_variable_that_compose_takes_is_in_the_example() -> None:
    assert interpolated_names() <= env_example().keys() | optional_names()


def test_nothing_secret_has_a_default() -> None:
    secrets = setting_names.SECRET | {"POSTGRES_PASSWORD"}

    assert {name for name in secrets if env_example().get(name)} == set()
    assert {name for name in secrets if image_environment().get(name)} == set()
    assert "drops:@db" in environment_of("web", {})["DATABASE_URL"]


def test_example_as_it_is_is_refused_and_names_each_blank(tmp_path: Path) -> None:
    faults = _faults(tmp_path, environment_of("web", env_example()))

    blank = {name for name in NEEDED if not env_example().get(name)}
    assert blank
    assert {name for name in blank if name not in faults} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_example_filled_in_is_all_that_production_needs(tmp_path: Path, service: str) -> None:
    assert _faults(tmp_path, environment_of(service, filled_in())) == ""


def test_example_makes_its_secrets_differ() -> None:
    first, second = generated(), generated()

    assert first.keys() == {"SECRET_KEY", "TOKEN_KEYS"}
    assert not set(first.values()) & set(second.values())


@pytest.mark.parametrize(
    ("service", "command"),
    [
        *((service, command_of(service)) for service in (*SERVICES, "demo")),
        *((service, health_check_of(service)) for service in ("worker", "scheduler")),
    ],
    ids=lambda part: part if isinstance(part, str) else " ".join(part[:5]),
)
def test_commands_are_understood(tmp_path: Path, service: str, command: list[str]) -> None:
    if command[0] == "/bin/sh":
        command = ["/bin/sh", "-c", f"{command[2]} --help"]
    else:
        command = [*command, "--help"]

    done = _run(tmp_path, command, environment_of(service, filled_in()))

    assert done.returncode == 0, done.stderr


def test_page_on_production_starts_what_compose_starts() -> None:
    page = (REPOSITORY / "docs/operators/production.md").read_text()
    rows = re.findall(r"^\| `studio-drops-(\w+)` \| `(.+)` \|$", page, re.MULTILINE)
    (unit,) = re.findall(r"^ExecStart=(.+)$", page, re.MULTILINE)

    commands = {name: shlex.split(command) for name, command in rows}

    folder = "/opt/studio-drops/.venv/bin/"
    expected = {name: command_of(name) for name in LONG_RUNNING}
    assert commands == {name: [folder + first, *rest] for name, (first, *rest) in expected.items()}
    assert unit == dict(rows)["web"]


def test_our_containers_have_no_privileges() -> None:
    ours = [compose_file()["services"][service] for service in (*SERVICES, "demo")]

    assert [one for one in ours if not one["read_only"] or one["cap_drop"] != ["ALL"]] == []
    assert [one for one in ours if "no-new-privileges:true" not in one["security_opt"]] == []
    assert [one for one in ours if "user" in one or "privileged" in one] == []
    assert image_user() not in ("", "root", "0")


def test_what_runs_on_is_watched_and_started_again() -> None:
    services = compose_file()["services"]

    watched = {name for name, one in services.items() if "healthcheck" in one}
    restarted = {name for name, one in services.items() if one["restart"] == "unless-stopped"}

    assert watched == {*LONG_RUNNING, "db", "broker"}
    assert restarted == {*watched, "demo"}
    assert services["migrate"]["restart"] == "no"


def test_what_is_kept_is_in_named_volumes() -> None:
    document = compose_file()

    kept = {
        volume.partition(":")[0]
        for service in document["services"].values()
        for volume in service.get("volumes", [])
    }

    assert kept == document["volumes"].keys() | {"./secrets"}


def test_nothing_is_published_but_the_web_on_loopback() -> None:
    services = compose_file()["services"]

    published = {name: one["ports"] for name, one in services.items() if "ports" in one}

    assert published == {"web": ["127.0.0.1:8000:8000"]}


def _faults(var_dir: Path, environment: dict[str, str]) -> str:
    done = _run(var_dir, [sys.executable, "-c", "import studio_drops.settings"], environment)
    _, refused, faults = done.stderr.partition("Invalid configuration.")
    assert done.returncode == 0 or refused, done.stderr
    return faults


def _run(
    var_dir: Path, command: list[str], environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    surroundings = neutral_surroundings()
    programs = f"{Path(sys.executable).parent}:{surroundings['PATH']}"
    return subprocess.run(
        command,
        cwd=REPOSITORY,
        env=surroundings | environment | {"VAR_DIR": str(var_dir), "PATH": programs},
        capture_output=True,
        text=True,
        check=False,
    )
