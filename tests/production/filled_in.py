""".env, as an operator makes it of .env.example: each blank filled, secrets by its commands."""

import re
import subprocess
import sys

from tests.production.container_files import REPOSITORY, env_example

BLANKS = {
    "GAME_NAME": "Skyfall",
    "KICK_CLIENT_ID": "skyfall-app",
    "KICK_CLIENT_SECRET": "kick-secret-of-skyfall",
    "OIDC_ISSUER": "https://login.example.com",
    "OIDC_CLIENT_ID": "the-game",
    "OIDC_CLIENT_SECRET": "its-secret",
    "METRICS_TOKEN": "token-of-prometheus",
    "POSTGRES_PASSWORD": "passwordOfDatabase",
}
SECRETS = (
    "SECRET_KEY",
    "TOKEN_KEYS",
    "KICK_CLIENT_SECRET",
    "OIDC_CLIENT_SECRET",
    "METRICS_TOKEN",
    "POSTGRES_PASSWORD",
)


def filled_in(**changed: str) -> dict[str, str]:
    """.env with every blank filled and `changed` over it."""
    values = env_example() | BLANKS | generated() | changed
    assert "" not in values.values(), "fill in the new blank of .env.example here, too"
    return values


def generated() -> dict[str, str]:
    """Made by the command that stands above each of them in .env.example."""
    text = (REPOSITORY / ".env.example").read_text()
    commands = re.findall(r'^# python3 -c "(.+)"\n([A-Z_]+)=$', text, re.MULTILINE)
    return {name: _run(program) for program, name in commands}


def _run(program: str) -> str:
    command = [sys.executable, "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
