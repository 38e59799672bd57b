"""A running demo and a browser that notes whatever a page complains of."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from tests.chromium import ARGUMENTS, find_chromium
from tests.demo_process import RunningDemo, database_for_demo, start_demo
from tests.engines import kept_files
from tests.journeys.game_server import set_mode
from tests.journeys.visitor import DESKTOP, PHONE, Visitor
from tests.session import asked_engine

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """One for all journeys of the module, on the engine of this leg."""
    database_url = database_for_demo("journey")
    running = start_demo(tmp_path_factory.mktemp("journey") / "var", database_url=database_url)
    set_mode(running.facts, "lie")  # so that items stay undelivered until a test delivers them
    yield running
    running.end()


@pytest.fixture(scope="module")
def chromium() -> "Iterator[Browser]":
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium: "Browser") -> Iterator[Callable[..., Visitor]]:
    """Makes visitors: `visit("nova", screen=PHONE)`. None of them may have had a complaint."""
    visitors = []

    def make(name: str, *, screen: tuple[int, int] = DESKTOP) -> Visitor:
        width, height = screen
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=2 if screen == PHONE else 1,
            is_mobile=screen == PHONE,
            has_touch=screen == PHONE,
        )
        album = kept_files(asked_engine()) / "screenshots" / name
        album.mkdir(parents=True, exist_ok=True)
        visitors.append(Visitor(context.new_page(), album))
        return visitors[-1]

    yield make

    for visitor in visitors:
        visitor.page.context.close()
    assert [visitor.complaints for visitor in visitors] == [[]] * len(visitors)
