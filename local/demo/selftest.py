"""`manage.py demo --once`: runs one drop from start to end in a temporary system."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from local.demo.control import ControlRefused
from local.demo.environment import Environment, free_ports, neutral_surroundings
from local.demo.scenario import Scenario, StepFailedError
from local.demo.supervisor import ProgramEndedError, Supervisor
from local.demo.system import StartFailedError, StoppedError

FAILURES = (
    ControlRefused,
    ProgramEndedError,
    StartFailedError,
    StepFailedError,
    requests.RequestException,
)
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    title: str
    run: Callable[[Scenario], None]


STEPS = (
    Step("start", "Start all programs", Scenario.start),
    Step("watch", "A viewer watches", Scenario.watch),
    Step(
        "claim-too-early",
        "Kick refuses a claim before the accounts are linked",
        Scenario.claim_too_early,
    ),
    Step("log-in", "The player logs in to the game", Scenario.log_in),
    Step("connect", "The player continues to Kick", Scenario.connect),
    Step("consent", "The player allows access", Scenario.consent),
    Step("confirm", "The player confirms both accounts", Scenario.confirm),
    Step("linked", "Both accounts are linked", Scenario.see_both_accounts),
    Step("claim", "The viewer claims the reward", Scenario.claim),
    Step("webhook", "Kick sends the webhook", Scenario.deliver),
    Step("item", "The player sees the item", Scenario.see_item),
    Step("admin", "Support sees the claim", Scenario.see_in_admin),
    Step("list", "The API lists the item", Scenario.list_by_api),
    Step("game", "The game server has received the push and delivered it", Scenario.see_in_game),
    Step("gift", "The viewer gifts 500 KICKs in a partner channel", Scenario.gift_kicks),
    Step("gift-item", "The player sees the item of the offer, once", Scenario.see_gift_item),
    Step("channel", "A streamer connects the channel", Scenario.connect_channel),
    Step("redeem", "The viewer redeems 1,000 channel points", Scenario.redeem),
    Step("redeemed", "The player sees the item, and Kick accepts", Scenario.see_redeemed_item),
    Step("refund", "A second redemption is over the limit: points back", Scenario.see_refund),
    Step(
        "processed",
        "Kick shows the claim as processed",
        Scenario.see_processed,
    ),
)


def run_selftest(
    *,
    say: Callable[[str], None],
    before_step: Callable[[str, Scenario], None] = lambda _name, _scenario: None,
) -> int:
    """Run all steps. Returns the exit status: 0, or 1 if a step failed.

    `before_step` is called before each step with its name.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="drops-demo-") as directory:
        web, local_kick, game_server = free_ports(3)
        environment = Environment(
            Path(directory), web, local_kick, game_server, neutral_surroundings()
        )
        # All data is temporary, so there's no need for a graceful stop.
        with Supervisor(say=lambda _line: None, grace_seconds=0) as supervisor:
            scenario = Scenario(supervisor, environment, say=say)
            status = _run_steps(scenario, before_step)
    if status == 0:
        say(f"\nAll steps passed in {time.monotonic() - started:.1f} s.")
    return status


def _run_steps(scenario: Scenario, before_step: Callable[[str, Scenario], None]) -> int:
    for number, step in enumerate(STEPS, start=1):
        scenario.say(f"{number:>2}   {step.title}")
        started = time.monotonic()
        try:
            before_step(step.name, scenario)
            step.run(scenario)
        except StoppedError:
            scenario.say("Stopped.")
            return INTERRUPTED
        except FAILURES as error:
            sentence = str(error)
            if isinstance(error, requests.RequestException) and error.request:
                url = error.request.url
                sentence = f"No valid response from {url}. Check that its process is running."
            scenario.say(f"\nStep {number} failed: {step.name}. {sentence}")
            return 1
        scenario.say(f"     ok, {(time.monotonic() - started) * 1000:.0f} ms")
    return 0
