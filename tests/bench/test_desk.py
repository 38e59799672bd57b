"""The desk's measurement asks for pages that are there, and judges what it measured."""

from typing import Any

import pytest
from django.utils import timezone

from local.demo.sample_data import make_sample_data
from tests.bench.desk.filling import add_the_rest
from tests.bench.desk.goals import Measured, judge
from tests.bench.desk.pages import LISTED, all_pages
from tests.bench.desk.side import Side


@pytest.mark.postgresql
@pytest.mark.django_db
def test_every_page_is_answered_to_owners(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    now = timezone.now()
    list(make_sample_data(claims=600, seed=1, now=now))
    add_the_rest(now)
    side = Side()

    pages = all_pages(side.client)

    assert len(pages) > 5 * len(LISTED)
    for page in pages:
        if "preflight" not in page.name:  # which asks for what is outside
            answer = side.look({"name": page.name, "path": page.path, "form": page.form})
            assert answer["queries"] > 0


def page(name: str, few: float, many: float, **fields: Any) -> Measured:
    return Measured({"name": name}, few=[few] * 3, many=[many] * 3, **fields)


def verdicts(*pages: Measured) -> list[tuple[str, str]]:
    return [(result.goal.key, result.verdict) for result in judge(pages, 1_000_000)]


def test_goals_are_met_by_the_slowest_page() -> None:
    quick = page("quick", 1.0, 1.1, queries=(9, 9), rows=(10, 250_000))
    slower = page("slower", 1.0, 2.0, queries=(9, 8))

    assert verdicts(quick, slower) == [("D1", "PASS"), ("D2", "PASS"), ("D3", "PASS")]


@pytest.mark.parametrize(
    ("bad", "missed"),
    [
        (page("slow", 1.0, 2.1), "D1"),
        (page("asks more", 1.0, 1.0, queries=(9, 10)), "D2"),
        (page("reads all", 1.0, 1.0, rows=(0, 250_001)), "D3"),
    ],
)
def test_a_single_page_misses_a_goal(bad: Measured, missed: str) -> None:
    found = dict(verdicts(page("good", 1.0, 1.0), bad))

    assert [key for key, verdict in found.items() if verdict != "PASS"] == [missed]
