"""A running demo and a browser that notes whatever a page complains of."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.chromium import ARGUMENTS, find_chromium
from tests.demo_process import REPOSITORY, RunningDemo, database_for_demo, start_demo

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

DESKTOP, PHONE = (1280, 900), (390, 844)


@dataclass
class Visitor:
    """A person with a browser of their own. Every page is looked at: see `look`."""

    page: "Page"
    album: Path
    complaints: list[str] = field(default_factory=list)
    pictures: int = 0

    def __post_init__(self) -> None:
        self.page.set_default_timeout(10_000)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("requestfailed", lambda request: self.complaints.append(request.url))

    def look(self, name: str) -> None:
        """Keep a picture of the page; nothing may stick out of the screen to the side."""
        self.pictures += 1
        path = self.album / f"{self.pictures:02}-{name}.png"
        self.page.screenshot(path=path, full_page=True)
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > self.page.viewport_size["width"]:
            self.complaints.append(f"{name} is {width} pixels wide")

    def _note_console(self, message: "ConsoleMessage") -> None:
        # Chromium also says so when the page itself is one that says no, with a 4xx as it should.
        is_own_status = (
            message.text.startswith("Failed to load resource")
            and message.location["url"] == self.page.url
        )
        if message.type in ("warning", "error") and not is_own_status:
            self.complaints.append(f"{self.page.url}: {message.text}")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    """One for all journeys of the module, on the engine of this leg."""
    database_url = database_for_demo("journey")
    running = start_demo(tmp_path_factory.mktemp("journey") / "var", database_url=database_url)
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
        album = REPOSITORY / "var" / "screenshots" / os.environ.get("TEST_DATABASE", "") / name
        album.mkdir(parents=True, exist_ok=True)
        visitors.append(Visitor(context.new_page(), album))
        return visitors[-1]

    yield make

    for visitor in visitors:
        visitor.page.context.close()
    assert [visitor.complaints for visitor in visitors] == [[]] * len(visitors)
