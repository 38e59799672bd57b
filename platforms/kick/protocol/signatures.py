"""Kick's webhook signature: RSASSA-PKCS1-v1_5 with SHA-256 over message id, timestamp and body.

Source: https://docs.kick.com/events/webhook-security
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

MAX_MESSAGE_ID_LENGTH = 255
MAX_TIMESTAMP_LENGTH = 64
MIN_KEY_BITS = 2048

SIGNATURE_HEADER = "Kick-Event-Signature"
MESSAGE_ID_HEADER = "Kick-Event-Message-ID"
TIMESTAMP_HEADER = "Kick-Event-Timestamp"
# Drops claims and Kick's other events use different names for the timestamp header.
EVENT_TIMESTAMP_HEADER = "Kick-Event-Message-Timestamp"
# Other events have it, drops claims don't. It isn't signed.
EVENT_TYPE_HEADER = "Kick-Event-Type"
# Nor are these two. A subscription's ID can't be guessed, though.
EVENT_VERSION_HEADER = "Kick-Event-Version"
SUBSCRIPTION_ID_HEADER = "Kick-Event-Subscription-ID"
HEADERS = (
    SIGNATURE_HEADER,
    MESSAGE_ID_HEADER,
    TIMESTAMP_HEADER,
    EVENT_TIMESTAMP_HEADER,
    EVENT_TYPE_HEADER,
    EVENT_VERSION_HEADER,
    SUBSCRIPTION_ID_HEADER,
)

(
    _SIGNATURE,
    _MESSAGE_ID,
    _TIMESTAMP,
    _EVENT_TIMESTAMP,
    _EVENT_TYPE,
    _EVENT_VERSION,
    _SUBSCRIPTION_ID,
) = map(str.lower, HEADERS)
# `datetime.fromisoformat` accepts text that isn't RFC 3339 (week dates, no offset, and 24:00:00
# from Python 3.14 on) and refuses some that is (a leap second, a lowercase z). So the grammar is
# stated here.
_HOUR_AND_MINUTE = r"(?:[01]\d|2[0-3]):[0-5]\d"
_RFC3339 = re.compile(
    rf"(?P<date>\d{{4}}-\d\d-\d\d)[Tt ](?P<minute>{_HOUR_AND_MINUTE}):(?P<second>[0-5]\d|60)"
    rf"(?P<fraction>\.\d+)?(?P<offset>[Zz]|[+-]{_HOUR_AND_MINUTE})",
    re.ASCII,
)
# datetime's precision. Go, in which Kick's servers are written, prints up to nine digits.
_FRACTION_LENGTH = len(".123456")
_PADDING = PKCS1v15()
_HASH = SHA256()


class HeaderError(ValueError):
    """A header of a delivery is missing or invalid. The message is one sentence."""


class SignatureMissing(HeaderError):
    """The delivery has no signature."""


@dataclass(frozen=True, slots=True)
class SignedDelivery:
    """The signed parts of a webhook request. The signature hasn't been verified yet."""

    message_id: str
    timestamp: str
    signature: str = field(repr=False)
    body: bytes = field(repr=False)
    event_type: str = ""
    event_version: str = ""
    subscription_id: str = ""

    @property
    def sent_at(self) -> datetime | None:
        """The time of sending, according to Kick, in UTC. None unless RFC 3339."""
        try:
            return parse_timestamp(self.timestamp)
        except ValueError:
            return None


def read_delivery(headers: Mapping[str, str], body: bytes) -> SignedDelivery:
    """Return the delivery in a request. Header names are case-insensitive.

    Raises HeaderError, or its subclass SignatureMissing if there is no signature.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    signature = lowered.get(_SIGNATURE)
    if not signature:
        raise SignatureMissing(f"The header {SIGNATURE_HEADER} is missing: expected a signature.")
    return SignedDelivery(
        message_id=_read_message_id(lowered.get(_MESSAGE_ID)),
        timestamp=_read_timestamp(lowered),
        signature=signature,
        body=body,
        event_type=lowered.get(_EVENT_TYPE, ""),
        event_version=lowered.get(_EVENT_VERSION, ""),
        subscription_id=lowered.get(_SUBSCRIPTION_ID, ""),
    )


def load_public_key(pem: str) -> RSAPublicKey:
    """Return the key in a PEM text. Raises ValueError unless it's RSA with at least 2048 bits."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("The text isn't a public key in PEM format.") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("The public key isn't an RSA key.")  # noqa: TRY004 - the value is wrong
    if key.key_size < MIN_KEY_BITS:
        raise ValueError(f"The RSA key has {key.key_size} bits: expected at least {MIN_KEY_BITS}.")
    return key


def verify(public_key: RSAPublicKey, delivery: SignedDelivery) -> bool:
    """Whether the owner of the key signed this delivery. A malformed signature returns False."""
    try:
        signature = base64.b64decode(delivery.signature, validate=True)
        signed = _signed_bytes(delivery.message_id, delivery.timestamp, delivery.body)
        public_key.verify(signature, signed, _PADDING, _HASH)
    except (InvalidSignature, ValueError):
        return False
    return True


def sign(private_key: RSAPrivateKey, *, message_id: str, timestamp: str, body: bytes) -> str:
    """Return the base64 signature of a delivery, as Kick sends it."""
    signed = _signed_bytes(message_id, timestamp, body)
    return base64.b64encode(private_key.sign(signed, _PADDING, _HASH)).decode()


def _signed_bytes(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _read_message_id(message_id: str | None) -> str:
    if not message_id:
        raise HeaderError(f"The header {MESSAGE_ID_HEADER} is missing or empty: expected an ID.")
    if len(message_id) > MAX_MESSAGE_ID_LENGTH:
        raise HeaderError(
            f"The header {MESSAGE_ID_HEADER} has {len(message_id)} characters: "
            f"expected at most {MAX_MESSAGE_ID_LENGTH}."
        )
    if not (message_id.isascii() and message_id.isprintable()):
        raise HeaderError(
            f"The header {MESSAGE_ID_HEADER} has a control character or a non-ASCII character: "
            "expected printable ASCII."
        )
    return message_id


def _read_timestamp(lowered: Mapping[str, str]) -> str:
    timestamp = lowered.get(_TIMESTAMP)
    event_timestamp = lowered.get(_EVENT_TIMESTAMP)
    if timestamp and event_timestamp and timestamp != event_timestamp:
        raise HeaderError(
            f"The headers {TIMESTAMP_HEADER} and {EVENT_TIMESTAMP_HEADER} disagree: "
            "expected the same time in both, or only one of them."
        )
    timestamp = timestamp or event_timestamp
    if not timestamp:
        raise HeaderError(f"The header {TIMESTAMP_HEADER} is missing: expected a timestamp.")
    # Any text that can be signed: the time is only used for a metric.
    if len(timestamp) > MAX_TIMESTAMP_LENGTH or not (
        timestamp.isascii() and timestamp.isprintable()
    ):
        raise HeaderError(
            f"The header {TIMESTAMP_HEADER} is {timestamp[:40]!a}: "
            f"expected at most {MAX_TIMESTAMP_LENGTH} printable ASCII characters."
        )
    return timestamp


def parse_timestamp(text: str) -> datetime:
    """Return the UTC time of an RFC 3339 text, to the microsecond.

    A leap second becomes the following second. Raises ValueError for any other text.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError("not an RFC 3339 timestamp")
    date, minute, second, fraction, offset = match.groups()
    leap = second == "60"
    clock = f"{minute}:{'59' if leap else second}{(fraction or '')[:_FRACTION_LENGTH]}"
    moment = datetime.fromisoformat(f"{date}T{clock}{offset.upper()}")
    try:
        moment = moment.astimezone(UTC)
        return moment + timedelta(seconds=1) if leap else moment
    except OverflowError as error:
        raise ValueError("the year isn't between 1 and 9999") from error
