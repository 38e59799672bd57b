"""Collects the prose of the repository: docs, docstrings, comments, pages, translated strings."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parent.parent
# Tests quote the text that they check; the others aren't written by us or aren't text.
SKIPPED = re.compile(
    r"(^|/)(tests|migrations)/|(\.lock|-lock\.json)$|^LICENSE$"
    r"|\.(gif|ico|jpg|mo|png|svg|webp|woff2)$"
)

TRANSLATES = re.compile(r"_|n?p?gettext(_lazy|_noop)?")
BETWEEN_STRINGS = re.compile(r"""(["'])[ \t]*(\n\s*)[bfruBFRU]*\1""")
HASH_COMMENT = re.compile(r"(?:^|\s)# +(.*)")
SLASH_COMMENT = re.compile(r"/\*(.*?)\*/|(?:^|\s)//(.*?)$", re.MULTILINE | re.DOTALL)

FENCED = re.compile(r"^ *(```|~~~).*?^ *\1", re.MULTILINE | re.DOTALL)
LIST_ITEM = re.compile(r" *([-*+]|\d+\.) ")

TAG_TRANSLATION = re.compile(
    r"""\{%\s*trans(?:late)?\s+(["'])(.*?)\1|\b_\((["'])(.*?)\3\)""", re.DOTALL
)
TEMPLATE_COMMENT = re.compile(r"\{#(.*?)#\}|<!--(.*?)-->", re.DOTALL)
NOT_PAGE_TEXT = re.compile(
    r"<(script|style)\b.*?</\1>|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<!--.*?-->|<[^>]*>", re.DOTALL
)


class Passage(NamedTuple):
    """A stretch of prose that starts on `line` of `file` and has the file's line breaks."""

    file: str
    line: int
    text: str


def tracked_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    ).stdout
    files = [name for name in listed.split("\0") if name and not SKIPPED.search(name)]
    return [name for name in files if (REPOSITORY / name).is_file()]


@cache
def all_passages() -> tuple[Passage, ...]:
    return tuple(
        passage
        for file in tracked_files()
        for passage in read_passages(file, (REPOSITORY / file).read_text(encoding="utf-8"))
    )


def read_passages(file: str, source: str) -> list[Passage]:
    match Path(file).suffix:
        case ".py":
            found = [*_python_strings(source), *_joined(_python_comments(source))]
        case ".md" if "\n**Superseded by" in source:
            found = []  # an overtaken decision keeps its original words
        case ".md":
            found = [(1, "\n".join(is_prose * line for line, is_prose in doc_lines(source)))]
        case ".html":
            page_text = NOT_PAGE_TEXT.sub(_blanked, source)
            found = [*_groups(TAG_TRANSLATION, source), *_groups(TEMPLATE_COMMENT, source)]
            found.append((1, page_text))
        case ".css" | ".js":
            found = list(_groups(SLASH_COMMENT, source))
        case _:
            found = list(_joined(_hash_comments(source)))
    return [Passage(file, line, text) for line, text in found]


def doc_lines(source: str) -> Iterator[tuple[str, bool]]:
    """Each line of a Markdown file, and whether it is prose instead of code."""
    is_in_list = is_code = was_blank = False
    unfenced = FENCED.sub(_blanked, source).splitlines()
    for line, without_fenced in zip(source.splitlines(), unfenced, strict=True):
        if without_fenced.strip():
            is_in_list = bool(LIST_ITEM.match(line) or (is_in_list and line.startswith(" ")))
            is_code = line.startswith("    ") and not is_in_list and (is_code or was_blank)
        was_blank = not without_fenced.strip()
        yield line, line == without_fenced and not is_code


def _blanked(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n") or " "


def _python_strings(source: str) -> Iterator[tuple[int, str]]:
    """Docstrings and translated strings, as they stand in the source."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                strings: list[ast.expr] = [node.value]
            case ast.Call(func=ast.Name(id=name)) if TRANSLATES.fullmatch(name):
                strings = [arg for arg in node.args if isinstance(arg, ast.Constant)]
            case _:
                continue
        for string in strings:
            text = ast.get_source_segment(source, string) or ""
            yield string.lineno, BETWEEN_STRINGS.sub(r"\2", text)


def _python_comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string.lstrip("#")


def _hash_comments(source: str) -> Iterator[tuple[int, str]]:
    for line, text in enumerate(source.splitlines(), start=1):
        if comment := HASH_COMMENT.search(text):
            yield line, comment[1]


def _joined(comments: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Join comments on consecutive lines, so that a phrase is found across a line break."""
    first, texts = 0, list[str]()
    for line, text in comments:
        if line != first + len(texts):
            yield first, "\n".join(texts)
            first, texts = line, []
        texts.append(text)
    yield first, "\n".join(texts)


def _groups(pattern: re.Pattern[str], source: str) -> Iterator[tuple[int, str]]:
    for match in pattern.finditer(source):
        group = match.lastindex or 0
        yield source.count("\n", 0, match.start(group)) + 1, match[group]
