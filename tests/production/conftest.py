"""One deployment for all tests of the module, with a Kick and a game login that speak TLS."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import psycopg
import pytest
import requests

from local.demo.environment import free_ports
from tests.accounts.issuer import Issuer, running_issuer
from tests.local_kick_process import LocalKick, running_local_kick
from tests.postgres import die_with_parent
from tests.production.container_files import command_of
from tests.production.deployment import Addresses, Deployment
from tests.production.filled_in import filled_in
from tests.production.story import Delivered, Studio
from tests.production.tls import Certificates, make_certificates, tls_proxy
from tests.session import report_missing

ROLE_AND_DATABASE = "drops"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("production")


@pytest.fixture(scope="module")
def certificates(place: Path) -> Iterator[Certificates]:
    made = make_certificates(place)
    with pytest.MonkeyPatch.context() as patch:
        # This process and the local Kick trust the same authority: by requests, and by ssl.
        patch.setenv("REQUESTS_CA_BUNDLE", str(made.authority))
        patch.setenv("SSL_CERT_FILE", str(made.authority))
        yield made


@pytest.fixture(scope="module")
def broker_port(place: Path) -> Iterator[int]:
    if shutil.which("redis-server") is None:
        report_missing(
            "no redis-server was found in PATH: production is not started as Compose does"
        )
        pytest.skip("no redis-server was found in PATH")
    (port,) = free_ports(1)
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(place)]
    server = subprocess.Popen(
        [*command_of("broker"), *options],
        stdout=subprocess.DEVNULL,
        preexec_fn=die_with_parent(),
    )
    yield port
    server.kill()
    server.wait(timeout=10)


@pytest.fixture(scope="module")
def database_socket() -> Iterator[Path]:
    """That of the session's cluster, with Compose's role and database in it."""
    cluster = os.environ["DATABASE_URL"]
    with closing(psycopg.connect(cluster, autocommit=True)) as server:
        server.execute(f"CREATE ROLE {ROLE_AND_DATABASE} LOGIN")
        server.execute(f"CREATE DATABASE {ROLE_AND_DATABASE} OWNER {ROLE_AND_DATABASE}")
        yield Path(dict(parse_qsl(urlsplit(cluster).query))["host"])
        server.execute(f"DROP DATABASE {ROLE_AND_DATABASE} WITH (FORCE)")
        server.execute(f"DROP ROLE {ROLE_AND_DATABASE}")


@pytest.fixture(scope="module")
def kick(place: Path, certificates: Certificates) -> Iterator[tuple[LocalKick, str]]:
    """The local Kick, and the https address that production asks for."""
    with (
        running_local_kick(place / "kick.sqlite3") as local_kick,
        tls_proxy(certificates, port=_port_of(local_kick.url)) as url,
    ):
        yield local_kick, url


@pytest.fixture(scope="module")
def game_login(certificates: Certificates) -> Iterator[Issuer]:
    with (
        running_issuer() as issuer,
        tls_proxy(certificates, port=_port_of(issuer.url)) as url,
    ):
        issuer.url = url
        yield issuer


@pytest.fixture(scope="module")
def studio(
    place: Path,
    certificates: Certificates,
    kick: tuple[LocalKick, str],
    game_login: Issuer,
    database_socket: Path,
    broker_port: int,
) -> Iterator[Studio]:
    """Everything that Compose starts, started; and who goes in and out there."""
    (web_port,) = free_ports(1)
    with tls_proxy(certificates, port=web_port) as url:
        env_file = filled_in(
            PUBLIC_URL=url,
            ALLOWED_HOSTS="localhost",
            OIDC_ISSUER=game_login.url,
            KICK_CLIENT_SECRET=secrets.token_urlsafe(32),
            METRICS_TOKEN=secrets.token_urlsafe(32),
            # Not in the example, because production has no other Kick.
            KICK_ID_URL=kick[1],
            KICK_API_URL=kick[1],
        )
        deployment = Deployment(
            root=place / "app",
            packages=place / "venv",
            written=place / "written",
            env_file=env_file,
            addresses=Addresses(database_socket, broker_port, web_port),
            trusted_authority=certificates.authority,
        )
        with _started(deployment):
            studio = Studio(url=url, deployment=deployment, kick=kick[0], game_login=game_login)
            deployment.wait_for(lambda: _answers(f"{url}/readyz"), "the web")
            yield studio


@pytest.fixture(scope="module")
def delivered(studio: Studio) -> Delivered:
    """A player has linked and claimed, and Kick's webhook was answered 200."""
    studio.map_reward()
    player, viewer_id = studio.link()
    claim_id = studio.claim(viewer_id)
    # Again while a machine that is busy with tests takes longer than Kick has patience.
    studio.deployment.wait_for(lambda: studio.is_delivered(claim_id), "a 200 for the webhook")
    return Delivered(player=player, claim_id=claim_id)


@contextmanager
def _started(deployment: Deployment) -> Iterator[None]:
    deployment.build()
    deployment.run_to_its_end("migrate")
    try:
        for service in ("web", "worker", "scheduler"):
            deployment.start(service)
        yield
    finally:
        deployment.stop()


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).ok
    except requests.RequestException:
        return False


def _port_of(url: str) -> int:
    return urlsplit(url).port or 0
