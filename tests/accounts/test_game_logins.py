"""The demo login, a studio's own one, sessions, and what refuses to start."""

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.test import Client, RequestFactory
from pytest_django.fixtures import Settings

from accounts.checks import check_game_login
from accounts.game_logins import GameAccount, GameLoginFailed
from accounts.game_logins.demo import DemoLogin
from accounts.models import Player

pytestmark = pytest.mark.django_db


class OwnLogin:
    """As docs/developers/game-login.md tells a studio to write one."""

    def start(self, request: HttpRequest, *, return_to: str) -> HttpResponse:
        return HttpResponseRedirect(f"https://game.test/login?next={return_to}")

    def finish(self, request: HttpRequest) -> GameAccount:
        if request.GET.get("ticket") != "good":
            raise GameLoginFailed("That ticket <b>was</b> refused.", status=403)
        return GameAccount(game_account_id="acct-7", name="Nova")


@pytest.fixture
def demo(settings: Settings) -> None:
    settings.DEBUG = True


@pytest.fixture
def own_login(settings: Settings) -> None:
    settings.GAME_LOGIN = f"{__name__}.OwnLogin"


def test_demo_login_offers_names(client: Client, demo: None) -> None:
    page = client.get("/link/login").content.decode()

    assert 'value="Nova"' in page
    assert 'maxlength="128"' in page
    assert 'action="/link/login/callback"' in page


@pytest.mark.parametrize("name", ["Nova", "نجمة/؟", "x" * 128])
def test_demo_login_takes_any_name_as_the_account(client: Client, demo: None, name: str) -> None:
    response = client.post("/link/login/callback", {"name": f" {name} "})

    assert response["Location"] == "/link/"
    assert Player.objects.get().game_account_id == name


@pytest.mark.parametrize("name", ["", "  ", "x" * 129, "a\0b"])
def test_demo_login_refuses_what_cannot_be_an_account(
    client: Client, demo: None, name: str
) -> None:
    response = client.post("/link/login/callback", {"name": name})

    assert response.status_code == 400
    assert "You’re not logged in" in response.content.decode()
    assert not Player.objects.exists()


def test_demo_login_is_refused_outside_debug_when_made(settings: Settings) -> None:
    settings.DEBUG = False

    with pytest.raises(ImproperlyConfigured, match="GAME_LOGIN"):
        DemoLogin()


@pytest.mark.parametrize("act", ["start", "finish"])
def test_demo_login_is_refused_outside_debug_when_used(
    rf: RequestFactory, settings: Settings, act: str
) -> None:
    settings.DEBUG = True
    login = DemoLogin()
    settings.DEBUG = False
    acts = {
        "start": lambda: login.start(rf.get("/"), return_to="/"),
        "finish": lambda: login.finish(rf.post("/", {"name": "Nova"})),
    }

    with pytest.raises(ImproperlyConfigured, match="DEBUG"):
        acts[act]()


def test_own_login_begins_where_it_says(client: Client, own_login: None) -> None:
    response = client.get("/link/login")

    assert response["Location"].endswith("next=http://localhost:8000/link/login/callback")


def test_own_login_ends_at_the_hub(client: Client, own_login: None) -> None:
    response = client.get("/link/login/callback", {"ticket": "good"})

    assert response["Location"] == "/link/"
    assert Player.objects.get().game_account_id == "acct-7"


def test_own_login_that_fails_shows_its_sentence(client: Client, own_login: None) -> None:
    response = client.get("/link/login/callback", {"ticket": "bad"})

    assert response.status_code == 403
    assert "That ticket &lt;b&gt;was&lt;/b&gt; refused." in response.content.decode()


def test_login_rotates_the_session_key(client: Client, own_login: None) -> None:
    client.get("/link/login/callback", {"ticket": "good"})
    before = client.session.session_key

    client.get("/link/login/callback", {"ticket": "good"})

    assert client.session.session_key != before
    stolen = Client()
    stolen.cookies["studio_drops_session"] = before
    assert "Log in to" in stolen.get("/link/").content.decode()


def test_login_drops_what_was_the_last_players(client: Client, demo: None) -> None:
    client.post("/link/login/callback", {"name": "Nova"})
    session = client.session
    session["link_news"] = "new"
    session.save()

    client.post("/link/login/callback", {"name": "Kestrel"})

    assert set(client.session.keys()) == {"player_id", "_session_expiry"}


def test_logout_forgets_the_player_and_not_the_staff(client: Client, demo: None) -> None:
    client.force_login(User.objects.create_user("ops"))
    client.post("/link/login/callback", {"name": "Nova"})

    response = client.post("/link/logout")

    assert response["Location"] == "/link/"
    assert "player_id" not in client.session
    assert "_auth_user_id" in client.session


def test_player_is_no_django_user(client: Client, demo: None) -> None:
    client.post("/link/login/callback", {"name": "Nova"})

    response = client.get("/admin/")

    assert response.status_code == 302
    assert not User.objects.exists()


@pytest.mark.parametrize(("path", "method"), [("/link/logout", "get"), ("/link/kick", "get")])
def test_acts_are_posts(client: Client, path: str, method: str) -> None:
    response = getattr(client, method)(path)

    assert response.status_code == 405


def test_session_of_a_player_who_is_gone_begins_anew(client: Client, demo: None) -> None:
    client.post("/link/login/callback", {"name": "Nova"})
    Player.objects.all().delete()

    response = client.get("/link/")

    assert response.status_code == 200
    assert "Log in to" in response.content.decode()


@pytest.mark.parametrize("path", ["no.such.Login", "accounts.game_logins.demo.DemoLogin"])
def test_check_names_a_login_that_does_not_work(settings: Settings, path: str) -> None:
    settings.DEBUG = False
    settings.GAME_LOGIN = path

    errors = check_game_login()

    assert [error.id for error in errors] == ["accounts.E001"]
    assert path in errors[0].msg


def test_check_is_content_with_the_demo_login_in_debug(demo: None) -> None:
    errors = check_game_login()

    assert errors == []
