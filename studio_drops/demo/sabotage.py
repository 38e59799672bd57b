"""Ways to break the demo's steps, each for real: a test breaks every step and sees it named."""

import base64
import hashlib
from urllib.parse import parse_qsl, urlsplit

from studio_drops.demo.place import CLIENT_ID, CLIENT_SECRET
from studio_drops.demo.story import Story
from studio_drops.demo.system import run_to_its_end


def spoil_database(story: Story) -> None:
    (story.place.var_dir / "studio-drops.sqlite3").write_bytes(b"no database, whatever it says")


def kill_local_kick(story: Story) -> None:
    story.supervisor.kill("local Kick")


def kill_web(story: Story) -> None:
    story.supervisor.kill("web")


def kill_worker(story: Story) -> None:
    story.supervisor.kill("worker")


def connect_behind_our_back(story: Story) -> None:
    """The viewer connects the app with another program than ours."""
    verifier = "a-verifier-of-somebody-else-with-forty-three-characters"
    digest = hashlib.sha256(verifier.encode()).digest()
    redirect_uri = f"{story.place.web_url}/link/kick/callback"
    allowed = story.control.post(
        "authorize",
        {
            "user_id": story.facts.viewer_id,
            "client_id": CLIENT_ID,
            "redirect_uri": redirect_uri,
            "state": "somebody-else",
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        },
    )
    story.control.session.post(
        f"{story.place.local_kick_url}/oauth/token",
        data={
            "grant_type": "authorization_code",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
            "code": dict(parse_qsl(urlsplit(allowed["redirect_to"]).query))["code"],
        },
    ).raise_for_status()


def lose_cookies(story: Story) -> None:
    story.player.cookies.clear()


def break_token_endpoint(story: Story) -> None:
    story.control.put("faults", {"api": {"path_prefix": "/oauth/token", "status": 500}})


def unlink(story: Story) -> None:
    """As the player might, in another tab."""
    address = f"{story.place.web_url}/link/unlink"
    token = story.player.cookies["studio_drops_csrf"]
    story.player.post(address, data={"csrfmiddlewaretoken": token}).raise_for_status()


def disconnect_at_kick(story: Story) -> None:
    story.control.post("disconnect", {"user_id": story.facts.viewer_id, "client_id": CLIENT_ID})


def corrupt_webhooks(story: Story) -> None:
    story.control.put("faults", {"webhook": {"corrupt": 1.0}})


def remove_staff(story: Story) -> None:
    _in_database(story, "from django.contrib.auth.models import User; User.objects.all().delete()")


def revoke_api_keys(story: Story) -> None:
    _in_database(
        story,
        "from claims.models import ApiKey; from django.utils import timezone;"
        "ApiKey.objects.update(revoked_at=timezone.now())",
    )


def fulfil_elsewhere(story: Story) -> None:
    story.fulfil(fulfilment_id="another-game-server")


def _in_database(story: Story, statement: str) -> None:
    run_to_its_end(story.place.command("shell", "--no-imports", "--command", statement))
