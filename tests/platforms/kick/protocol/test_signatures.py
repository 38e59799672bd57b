import base64
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platforms.kick.protocol.signatures import (
    HeaderError,
    SignatureMissing,
    SignedDelivery,
    load_public_key,
    read_delivery,
    verify,
)
from tests.platforms.kick.protocol.keys import (
    BODY,
    MESSAGE_ID,
    TIMESTAMP,
    delivery_signed_by,
    pem_of,
    private_key,
)

# The key that Kick documents.
DOCUMENTED_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAq/+l1WnlRrGSolDMA+A8
6rAhMbQGmQ2SapVcGM3zq8ANXjnhDWocMqfWcTd95btDydITa10kDvHzw9WQOqp2
MZI7ZyrfzJuz5nhTPCiJwTwnEtWft7nV14BYRDHvlfqPUaZ+1KR4OCaO/wWIk/rQ
L/TjY0M70gse8rlBkbo2a8rKhu69RQTRsoaf4DVhDPEeSeI5jVrRDGAMGL3cGuyY
6CLKGdjVEM78g3JfYOvDU/RvfqD7L89TZ3iN94jrmWdGz34JNlEI5hqK8dd7C5EF
BEbZ5jgB8s8ReQV8H+MkuffjdAj3ajDDX3DOJMIut1lBrUVD1AaSrGCKHooWoL2e
twIDAQAB
-----END PUBLIC KEY-----"""
HEADERS = {
    "Kick-Event-Signature": "c2lnbmF0dXJl",
    "Kick-Event-Message-ID": MESSAGE_ID,
    "Kick-Event-Timestamp": TIMESTAMP,
}


def headers_with(**changes: str | None) -> dict[str, str]:
    changed = HEADERS | {f"Kick-Event-{name.replace('_', '-')}": v for name, v in changes.items()}
    return {name: value for name, value in changed.items() if value is not None}


def test_verify_own_signature() -> None:
    key = private_key("kick")

    assert verify(key.public_key(), delivery_signed_by(key))


@pytest.mark.parametrize(
    "change",
    [
        {"body": BODY + b" "},
        {"message_id": MESSAGE_ID.lower()},
        {"timestamp": "2026-06-23T12:00:01Z"},
        {"message_id": f"{MESSAGE_ID}.2026-06-23T12:00:00Z", "timestamp": ""},
        {"signature": ""},
        {"signature": "not base64!"},
        {"signature": "é"},
        {"signature": base64.b64encode(bytes(256)).decode()},
        {"message_id": "\ud800"},
    ],
)
def test_verify_refuses_what_was_changed(change: dict[str, object]) -> None:
    key = private_key("kick")

    assert not verify(key.public_key(), replace(delivery_signed_by(key), **change))


def test_verify_refuses_another_key() -> None:
    delivery = delivery_signed_by(private_key("another"))

    assert not verify(private_key("kick").public_key(), delivery)


def test_delivery_keeps_signature_and_body_out_of_its_repr() -> None:
    delivery = delivery_signed_by(private_key("kick"))

    assert delivery.signature not in repr(delivery)
    assert "claim_id" not in repr(delivery)


def test_load_public_key_that_kick_documents() -> None:
    assert load_public_key(DOCUMENTED_KEY).key_size == 2048


def test_load_public_key_too_short() -> None:
    with pytest.raises(ValueError, match="1024 bits: expected at least 2048"):
        load_public_key(pem_of(private_key("short", bits=1024)))


def test_load_public_key_not_rsa() -> None:
    pem = (
        ed25519.Ed25519PrivateKey.generate()
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )

    with pytest.raises(ValueError, match="isn't an RSA key"):
        load_public_key(pem.decode())


@pytest.mark.parametrize("pem", ["", "key", "\ud800", DOCUMENTED_KEY[:-60], "<html></html>"])
def test_load_public_key_no_key_at_all(pem: str) -> None:
    with pytest.raises(ValueError, match="isn't a public key in PEM"):
        load_public_key(pem)


@pytest.mark.parametrize("case", [str.lower, str.upper, str])
@pytest.mark.parametrize("name", ["Kick-Event-Timestamp", "Kick-Event-Message-Timestamp"])
def test_read_delivery_takes_either_timestamp_in_any_case(case: type[str], name: str) -> None:
    headers = headers_with(Timestamp=None) | {name: TIMESTAMP}

    delivery = read_delivery({case(key): value for key, value in headers.items()}, BODY)

    assert delivery == SignedDelivery(MESSAGE_ID, TIMESTAMP, "c2lnbmF0dXJl", BODY)
    assert delivery.sent_at.isoformat() == "2026-06-23T12:00:00+00:00"


def test_read_delivery_both_timestamps_agree() -> None:
    headers = headers_with(Message_Timestamp=TIMESTAMP)

    assert read_delivery(headers, BODY).timestamp == TIMESTAMP


@pytest.mark.parametrize("signature", [None, ""])
def test_read_delivery_unsigned(signature: str | None) -> None:
    with pytest.raises(SignatureMissing, match="Kick-Event-Signature is missing"):
        read_delivery(headers_with(Signature=signature), BODY)


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        (headers_with(Message_ID=None), "Message-ID is missing or empty"),
        (headers_with(Message_ID=""), "Message-ID is missing or empty"),
        (headers_with(Message_ID="x" * 256), "256 characters: expected at most 255"),
        (headers_with(Message_ID="a\0b"), "control character"),
        (headers_with(Message_ID="a\tb"), "control character"),
        (headers_with(Message_ID="é"), "non-ASCII"),
        (headers_with(Timestamp=None), "Kick-Event-Timestamp is missing"),
        (headers_with(Timestamp=""), "Kick-Event-Timestamp is missing"),
        (headers_with(Timestamp="x" * 65), "expected at most 64 printable ASCII characters"),
        (headers_with(Timestamp="\ud800" * 9), "expected at most 64 printable ASCII characters"),
        (headers_with(Message_Timestamp="2026-06-23T12:00:01Z"), "disagree"),
    ],
)
def test_read_delivery_bad_header_has_its_sentence(headers: dict[str, str], sentence: str) -> None:
    with pytest.raises(HeaderError, match=sentence) as refusal:
        read_delivery(headers, BODY)

    assert not isinstance(refusal.value, SignatureMissing)
    assert str(refusal.value).isascii()


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from([*HEADERS, "Kick-Event-Message-Timestamp"]), st.text()))
def test_read_delivery_any_header_is_read_or_refused(headers: dict[str, str]) -> None:
    try:
        delivery = read_delivery(HEADERS | headers, BODY)
    except HeaderError:
        return

    assert not verify(private_key("kick").public_key(), delivery)
