"""Runs the whole system with the local Kick and a local game server."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from local.demo.banner import banner
from local.demo.demo_file import DemoFile
from local.demo.environment import Environment, is_taken
from local.demo.selftest import run_selftest
from local.demo.supervisor import ProgramEndedError, Supervisor
from local.demo.system import StartFailedError, StoppedError, start_system

PORT_OPTIONS = ("port", "local-kick-port", "game-server-port")


class Command(BaseCommand):
    help = "Run the demo until Ctrl-C. With --once, run one drop from start to end and exit."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port", type=int, default=8000, help="port of the web server (default: 8000)"
        )
        parser.add_argument(
            "--local-kick-port",
            type=int,
            default=8100,
            help="port of the local Kick (default: 8100)",
        )
        parser.add_argument(
            "--game-server-port",
            type=int,
            default=8300,
            help="port of the local game server (default: 8300)",
        )
        parser.add_argument(
            "--once",
            action="store_true",
            help="run one drop without a browser, on free ports and a temporary database, and exit",
        )

    def handle(self, *_arguments: object, **options: Any) -> None:
        if options["once"]:
            sys.exit(run_selftest(say=self._say))
        if not settings.DEBUG:
            raise CommandError(
                "The demo lets anyone log in as any player, so it requires DEBUG. Unset DEBUG=0,"
                " and don't run it on a production host."
            )
        self._run({option: options[option.replace("-", "_")] for option in PORT_OPTIONS})

    def _run(self, ports: dict[str, int]) -> None:
        var_dir = Path(settings.VAR_DIR).resolve()
        web, local_kick, game_server = (ports[option] for option in PORT_OPTIONS)
        environment = Environment(var_dir, web, local_kick, game_server, os.environ)
        for option, port in ports.items():
            if is_taken(port):
                raise CommandError(
                    f"Port {port} is in use, perhaps by another demo. Stop that process or choose"
                    f" another port: `make demo ARGS='--{option} {port + 50}'`."
                )
        try:
            with Supervisor(say=self._say) as supervisor:
                self._serve(supervisor, environment)
                self._say("\nStopping everything ...")
        except StoppedError:
            self._say("Stopped before the demo was ready.")
        except (StartFailedError, ProgramEndedError) as error:
            raise CommandError(str(error)) from error

    def _serve(self, supervisor: Supervisor, environment: Environment) -> None:
        started, file = time.monotonic(), environment.var_dir / "demo.json"
        facts = start_system(
            supervisor,
            environment,
            known=DemoFile.read(file),
            say=lambda line: self._say(f"{line} ..."),
            lived_in=True,
        )
        facts.write(file)
        self._say(
            banner(
                facts,
                seconds=time.monotonic() - started,
                file=str(file),
                is_colourful=self.stdout.isatty() and "NO_COLOR" not in os.environ,
            )
        )
        supervisor.wait()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
