"""`manage.py demo --once`: the story from a clean start, in a place of its own, then gone."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import requests

from studio_drops.demo import sabotage
from studio_drops.demo.control import ControlRefused
from studio_drops.demo.place import Place, free_ports, neutral_surroundings
from studio_drops.demo.story import StepFailedError, Story
from studio_drops.demo.supervisor import ProgramEndedError, Supervisor
from studio_drops.demo.system import StartFailedError, StoppedError

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
    run: Callable[[Story], None]
    # Really breaks what this step needs: how the tests see that it can fail.
    sabotage: Callable[[Story], None]


STEPS = (
    Step("start", "Everything starts", Story.start, sabotage.spoil_database),
    Step("watch", "A viewer watches", Story.watch, sabotage.kill_local_kick),
    Step(
        "claim-too-early",
        "Claiming before the accounts are connected is refused",
        Story.claim_too_early,
        sabotage.connect_behind_our_back,
    ),
    Step("log-in", "The player logs in to the game", Story.log_in, sabotage.kill_web),
    Step("connect", "They go on to Kick", Story.connect, sabotage.lose_cookies),
    Step("consent", "They allow it and come back", Story.consent, sabotage.break_token_endpoint),
    Step("linked", "Both accounts are linked", Story.see_both_accounts, sabotage.unlink),
    Step("claim", "The viewer claims the reward", Story.claim, sabotage.disconnect_at_kick),
    Step("webhook", "Kick's webhook is answered 200", Story.deliver, sabotage.corrupt_webhooks),
    Step("item", "The player sees the item", Story.see_item, sabotage.lose_cookies),
    Step("admin", "Support sees the claim", Story.see_in_admin, sabotage.remove_staff),
    Step("list", "The game server lists it", Story.list_by_api, sabotage.revoke_api_keys),
    Step("fulfil", "The game server hands it out", Story.fulfil_by_api, sabotage.fulfil_elsewhere),
    Step("processed", "Kick is told", Story.see_processed, sabotage.kill_worker),
)


def tell_the_story(*, fault: str, say: Callable[[str], None]) -> int:
    """The exit status: 0, or 1 after naming the step that failed. `fault`: a step to break."""
    if fault and fault not in {step.name for step in STEPS}:
        say(f"There is no step {fault!r} to break: {', '.join(step.name for step in STEPS)}.")
        return 1
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="drops-demo-") as directory:
        web_port, local_kick_port = free_ports(2)
        place = Place(Path(directory), web_port, local_kick_port, neutral_surroundings())
        # Nothing here is kept, so nothing has to end in peace.
        with Supervisor(say=lambda _line: None, grace_seconds=0) as supervisor:
            story = Story(supervisor, place, say=say)
            status = _tell(story, fault=fault)
    if status == 0:
        say(f"\nThe whole story in {time.monotonic() - started:.1f} s.")
    return status


def _tell(story: Story, *, fault: str) -> int:
    for number, step in enumerate(STEPS, start=1):
        story.say(f"{number:>2}   {step.title}")
        started = time.monotonic()
        try:
            if step.name == fault:
                step.sabotage(story)
            step.run(story)
        except StoppedError:
            story.say("Stopped.")
            return INTERRUPTED
        except FAILURES as error:
            story.say(f"\nStep {number} failed: {step.name}. {_sentence(error)}")
            return 1
        story.say(f"     ok, {(time.monotonic() - started) * 1000:.0f} ms")
    return 0


def _sentence(error: Exception) -> str:
    if isinstance(error, requests.RequestException) and error.request:
        return f"No usable answer from {error.request.url}: is its process alive?"
    return str(error)
