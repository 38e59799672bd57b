import pytest

from core.text import displayable, is_storable


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Nova", "Nova"),
        ("  Nova\t\r\n", "Nova"),
        ("No\0va", "Nova"),
        ("No\ud800va", "Nova"),
        ("نجمة", "نجمة"),
        ("👩‍🚀", "👩‍🚀"),
        ("x" * 300, "x" * 200),
    ],
)
def test_displayable_drops_what_cannot_be_stored(name: str, shown: str) -> None:
    result = displayable(name)

    assert result == shown


@pytest.mark.parametrize(
    ("text", "expected"), [("a/b?c=%20", True), ("a\0b", False), ("a\udfffb", False)]
)
def test_is_storable(text: str, expected: bool) -> None:
    result = is_storable(text)

    assert result is expected


def test_displayable_drops_what_changes_the_direction() -> None:
    assert displayable("nova\u202e (1-tcca) nimda") == "nova (1-tcca) nimda"
