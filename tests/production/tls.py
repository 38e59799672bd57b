"""A proxy that ends TLS before a plain server, with certificates of an authority of its own."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

# Of one connection alone, or set by the proxy itself.
NOT_PASSED_ON = {"connection", "keep-alive", "transfer-encoding", "content-length"}
SET_BY_PROXY = {"x-forwarded-proto", "x-forwarded-for"}


@dataclass(frozen=True)
class Certificates:
    """`authority` is for those who connect; `server` has the chain and the key of `localhost`."""

    authority: Path
    server: Path


def make_certificates(directory: Path) -> Certificates:
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = _certificate("Test authority", authority_key, issuer_key=authority_key)
    server = _certificate("localhost", server_key, issuer_key=authority_key, issuer=authority)
    made = Certificates(directory / "authority.pem", directory / "server.pem")
    made.authority.write_bytes(_pem(authority))
    made.server.write_bytes(_pem(server) + _private_pem(server_key))
    return made


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer_key: ec.EllipticCurvePrivateKey,
    issuer: x509.Certificate | None = None,
) -> x509.Certificate:
    """With all that OpenSSL's strict verification asks for; an authority without `issuer`."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
    )
    for extension, is_critical in _extensions(name, key, issuer_key, is_authority=issuer is None):
        builder = builder.add_extension(extension, critical=is_critical)
    return builder.sign(issuer_key, hashes.SHA256())


def _extensions(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> Iterator[tuple[x509.ExtensionType, bool]]:
    yield x509.BasicConstraints(ca=is_authority, path_length=None), True
    yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False
    names = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    unused = dict.fromkeys((*names, "crl_sign", "encipher_only", "decipher_only"), False)
    yield (
        x509.KeyUsage(digital_signature=not is_authority, key_cert_sign=is_authority, **unused),
        True,
    )
    if not is_authority:
        yield x509.SubjectAlternativeName([x509.DNSName(name)]), False
        yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@contextmanager
def tls_proxy(certificates: Certificates, *, port: int) -> Iterator[str]:
    """The https address of a proxy before what listens, now or later, on 127.0.0.1:`port`."""

    class Handler(_Proxy):
        upstream = port

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server)
    # The handshake is the handling thread's: one slow client must not keep the others waiting.
    server.socket = context.wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Proxy(BaseHTTPRequestHandler):
    upstream = 0
    timeout = 30

    def pass_on(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        # Whoever asked may have gone in the meantime.
        with suppress(OSError):
            self._answer(*self._ask_upstream(content))

    def _ask_upstream(self, content: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection("127.0.0.1", self.upstream, timeout=30)
        try:
            connection.request(self.command, self.path, content, self._headers_to_pass_on())
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except (OSError, HTTPException):
            return 502, [], b"Nobody listens behind this proxy."
        finally:
            connection.close()

    do_GET = do_POST = do_PATCH = pass_on  # noqa: N815 (http.server's names)

    def _headers_to_pass_on(self) -> dict[str, str]:
        dropped = NOT_PASSED_ON | SET_BY_PROXY
        passed = {name: text for name, text in self.headers.items() if name.lower() not in dropped}
        return passed | {"X-Forwarded-Proto": "https", "X-Forwarded-For": self.client_address[0]}

    def _answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        self.send_response_only(status)
        for name, text in headers:
            if name.lower() not in NOT_PASSED_ON:
                self.send_header(name, text)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        pass
