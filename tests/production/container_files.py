"""What Dockerfile, docker-compose.yml and .env.example say, read as the tools they are for do."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).parents[2]
# Those that run our code in production; the others are the database, the broker and the demo.
SERVICES = ("migrate", "web", "worker", "scheduler")
LONG_RUNNING = SERVICES[1:]
_VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::-([^}]*))?\})")


def compose_file() -> dict[str, Any]:
    return yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())


def interpolated_names() -> set[str]:
    """The variables that Compose itself takes out of .env."""
    text = (REPOSITORY / "docker-compose.yml").read_text()
    return {name for _, name, _ in _VARIABLE.findall(text) if name}


def env_example() -> dict[str, str]:
    lines = (REPOSITORY / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def optional_names() -> set[str]:
    """The variables that .env.example has as comments."""
    return set(re.findall(r"^#([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE))


def environment_of(service: str, env_file: Mapping[str, str]) -> dict[str, str]:
    """What the service's process would see: the image's, over it .env, over it the service's."""
    described = compose_file()["services"][service]
    own = described.get("environment", {})
    return {
        **image_environment(),
        **(env_file if "env_file" in described else {}),
        **{name: _interpolate(value, env_file) for name, value in own.items()},
    }


def command_of(service: str) -> list[str]:
    command = compose_file()["services"][service].get("command")
    return shlex.split(command) if command else image_command()


def health_check_of(service: str) -> list[str]:
    kind, *command = compose_file()["services"][service]["healthcheck"]["test"]
    command = [_interpolate(argument, {}) for argument in command]
    return ["/bin/sh", "-c", *command] if kind == "CMD-SHELL" else command


def image_environment() -> dict[str, str]:
    (line,) = (text for name, text in _last_stage() if name == "ENV")
    return dict(pair.split("=", 1) for pair in shlex.split(line))


def image_command() -> list[str]:
    (line,) = (text for name, text in _last_stage() if name == "CMD")
    return json.loads(line)


def image_user() -> str:
    (line,) = (text for name, text in _last_stage() if name == "USER")
    return line


def build_step() -> str:
    """The shell line that collects the static files while the image is built."""
    (line,) = (text for name, text in _last_stage() if name == "RUN" and "collectstatic" in text)
    return line


def left_out_of_the_image() -> list[str]:
    lines = (REPOSITORY / ".dockerignore").read_text().split()
    return [line.removeprefix("**/") for line in lines]


def _last_stage() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile after its last FROM."""
    text = (REPOSITORY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    instructions = [(name, rest.strip()) for name, _, rest in (x.partition(" ") for x in lines)]
    names = [name for name, _ in instructions]
    return instructions[len(names) - names[::-1].index("FROM") :]


def _interpolate(text: str, values: Mapping[str, str]) -> str:
    def replace(found: re.Match[str]) -> str:
        dollar, name, default = found.groups()
        return "$" if dollar else values.get(name) or default or ""

    return _VARIABLE.sub(replace, text)
