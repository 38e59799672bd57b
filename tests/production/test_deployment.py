"""What Compose would start, started here: production settings, PostgreSQL, Redis, and TLS."""

import json
import re

import pytest
import requests

from tests.production.container_files import LONG_RUNNING
from tests.production.filled_in import SECRETS
from tests.production.story import SKU, Delivered, Studio

pytestmark = pytest.mark.postgresql

YEAR_SECONDS = 31_536_000


def test_a_claim_is_delivered_and_kick_is_told(studio: Studio, delivered: Delivered) -> None:
    account = {"game_account_id": studio.game_login.account["sub"]}
    (owed,) = studio.ask_api("GET", "entitlements", params=account)["entitlements"]
    page = delivered.player.open("/link/").text

    handed_out = {"entitlement_ids": [owed["id"]], "fulfilment_id": "hand-out-1"}
    (outcome,) = studio.ask_api("POST", "entitlements/fulfil", json=handed_out)["outcomes"]

    assert (owed["sku"], owed["quantity"], owed["status"]) == (SKU, 1, "GRANTED")
    assert "Ember cape" in page
    assert outcome["outcome"] == "fulfilled"
    studio.deployment.wait_for(
        lambda: studio.status_at_kick(delivered.claim_id) == "processed", "Kick's being told"
    )


def test_a_claim_without_a_webhook_is_found(studio: Studio) -> None:
    claim_id = studio.claim(studio.kick.make_viewer("luna"), force=True)

    found = f"/admin/claims/claim/{claim_id}/"
    studio.deployment.wait_for(
        lambda: found in studio.staff.open("/admin/claims/claim/").text, "the catch-up"
    )


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_health_check_passes(studio: Studio, service: str) -> None:
    found = studio.deployment.is_healthy(service)

    assert found.returncode == 0, found.stdout + found.stderr


def test_doctor_finds_no_fault(studio: Studio) -> None:
    found = studio.deployment.manage("doctor")

    assert found.returncode < 2, found.stdout + found.stderr
    assert "pass  worker and scheduler" in found.stdout
    assert "queue redis, debug False" in found.stdout


def test_django_finds_nothing_to_say_about_the_deployment(studio: Studio) -> None:
    found = studio.deployment.manage("check", "--deploy", "--fail-level", "WARNING")

    assert found.returncode == 0, found.stderr


def test_cookies_are_for_https_and_not_for_scripts(studio: Studio) -> None:
    jar = studio.staff.session.cookies

    assert {cookie.name: cookie.secure for cookie in jar} == {
        "__Host-studio_drops_session": True,
        "__Host-studio_drops_csrf": True,
    }
    session = next(cookie for cookie in jar if cookie.name == "__Host-studio_drops_session")
    assert session.has_nonstandard_attr("HttpOnly")
    assert session.get_nonstandard_attr("SameSite") == "Lax"


@pytest.mark.parametrize("path", ["/link/", "/admin/", "/api/v1/docs", "/nowhere"])
def test_pages_carry_the_headers_of_production(studio: Studio, path: str) -> None:
    headers = studio.staff.open(path).headers

    assert f"max-age={YEAR_SECONDS}" in headers["Strict-Transport-Security"]
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert studio.game_login.url in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


def test_static_files_are_named_by_their_content_and_kept(studio: Studio) -> None:
    page = studio.staff.open("/link/").text
    (style,) = re.findall(r'href="(/static/site/site\.[0-9a-f]{12}\.css)"', page)

    answer = studio.staff.open(style)

    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Encoding"] == "gzip"


def test_plain_http_is_sent_to_https(studio: Studio) -> None:
    port = studio.deployment.addresses.web_port

    answer = requests.get(f"http://localhost:{port}/link/", allow_redirects=False, timeout=20)

    assert (answer.status_code, answer.headers["Location"][:8]) == (301, "https://")


def test_another_host_is_refused(studio: Studio) -> None:
    answer = studio.staff.open("/link/", headers={"Host": "elsewhere.example.com"})

    assert answer.status_code == 400


def test_metrics_are_for_those_with_the_token(studio: Studio, delivered: Delivered) -> None:
    token = studio.deployment.env_file["METRICS_TOKEN"]

    refused = requests.get(f"{studio.url}/metrics", timeout=20)
    given = requests.get(
        f"{studio.url}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=20
    )

    assert refused.status_code == 403
    assert re.search(r"^studio_drops_deliveries_total\{[^}]*\} [1-9]", given.text, re.MULTILINE)


def test_logs_are_json_without_a_secret(studio: Studio, delivered: Delivered) -> None:
    logs = {name: studio.deployment.log_of(name).read_text() for name in LONG_RUNNING}

    assert [
        line for text in logs.values() for line in text.splitlines() if not _is_json(line)
    ] == []
    assert delivered.claim_id in logs["web"]
    secrets = [studio.deployment.env_file[name] for name in SECRETS]
    secrets += [studio.api_key, studio.password, *studio.staff.session.cookies.values()]
    assert [name for name, text in logs.items() if any(one in text for one in secrets)] == []


def test_the_tree_is_as_it_was_built(studio: Studio) -> None:
    assert studio.deployment.tree() == studio.deployment.built


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
