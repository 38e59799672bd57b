"""Settings that production accepts, and the names of those that it needs."""

PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": "only-for-this-test-" * 4,
    "ALLOWED_HOSTS": "drops.example.com",
    "PUBLIC_URL": "https://drops.example.com",
    "GAME_NAME": "Skyfall",
    "TOKEN_KEYS": "c2FtcGxlLXRva2VuLWtleS0zMi1ieXRlcy1sb25nLi4=",
    "KICK_CLIENT_ID": "app",
    "KICK_CLIENT_SECRET": "secret",
    "OIDC_ISSUER": "https://login.example.com",
    "OIDC_CLIENT_ID": "client",
    "OIDC_CLIENT_SECRET": "secret",
}
NEEDED = PRODUCTION.keys() - {"DEBUG"}
