"""A visitor: a browser that records what a page complains of."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import ConsoleMessage, Page, Request

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
        self.page.on("requestfailed", self._note_failure)

    def look(self, name: str) -> None:
        """Keep a picture of the page; nothing may stick out of the screen to the side."""
        self.pictures += 1
        path = self.album / f"{self.pictures:02}-{name}.png"
        self.page.screenshot(path=path, full_page=True)
        width = self.page.evaluate("document.documentElement.scrollWidth")
        if width > self.page.viewport_size["width"]:
            self.complaints.append(f"{name} is {width} pixels wide")

    def _note_failure(self, request: "Request") -> None:
        if request.failure != "net::ERR_ABORTED":  # the next page came before the favicon
            self.complaints.append(request.url)

    def _note_console(self, message: "ConsoleMessage") -> None:
        # Chromium also says so when the page itself is one that says no, with a 4xx as it should.
        is_own_status = (
            message.text.startswith("Failed to load resource")
            and message.location["url"] == self.page.url
        )
        if message.type in ("warning", "error") and not is_own_status:
            self.complaints.append(f"{self.page.url}: {message.text}")
