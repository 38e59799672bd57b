"""Both legs of `make test` together run every test."""

from itertools import chain, combinations

import pytest

from tests.engines import ENGINES, ONLY_ON, only_leg

COMBINATIONS = list(chain.from_iterable(combinations(ONLY_ON, n) for n in range(len(ONLY_ON) + 1)))


@pytest.mark.parametrize("markers", COMBINATIONS, ids=" ".join)
def test_every_test_is_run_by_a_leg(markers: tuple[str, ...]) -> None:
    leg = only_leg(markers)

    assert leg in ENGINES if markers else leg is None


@pytest.mark.parametrize("others", COMBINATIONS, ids=" ".join)
def test_what_needs_postgresql_runs_there(others: tuple[str, ...]) -> None:
    assert only_leg({"postgresql", *others}) == "postgresql"


def test_test_without_a_database_has_its_marker(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("no_database")


@pytest.mark.django_db
def test_test_with_a_database_runs_on_both_legs(request: pytest.FixtureRequest) -> None:
    assert only_leg({marker.name for marker in request.node.iter_markers()}) is None
