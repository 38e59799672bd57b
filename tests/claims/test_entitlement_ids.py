"""The ids of entitlements on the wire, whatever their claim and SKU are called."""

from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from claims.entitlement_ids import entitlement_id, parse_entitlement_id

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(NAMES, NAMES)
@example("01K0CLAIM:%2F ü\n", "a~b.c-d_e")
@example("plain", "plain\n")
def test_an_id_is_percent_encoded_and_read_back(claim_id: str, sku: str) -> None:
    text = entitlement_id(claim_id, sku)

    assert text == f"{quote(claim_id, safe='')}:{quote(sku, safe='')}"
    assert parse_entitlement_id(text) == (claim_id, sku)


@pytest.mark.parametrize("text", ["a:b:c", "a:%2f", "a:%61", "a:b c", "a", "a:%00", "a:%ff", "a:ü"])
def test_what_is_written_otherwise_is_no_id(text: str) -> None:
    assert parse_entitlement_id(text) is None
