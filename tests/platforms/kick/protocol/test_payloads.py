import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platforms.kick.protocol.errors import KickMalformed
from platforms.kick.protocol.payloads import (
    ClaimPayload,
    PayloadError,
    is_other_event,
    parse_claim,
    parse_claims_page,
)

CLAIM = {
    "claim_id": "01K0TDDR08Q5ZNWXK92VRXD7GW",
    "user_id": 1234,
    "campaign_id": "01JAXK8N4QWRTY5PM7ZEBVJDS8S",
    "reward_id": "01JAXK8N4QWRTY5PM7ZEBVGH2S",
    "external_id": "sword",
}
JSON_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())
)
USER = {"user_id": 5, "username": "someone", "channel_slug": "someone"}
OTHER_EVENTS = {
    "chat.message.sent": {"message_id": "m", "broadcaster": USER, "sender": USER, "content": "hi"},
    "channel.followed": {"broadcaster": USER, "follower": USER},
    "channel.subscription.renewal": {"broadcaster": USER, "subscriber": USER, "duration": 3},
    "channel.subscription.gifts": {"broadcaster": USER, "gifter": USER, "giftees": [USER]},
    "channel.subscription.new": {"broadcaster": USER, "subscriber": USER, "duration": 1},
    "channel.reward.redemption.updated": {"id": "r", "redeemer": USER, "broadcaster": USER},
    "livestream.status.updated": {"broadcaster": USER, "is_live": True, "title": "live"},
    "livestream.metadata.updated": {"broadcaster": USER, "metadata": {"title": "live"}},
    "moderation.banned": {"broadcaster": USER, "moderator": USER, "banned_user": USER},
    "kicks.gifted": {"broadcaster": USER, "sender": USER, "gift": {"amount": 500}},
}


def body_with(**fields: object) -> bytes:
    return json.dumps(CLAIM | fields).encode()


def raw_body(field: str, raw: str) -> bytes:
    """A claim with this very text as the value of one field."""
    return body_with(**{field: "@@"}).replace(b'"@@"', raw.encode())


def test_parse_claim_with_every_field() -> None:
    claim = parse_claim(body_with())

    assert claim == ClaimPayload(
        claim_id="01K0TDDR08Q5ZNWXK92VRXD7GW",
        user_id="1234",
        campaign_id="01JAXK8N4QWRTY5PM7ZEBVJDS8S",
        reward_id="01JAXK8N4QWRTY5PM7ZEBVGH2S",
        external_id="sword",
    )
    assert {type(value) for value in (claim.user_id, claim.claim_id)} == {str}


@pytest.mark.parametrize("user_id", [0, 2**53 + 1, 2**63, 2**64 - 1])
def test_parse_claim_takes_all_of_uint64(user_id: int) -> None:
    assert parse_claim(body_with(user_id=user_id)).user_id == str(user_id)


@pytest.mark.parametrize("external_id", ["", None])
def test_parse_claim_external_id_empty_or_null(external_id: str | None) -> None:
    assert parse_claim(body_with(external_id=external_id)).external_id == ""


@pytest.mark.parametrize("user_id", ["0", "7", "18446744073709551615"])
def test_parse_claim_user_id_as_text(user_id: str) -> None:
    assert parse_claim(body_with(user_id=user_id)).user_id == user_id


@pytest.mark.parametrize(
    ("external_id", "kept"),
    [(3, ""), ({"a": 1}, ""), (["a"], ""), (True, ""), ("\0", ""), ("x" * 300, "x" * 255)],
)
def test_parse_claim_is_not_lost_for_an_odd_external_id(external_id: object, kept: str) -> None:
    assert parse_claim(body_with(external_id=external_id)).external_id == kept


def test_parse_claim_external_id_absent() -> None:
    fields = {name: value for name, value in CLAIM.items() if name != "external_id"}

    assert parse_claim(json.dumps(fields).encode()).external_id == ""


@pytest.mark.parametrize("claim_id", ["x", "9" * 64, "🎁" * 64, "no ulid at all", "01k0tddr08"])
def test_parse_claim_takes_ids_as_opaque(claim_id: str) -> None:
    assert parse_claim(body_with(claim_id=claim_id)).claim_id == claim_id


@pytest.mark.parametrize("raw", ['{"a": {"b": [1, 2.5, null]}}', "9" * 5000, "1e999", '"\\ud800"'])
def test_parse_claim_ignores_unknown_fields(raw: str) -> None:
    assert parse_claim(raw_body("brand_new", raw)) == parse_claim(body_with())


# The body, and what its sentence must say.
BAD_BODIES = {
    "empty": (b"", "body is empty"),
    "invalid UTF-8": (b'{"claim_id": "\xff"}', "isn't valid UTF-8 at offset 14"),
    "UTF-16": ("{}".encode("utf-16-le"), "isn't JSON"),
    "byte order mark": (b"\xef\xbb\xbf{}", "isn't JSON"),
    "not JSON": (b"claim_id=1", "isn't JSON"),
    "truncated": (body_with()[:-9], "isn't JSON"),
    "two values": (body_with() * 2, "isn't JSON"),
    "NaN": (raw_body("user_id", "NaN"), "NaN"),
    "Infinity": (raw_body("user_id", "Infinity"), "Infinity"),
    "minus Infinity in an unknown field": (raw_body("x", "-Infinity"), "-Infinity"),
    "duplicate key": (b'{"claim_id": "a", "claim_id": "b"}', 'key "claim_id" appears twice'),
    "duplicate key, escaped": (b'{"claim_id": "a", "claim\\u005fid": "b"}', "appears twice"),
    "duplicate key, deep": (raw_body("x", '[{"a": {"b": 1, "b": 1}}]'), 'key "b" appears twice'),
    "nested without an end": (b"[" * 60_000, "isn't JSON"),
    "array": (b"[]", "an array: expected a JSON object"),
    "number": (b"7", "the number 7: expected a JSON object"),
    "text": (b'"claim"', 'the text "claim": expected a JSON object'),
    "null": (b"null", "null: expected a JSON object"),
    "claim_id missing": (b"{}", "claim_id is missing: expected text of 1 to 64"),
    "user_id missing": (b'{"claim_id": "a"}', "user_id is missing: expected a whole"),
    "user_id null": (body_with(user_id=None), "user_id is null: expected"),
    "user_id bool": (body_with(user_id=True), "user_id is the boolean true: expected"),
    "user_id float": (body_with(user_id=1.0), "user_id is the number 1.0: expected"),
    "user_id with exponent": (raw_body("user_id", "1e3"), "user_id is the number 1000.0: expected"),
    "user_id negative": (body_with(user_id=-1), "user_id is the number -1: expected"),
    "user_id padded": (body_with(user_id=" 12"), 'user_id is the text " 12": expected a whole'),
    "user_id with zeros": (body_with(user_id="012"), 'user_id is the text "012": expected'),
    "user_id text too big": (body_with(user_id=str(2**64)), "user_id is the number 184467"),
    "user_id too big": (body_with(user_id=2**64), "user_id is the number 18446744073709551616"),
    "user_id of 21 digits": (raw_body("user_id", "1" * 21), "the number 1.1111111111111111e+20"),
    "user_id huge": (raw_body("user_id", "9" * 9000), "the number Infinity: expected"),
    "user_id object": (body_with(user_id={}), "user_id is an object: expected"),
    "claim_id number": (body_with(claim_id=5), "claim_id is the number 5: expected text"),
    "claim_id null": (body_with(claim_id=None), "claim_id is null: expected text"),
    "claim_id array": (body_with(claim_id=[]), "claim_id is an array: expected text"),
    "claim_id empty": (body_with(claim_id=""), 'claim_id is the text "": expected text of 1'),
    "claim_id long": (body_with(claim_id="x" * 65), "has 65 characters: expected at most 64"),
    "claim_id NUL": (
        body_with(claim_id="a\0"),
        'claim_id is the text "a\\u0000", which has a control',
    ),
    "raw NUL": (raw_body("claim_id", '"a\0"'), "Invalid control character at offset"),
    "campaign_id surrogate": (body_with(campaign_id="\ud800"), "half of a surrogate pair"),
    "reward_id bool": (body_with(reward_id=False), "reward_id is the boolean false"),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_parse_claim_bad_body_has_its_sentence(case: str) -> None:
    body, expected = BAD_BODIES[case]

    with pytest.raises(PayloadError) as refusal:
        parse_claim(body)

    sentence = str(refusal.value)
    assert expected in sentence
    assert len(sentence) < 200
    assert sentence.endswith(".")
    assert sentence.replace("…", "").isascii()


@pytest.mark.parametrize("depth", [40, 500, 1000, 10_000])
def test_parse_claim_nested_deep_is_read_or_refused(depth: int) -> None:
    """How deep is too deep depends on Python's version. It must not end in a RecursionError."""
    body = raw_body("x", '{"a":[' * depth + "1" + "]}" * depth)

    try:
        claim = parse_claim(body)
    except PayloadError as error:
        assert depth > 40
        assert "nested too deep" in str(error)  # noqa: PT017 (some versions read it)
    else:
        assert claim == parse_claim(body_with())
    assert is_other_event(body) is False


def test_parse_claim_brackets_in_text_are_no_nesting() -> None:
    assert parse_claim(body_with(external_id="[" * 255)).external_id == "[" * 255


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_parse_claim_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(PayloadError):
        parse_claim(body)
    assert is_other_event(body) in (True, False)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(list(CLAIM)), JSON_VALUES))
def test_parse_claim_any_fields_are_read_or_refused(fields: dict[str, object]) -> None:
    body = body_with(**fields)

    try:
        claim = parse_claim(body)
    except PayloadError:
        return

    assert 0 <= int(claim.user_id) < 2**64
    assert all(0 < len(value) <= 64 for value in (claim.claim_id, claim.reward_id))


@pytest.mark.parametrize("event", OTHER_EVENTS)
def test_is_other_event_for_each_of_kicks(event: str) -> None:
    assert is_other_event(json.dumps(OTHER_EVENTS[event]).encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"not json",
        body_with(),
        body_with(claim_id=5, broadcaster=USER, is_live=True),
        json.dumps({"broadcaster": "text", "is_live": True}).encode(),
        json.dumps({"broadcaster": USER}).encode(),
    ],
)
def test_is_other_event_not_for_anything_else(body: bytes) -> None:
    assert not is_other_event(body)


def page_of(*entries: str, cursor: str = '"next"') -> bytes:
    claims = ", ".join(entries)
    return f'{{"data": {{"claims": [{claims}], "cursor": {cursor}}}, "message": "OK"}}'.encode()


def test_parse_claims_page_with_every_field() -> None:
    entry = CLAIM | {
        "external_status": "initiated",
        "created_at": "2026-06-23T12:00:00.123456789+02:00",
        "updated_at": "2026-06-23T12:00:00Z",
    }

    page = parse_claims_page(page_of(json.dumps(entry)))

    (claim,) = page.claims
    assert claim.payload == parse_claim(body_with())
    assert claim.external_status == "initiated"
    assert claim.created_at == datetime(2026, 6, 23, 10, 0, 0, 123456, UTC)
    assert claim.updated_at == datetime(2026, 6, 23, 12, tzinfo=UTC)
    assert page.cursor == "next"
    assert not page.unusable


@pytest.mark.parametrize("time", [None, "yesterday", 5, ["2026-06-23T12:00:00Z"]])
def test_parse_claims_page_odd_times_and_status_lose_no_claim(time: object) -> None:
    entry = CLAIM | {"external_status": 5, "created_at": time}

    (claim,) = parse_claims_page(page_of(json.dumps(entry))).claims

    assert (claim.external_status, claim.created_at, claim.updated_at) == ("", None, None)


BAD_ENTRIES = {
    "user_id padded": ('{"claim_id": "c", "user_id": " 12"}', "c", 'the text " 12"'),
    "user_id NaN": ('{"claim_id": "c", "user_id": NaN}', "c", "the number NaN"),
    "huge": (f'{{"claim_id": "c", "user_id": {"9" * 5000}}}', "c", "the number Infinity"),
    "duplicate key": ('{"claim_id": "c", "claim_id": "d"}', "d", "appears twice"),
    "surrogate": ('{"claim_id": "\\ud800"}', "", "surrogate"),
    "too long": (f'{{"claim_id": "{"x" * 65}"}}', "", "65 characters"),
    "no object": ("[1.5, true, null, {}]", "", "an array"),
    "null": ("null", "", "null"),
}
# Their text isn't kept as it was.
RAW_READ_AS = {
    "huge": '{"claim_id": "c", "user_id": Infinity}',
    "duplicate key": '{"claim_id": "d"}',
}


@pytest.mark.parametrize("case", BAD_ENTRIES)
def test_parse_claims_page_bad_entry_spoils_nothing_else(case: str) -> None:
    raw, claim_id, reason = BAD_ENTRIES[case]
    good = json.dumps(CLAIM)

    page = parse_claims_page(page_of(good, raw, good))

    (unusable,) = page.unusable
    assert len(page.claims) == 2
    assert len(page) == 3
    assert unusable.claim_id == claim_id
    assert unusable.raw == RAW_READ_AS.get(case, raw).encode()
    assert reason in unusable.reason


@pytest.mark.parametrize("cursor", ['""', "null"])
def test_parse_claims_page_without_cursor(cursor: str) -> None:
    assert parse_claims_page(page_of(cursor=cursor)).cursor == ""


def test_parse_claims_page_claims_null_is_empty() -> None:
    assert len(parse_claims_page(b'{"data": {"claims": null}}')) == 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"data": null}',
        b'{"data": []}',
        b'{"data": {}}',
        b'{"data": {"claims": {"a": 1}}}',
        b'{"data": {"claims": [], "cursor": 5}}',
        page_of(json.dumps(CLAIM))[:-20],
        b"[" * 5000,
    ],
)
def test_parse_claims_page_no_page_at_all(body: bytes) -> None:
    with pytest.raises(KickMalformed):
        parse_claims_page(body)
