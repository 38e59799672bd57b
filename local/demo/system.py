"""Starts the whole system: local Kick, database, web, worker, scheduler, game server."""

import json
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import requests

from local.demo import catalogue
from local.demo.control import LocalKickControl
from local.demo.demo_file import DemoFile
from local.demo.environment import CLIENT_ID, CLIENT_SECRET, REPOSITORY, Environment
from local.demo.supervisor import Program, Supervisor
from platforms.kick import EVENTS_PATH, WEBHOOK_PATH

READY_WITHIN_SECONDS = 60.0
WORKER_IS_READY = " ready."
ENDPOINT_PATH = "/webhooks/drops"


class StartFailedError(Exception):
    """The system didn't start. The message says which part failed and why."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the demo made at the local Kick. `campaign` is as the local Kick describes it."""

    campaign: Mapping[str, Any]
    viewer_id: int
    streamer_id: int


class StoppedError(Exception):
    """A signal requested a stop."""


def start_system(
    supervisor: Supervisor,
    environment: Environment,
    *,
    known: DemoFile | None,
    say: Callable[[str], None],
    lived_in: bool = False,
) -> DemoFile:
    """Start everything, wait until all of it responds, and return URLs and credentials.

    `known` is the result of an earlier start in the same place. With `lived_in`, the first start
    creates weeks of sample claims. Raises StartFailedError, StoppedError or ProgramEndedError.
    """
    say("Starting the local Kick")
    supervisor.start(environment.local_kick())
    wait_until_it_answers(supervisor, f"{environment.local_kick_url}/local/healthz")
    registered = _register_at_local_kick(environment)
    say("Preparing the database")
    seeded = _seed(environment, registered=registered, known=known, lived_in=lived_in)
    if seeded["made_up"]:
        say(f"Created {seeded['made_up']:,} sample claims of other campaigns")
    say("Starting web, worker, scheduler and game server")
    credentials = seeded["credentials"]
    game_server = environment.game_server(
        api_key=credentials["api_key"], webhook_secret=credentials["webhook_secret"]
    )
    for program in (
        environment.web(),
        environment.worker(),
        environment.scheduler(),
        game_server,
    ):
        supervisor.start(program)
    wait_until_it_answers(supervisor, f"{environment.web_url}/readyz")
    wait_until_it_answers(supervisor, f"{environment.game_server_url}/healthz")
    wait_for(supervisor, lambda: supervisor.has_said("worker", WORKER_IS_READY), what="The worker")
    return DemoFile(
        web_url=environment.web_url,
        local_kick_url=environment.local_kick_url,
        game_server_url=environment.game_server_url,
        campaign=registered.campaign,
        viewer_id=registered.viewer_id,
        streamer_id=registered.streamer_id,
        **credentials,
    )


def wait_until_it_answers(supervisor: Supervisor, url: str) -> None:
    last = "none"

    def answers() -> bool:
        nonlocal last
        try:
            response = requests.get(url, timeout=5)
        except requests.RequestException:
            return False
        last = f"{response.status_code} {response.text}"
        return response.ok

    try:
        wait_for(supervisor, answers, what=url)
    except StartFailedError as error:
        raise StartFailedError(f"{error} Last response: {last[:200]}") from error


def wait_for(
    supervisor: Supervisor,
    condition: Callable[[], bool],
    *,
    what: str,
    seconds: float = READY_WITHIN_SECONDS,
) -> None:
    """Raises StartFailedError after `seconds`, StoppedError after a signal, ProgramEndedError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if supervisor.wait(seconds=0.1):
            raise StoppedError
        if time.monotonic() > deadline:
            raise StartFailedError(f"{what} wasn't ready within {seconds:.0f} seconds.")


def run_to_its_end(program: Program, *, text: str = "") -> str:
    """Run a program and return its output. Raises StartFailedError with its last lines."""
    done = subprocess.run(
        program.command,
        env=dict(program.environment),
        cwd=REPOSITORY,
        input=text,
        capture_output=True,
        text=True,
        check=False,
        process_group=0,  # so that Ctrl-C reaches only the supervisor
    )
    if done.returncode:
        last_lines = "\n".join(done.stderr.strip().splitlines()[-5:])
        raise StartFailedError(f"{program.name} failed:\n{last_lines}")
    return done.stdout


def _register_at_local_kick(environment: Environment) -> Registered:
    control = LocalKickControl(environment.local_kick_url, session=requests.Session())
    control.put(
        "apps",
        {
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "name": catalogue.GAME,
            "organization": catalogue.ORGANIZATION,
            "redirect_uris": [
                f"{environment.web_url}/link/kick/callback",
                f"{environment.web_url}/channel/kick/callback",
            ],
            "connect_url": f"{environment.web_url}/link/",
            "webhook_url": f"{environment.web_url}{WEBHOOK_PATH}",
            "events_url": f"{environment.web_url}{EVENTS_PATH}",
        },
    )
    viewer = control.post("viewers", {"name": catalogue.VIEWER})
    streamer = control.post("viewers", {"name": catalogue.STREAMER})
    campaign = control.put(
        "campaigns",
        {
            "organization": catalogue.ORGANIZATION,
            "name": catalogue.CAMPAIGN,
            "category": catalogue.CATEGORY,
            "rewards": [
                {
                    "name": offer.name,
                    "external_id": offer.sku,
                    "required_minutes": offer.required_minutes,
                }
                for offer in catalogue.OFFERS
            ],
        },
    )
    return Registered(campaign, viewer["user_id"], streamer["user_id"])


def _seed(
    environment: Environment, *, registered: Registered, known: DemoFile | None, lived_in: bool
) -> dict[str, Any]:
    credentials = {
        "staff_password": known.staff_password if known else "",
        "api_key": known.api_key if known else "",
        "webhook_secret": known.webhook_secret if known else "",
    }
    asked = json.dumps(
        {
            "campaign": registered.campaign,
            "streamer_id": registered.streamer_id,
            "known": credentials,
            "lived_in": lived_in,
            "endpoint_url": f"{environment.game_server_url}{ENDPOINT_PATH}",
        }
    )
    seeded: dict[str, Any] = json.loads(
        run_to_its_end(environment.command("seed_demo"), text=asked)
    )
    return seeded
