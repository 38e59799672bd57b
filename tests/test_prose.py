"""The prose is plain English, measured by turns of phrase that ours once had too often.

Each limit is twice the highest rate among five codebases that are easy to read: healthchecks,
anymail, procrastinate, job-server and warehouse. Rates are per 10,000 words.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.prose import (
    REPOSITORY,
    Passage,
    all_passages,
    doc_lines,
    read_passages,
    tracked_files,
)


class Habit(NamedTuple):
    """A turn of phrase to avoid. `highest` is its highest rate among the five codebases."""

    name: str
    instead: str
    highest: float
    phrase: str

    @property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(rf"\b(?:{self.phrase})\b".replace(" ", r"\s+"), re.IGNORECASE)


HABITS = [
    Habit(
        "what is, what was",
        "a noun, such as “held claims” or “granted items”",
        4.7,
        "what (?:is|was|are|were|has|have|had|does|it|they|he|she|you|we|i|one|can|cannot|may|must"
        "|the|a|an|no|kick|staff|players?|game)",
    ),
    Habit(
        "nobody, somebody, whoever, whatever",
        "“no one”, “not found” or “none yet”",
        1.2,
        "nobody|somebody|whoever|whatever",
    ),
    Habit(
        "hand out, take back",
        "“deliver” or “fulfil”; “revoke”",
        0.1,
        "hand(?:s|ed|ing)? (?:(?:it|them|this) )?out"
        "|(?:tak(?:e|es|en|ing)|took) (?:(?:it|them|this) )?back",
    ),
    Habit(
        "of its own, of ours, of Kick's",
        "“our” or “custom”",
        0.2,
        "of (?:its|our|their|his|her|a|an|my|your) own|of (?:ours|theirs)"
        # “A key of Kick's” without a noun after it; “the size of Kick's keys” is fine.
        "|of kick[’']s(?! \\w)|of kick[’']s (?:and|as|in|is|on|or|that|to|was|which)",
    ),
    Habit(
        "the next one, the last ones",
        "the noun, such as “the next page” or “the last claim”",
        3.6,
        "(?:the|an?) [a-z-]+ ones?",
    ),
    Habit("alone", "“only”", 0.7, "alone"),
    Habit(
        "is said, told, had, seen to",
        "“sent”, “received” or “fetched”",
        0.1,
        "(?:is|are|was|were|be|been|being) (?:said|told|had|seen to)",
    ),
    Habit("mend, cure", "“fix”, “resolve” or “next step”", 0.1, "mend(?:s|ed|ing)?|cure[sd]?"),
    Habit("by itself, by themselves", "“automatically”", 0.2, "by (?:itself|themselves)"),
    # Not measured in the five codebases.
    Habit("Were it …", "“if”", 0.0, "(?-i:Were) (?:it|they|he|she|the|an?|this|that|there|one)"),
]

CONTRACTION = re.compile(
    r"\b(?:\w+n[’']t|\w+[’'](?:ll|re|ve)|i[’']m|(?:it|that|there|here|let|what|who)[’']s)\b",
    re.IGNORECASE,
)
NOT_CONTRACTED = re.compile(
    r"\b(?:cannot|(?:is|are|was|were|do|does|did|has|have|had|can|could|should|would)\s+not)\b",
    re.IGNORECASE,
)
# The lowest rate among the five codebases.
FEWEST_CONTRACTIONS = 18.0

WORD = re.compile(r"[A-Za-z][A-Za-z’']*")
LONGEST_LINE = 100


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.name)
def test_prose_habit_is_rare(habit: Habit) -> None:
    words = _count_words()
    limit = 2 * habit.highest

    places = list(_find(habit.pattern, all_passages()))

    rate = 10_000 * len(places) / words
    if rate > limit:
        title = (
            f"“{habit.name}”: {len(places)} places in {words:,} words. That is {rate:.1f} per"
            f" 10,000, the limit is {limit:.1f}: at most {int(limit * words / 10_000)} places."
        )
        pytest.fail("\n".join([title, f"Write {habit.instead}.", *places]), pytrace=False)


def test_prose_has_contractions() -> None:
    words = _count_words()
    found = sum(1 for _ in _find(CONTRACTION, all_passages()))

    rate = 10_000 * found / words

    if rate < FEWEST_CONTRACTIONS:
        title = (
            f"Contractions: {found} in {words:,} words. That is {rate:.1f} per 10,000, at least"
            f" {FEWEST_CONTRACTIONS:.1f} are expected. Write “don't”, “can't” and “isn't”."
        )
        places = _find(NOT_CONTRACTED, all_passages())
        pytest.fail("\n".join([title, *places]), pytrace=False)


def test_docs_lines_are_short() -> None:
    files = [file for file in tracked_files() if file.endswith(".md")]

    too_long = [place for file in files for place in _long_lines(file)]

    if too_long:
        title = f"{len(too_long)} lines of docs have more than {LONGEST_LINE} characters."
        pytest.fail("\n".join([title, *too_long]), pytrace=False)


@pytest.mark.parametrize(
    ("file", "source", "found"),
    [
        ("a.py", '"""One.\n\nOf its\nown."""\n', ["a.py:3: Of its own"]),
        ("a.py", "x = 1\n# A way of\n# its own\n", ["a.py:2: of its own"]),
        ("a.py", 'x = _(\n    "One of its"\n    " own."\n)\n', ["a.py:2: of its own"]),
        ("a.py", 'x = ngettext("of its own", "of their own", n)\n', ["a.py:1: of its own", "…"]),
        ("a.py", 'x = "of its own"\n', []),
        ("a.md", "A key\nof its own.\n", ["a.md:2: of its own"]),
        ("a.md", "Text\n\n    of its own\n\n```\nof its own\n```\n", []),
        ("a.md", "- Text\n\n    of its own\n", ["a.md:3: of its own"]),
        ("a.html", '\n<a title="{% translate "of its own" %}">\n', ["a.html:2: of its own"]),
        ("a.html", "{% blocktranslate %}\nof its own{% endblocktranslate %}", ["a.html:2: …"]),
        ("a.html", "<p>\n{# of its own #}\n", ["a.html:2: of its own"]),
        ("a.css", "a {}\n/* of its\nown */", ["a.css:2: of its own"]),
        ("a.yml", "a: 1  # of its own\n", ["a.yml:1: of its own"]),
        ("Makefile", "# of its\n# own\n", ["Makefile:1: of its own"]),
    ],
)
def test_find_names_the_place(file: str, source: str, found: list[str]) -> None:
    pattern = re.compile(r"of\s+(?:its|their)\s+own", re.IGNORECASE)

    places = list(_find(pattern, read_passages(file, source)))

    assert len(places) == len(found)
    for place, expected in zip(places, found, strict=True):
        assert place.startswith(expected.removesuffix("…"))


def _find(pattern: re.Pattern[str], passages: tuple[Passage, ...] | list[Passage]) -> Iterator[str]:
    for passage in passages:
        for match in pattern.finditer(passage.text):
            line = passage.line + passage.text.count("\n", 0, match.start())
            yield f"{passage.file}:{line}: {' '.join(match[0].split())}"


def _count_words() -> int:
    return sum(len(WORD.findall(passage.text)) for passage in all_passages())


def _long_lines(file: str) -> Iterator[str]:
    source = (REPOSITORY / file).read_text(encoding="utf-8")
    for number, (line, is_prose) in enumerate(doc_lines(source), start=1):
        if is_prose and len(line) > LONGEST_LINE and not line.lstrip().startswith("|"):
            yield f"{file}:{number}: {len(line)} characters"
