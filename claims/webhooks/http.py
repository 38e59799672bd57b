"""Posts a message to an address. One connection is kept for the messages of one batch."""

import http.client
import socket
import ssl
import time
from dataclasses import dataclass
from functools import cache

from claims.webhooks.addresses import Target
from core.version import VERSION

TIMEOUT_SECONDS = 15.0
ANSWER_BYTES = 1024
USER_AGENT = f"studio-drops/{VERSION}"


@dataclass(frozen=True, slots=True)
class Answer:
    """`text`: at most 1 KB of the body. `retry_after` in seconds, if the server asked for it."""

    status: int
    text: str
    retry_after: float | None


class NoAnswer(Exception):
    """The server couldn't be reached, or didn't answer in time. The text says which."""


class Channel:
    """A connection to one address of a host. Not for several threads, except `abort`."""

    def __init__(self, target: Target, address: str) -> None:
        self._target = target
        self._address = address
        self._connection: http.client.HTTPConnection | None = None
        # When to give up the request that is under way. `abort_if_overdue` reads it.
        self._deadline: float | None = None
        self._is_aborted = False

    def post(self, headers: dict[str, str], body: bytes) -> Answer:
        """Send one request and read the start of its answer. Raises NoAnswer.

        A redirect is an answer like any other: it isn't followed.
        """
        self._deadline = time.monotonic() + TIMEOUT_SECONDS
        is_reused = self._connection is not None
        try:
            return self._post(headers, body)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            # The server may have closed a connection that was idle. That isn't its failure.
            if not is_reused or self._is_aborted:
                raise NoAnswer(self._reason(error)) from error
        try:
            return self._post(headers, body)
        except (http.client.HTTPException, OSError) as error:
            self.close()
            raise NoAnswer(self._reason(error)) from error
        finally:
            self._deadline = None

    def abort_if_overdue(self) -> None:
        """Called by another thread: each packet of a slow server restarts the socket's timeout."""
        deadline, connection = self._deadline, self._connection
        if deadline and time.monotonic() > deadline and connection and connection.sock:
            self._is_aborted = True
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def _post(self, headers: dict[str, str], body: bytes) -> Answer:
        connection = self._connection = self._connection or self._connect()
        connection.putrequest("POST", self._target.path, skip_host=True, skip_accept_encoding=True)
        every = {
            "Host": self._target.authority,
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }
        for name, value in (every | headers).items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        text = response.read(ANSWER_BYTES)
        if self._is_aborted:  # to the parser, it's only the end of the headers
            raise TimeoutError
        if not response.isclosed() or response.will_close:
            self.close()  # the rest of the answer isn't read
        wait = response.headers.get("Retry-After", "")
        return Answer(
            response.status,
            text.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}"),
            float(wait) if wait.isascii() and wait.isdecimal() and len(wait) < 7 else None,
        )

    def _connect(self) -> http.client.HTTPConnection:
        """Connect to the checked address, and to no other that the name may have by now."""
        plain = socket.create_connection((self._address, self._target.port), TIMEOUT_SECONDS)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = http.client.HTTPConnection(self._target.host, self._target.port)
        connection.sock = plain
        if self._target.scheme == "https":
            encrypted = _tls().wrap_socket(
                plain, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            # Kept before the handshake, so that one that hangs can be aborted, too.
            connection.sock, self._connection = encrypted, connection
            encrypted.do_handshake()
        return connection

    def _reason(self, error: Exception) -> str:
        if self._is_aborted or isinstance(error, TimeoutError):
            return "No answer within 15 seconds."
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"The certificate isn't valid: {error.verify_message}."
        if isinstance(error, ConnectionRefusedError):
            return "The connection was refused."
        return f"The connection failed ({type(error).__name__})."


@cache
def _tls() -> ssl.SSLContext:
    """Verifies certificates with the system's authorities, or with those of SSL_CERT_FILE."""
    return ssl.create_default_context()
