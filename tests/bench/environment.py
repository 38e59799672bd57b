"""A production's environment on one machine: every setting as it is deployed, nothing to reach."""

from urllib.parse import parse_qs, urlsplit

from tests.bench.traffic import HOST

# PostgreSQL as it comes, durable; sized for a small machine (docs/measurements/performance.md).
POSTGRES = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
}

# Nobody listens there: the key is in its file, and a forgery's fetch is refused at once.
API_URL = "https://localhost:9"

PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "a-sample-of-a-secret-key-that-is-long-enough-and-is-never-used",
    "ALLOWED_HOSTS": HOST,
    "PUBLIC_URL": f"https://{HOST}",
    "GAME_NAME": "Skyfall",
    "TOKEN_KEYS": "c2FtcGxlLXRva2VuLWtleS0zMi1ieXRlcy1sb25nLi4=",
    "KICK_ID_URL": API_URL,
    "KICK_API_URL": API_URL,
    "KICK_CLIENT_ID": "sample",
    "KICK_CLIENT_SECRET": "sample",
    "OIDC_ISSUER": "https://login.example.com",
    "OIDC_CLIENT_ID": "sample",
    "OIDC_CLIENT_SECRET": "sample",
    "BEHIND_TLS_PROXY": "1",
}


def production(database_url: str) -> dict[str, str]:
    return PRODUCTION | {"DATABASE_URL": database_url}


def socket_directory(database_url: str) -> str:
    """Where the cluster's Unix socket is, for drivers that do not read our URL."""
    return parse_qs(urlsplit(database_url).query)["host"][0]
