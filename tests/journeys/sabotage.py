"""Runs the demo's scenario with one step broken, so that a test can see the step fail.

python -m tests.journeys.sabotage STEP
"""

import base64
import hashlib
import sys
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from local.demo.environment import CLIENT_ID, CLIENT_SECRET
from local.demo.scenario import Scenario
from local.demo.selftest import run_selftest
from local.demo.system import run_to_its_end


def spoil_database(scenario: Scenario) -> None:
    (scenario.environment.var_dir / "studio-drops.sqlite3").write_bytes(b"this is not a database")


def kill_local_kick(scenario: Scenario) -> None:
    scenario.supervisor.kill("local Kick")


def kill_web(scenario: Scenario) -> None:
    scenario.supervisor.kill("web")


def kill_worker(scenario: Scenario) -> None:
    scenario.supervisor.kill("worker")


def connect_behind_our_back(scenario: Scenario) -> None:
    """Connect the viewer to the app without our web server."""
    verifier = "a-verifier-of-another-program-with-at-least-43-characters"
    digest = hashlib.sha256(verifier.encode()).digest()
    redirect_uri = f"{scenario.environment.web_url}/link/kick/callback"
    allowed = scenario.control.post(
        "authorize",
        {
            "user_id": scenario.facts.viewer_id,
            "client_id": CLIENT_ID,
            "redirect_uri": redirect_uri,
            "state": "another-program",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        },
    )
    scenario.control.session.post(
        f"{scenario.environment.local_kick_url}/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "code": dict(parse_qsl(urlsplit(allowed["redirect_to"]).query))["code"],
        },
    ).raise_for_status()


def lose_cookies(scenario: Scenario) -> None:
    scenario.player.cookies.clear()


def break_token_endpoint(scenario: Scenario) -> None:
    scenario.control.put("faults", {"api": {"path_prefix": "/oauth/token", "status": 500}})


def unlink(scenario: Scenario) -> None:
    """Unlink, as the player might do in another tab."""
    address = f"{scenario.environment.web_url}/link/unlink"
    token = scenario.player.cookies["studio_drops_csrf"]
    scenario.player.post(address, data={"csrfmiddlewaretoken": token}).raise_for_status()


def forget_pending_links(scenario: Scenario) -> None:
    _in_database(
        scenario, "from accounts.models import PendingLink; PendingLink.objects.all().delete()"
    )


def disconnect_at_kick(scenario: Scenario) -> None:
    scenario.control.post(
        "disconnect", {"user_id": scenario.facts.viewer_id, "client_id": CLIENT_ID}
    )


def corrupt_webhooks(scenario: Scenario) -> None:
    scenario.control.put("faults", {"webhook": {"corrupt": 1.0}})


def remove_staff(scenario: Scenario) -> None:
    _in_database(
        scenario, "from django.contrib.auth.models import User; User.objects.all().delete()"
    )


def revoke_api_keys(scenario: Scenario) -> None:
    _in_database(
        scenario,
        "from claims.models import ApiKey; from django.utils import timezone;"
        "ApiKey.objects.update(revoked_at=timezone.now())",
    )


def kill_game_server(scenario: Scenario) -> None:
    scenario.supervisor.kill("game")


def end_subscriptions(scenario: Scenario) -> None:
    """As Kick does after a day of failed deliveries: without a word."""
    in_silence = scenario.control.session
    in_silence.delete(f"{scenario.environment.local_kick_url}/local/subscriptions")


def _in_database(scenario: Scenario, statement: str) -> None:
    run_to_its_end(scenario.environment.command("shell", "--no-imports", "--command", statement))


# For each step of the scenario, what breaks it.
FAULTS: dict[str, Callable[[Scenario], None]] = {
    "start": spoil_database,
    "watch": kill_local_kick,
    "claim-too-early": connect_behind_our_back,
    "log-in": kill_web,
    "connect": lose_cookies,
    "consent": break_token_endpoint,
    "confirm": forget_pending_links,
    "linked": unlink,
    "claim": disconnect_at_kick,
    "webhook": corrupt_webhooks,
    "item": lose_cookies,
    "admin": remove_staff,
    "list": revoke_api_keys,
    "game": kill_game_server,
    "gift": end_subscriptions,
    "gift-item": lose_cookies,
    "channel": break_token_endpoint,
    "redeem": kill_worker,
    "redeemed": kill_worker,
    "refund": kill_worker,
    "processed": kill_worker,
}


def main(broken: str) -> int:
    fault = FAULTS[broken]

    def before_step(name: str, scenario: Scenario) -> None:
        if name == broken:
            fault(scenario)

    return run_selftest(say=lambda line: print(line, flush=True), before_step=before_step)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
