"""A small OpenID Connect issuer over a socket, with real keys, that can be told to misbehave."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID = "the-game"
CLIENT_SECRET = "its-secret"

Claims = dict[str, Any]


def new_key(kid: str = "key-1") -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class Issuer:
    url: str = ""
    key: RSAKey = field(default_factory=new_key)
    # Whom it says the person is, and how it may lie about that.
    account: Claims = field(default_factory=lambda: {"sub": "acct-7", "name": "Nova"})
    alter_claims: Callable[[Claims], Claims] = lambda claims: claims
    sign: "Callable[[Issuer, Claims], str] | None" = None
    alter_metadata: Callable[[Claims], Claims] = lambda metadata: metadata
    token_error: tuple[int, bytes] | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def consent(self, address: str) -> dict[str, str]:
        """The person agrees: what the browser is sent back with."""
        query = dict(parse_qsl(urlsplit(address).query))
        assert query["response_type"] == "code"
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return {"error": "invalid_request", "state": query["state"]}
        code = secrets.token_urlsafe(8)
        self.codes[code] = query
        return {"code": code, "state": query["state"]}

    def metadata(self) -> Claims:
        return self.alter_metadata(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    def tokens(self, form: dict[str, str], authorization: str) -> tuple[int, Claims]:
        query = self.codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if authorization != f"Basic {basic}":
            return 401, {"error": "invalid_client"}
        if query is None or challenge_of(form.get("code_verifier", "")) != query["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        id_token = self._id_token(query["nonce"])
        return 200, {
            "access_token": "an-access-token",
            "token_type": "Bearer",
            "expires_in": 3600,
            **({"id_token": id_token} if id_token else {}),
        }

    def _id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = self.alter_claims({**claims, **self.account})
        return (self.sign or signed)(self, claims)


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def signed(issuer: Issuer, claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": issuer.key.kid}, claims, issuer.key)


def signed_by_somebody_else(_issuer: Issuer, claims: Claims) -> str:
    return jwt.encode({"alg": "RS256", "kid": "key-1"}, claims, new_key())


def unsigned(_issuer: Issuer, claims: Claims) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join([*(_base64(json.dumps(part).encode()) for part in parts), ""])


def signed_with_the_public_key_as_hmac(issuer: Issuer, claims: Claims) -> str:
    """The classic confusion: the verifier's public key taken for a shared secret."""
    header = _base64(json.dumps({"alg": "HS256", "kid": "key-1"}).encode())
    payload = _base64(json.dumps(claims).encode())
    public_key = issuer.key.as_pem(private=False)
    mac = hmac.new(public_key, f"{header}.{payload}".encode(), hashlib.sha256).digest()
    return f"{header}.{payload}.{_base64(mac)}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@contextmanager
def running_issuer() -> Iterator[Issuer]:
    issuer = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.requests.append(self.path)
            if self.path == "/.well-known/openid-configuration":
                self._answer(200, json.dumps(issuer.metadata()).encode())
            elif self.path == "/jwks":
                keys = {"keys": [issuer.key.as_dict(private=False)]}
                self._answer(200, json.dumps(keys).encode())
            else:
                self._answer(404, b"{}")

        def do_POST(self) -> None:
            issuer.requests.append(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if issuer.token_error:
                return self._answer(*issuer.token_error)
            status, answer = issuer.tokens(
                dict(parse_qsl(body)), self.headers.get("Authorization", "")
            )
            return self._answer(status, json.dumps(answer).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield issuer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
