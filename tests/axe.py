"""axe-core, the accessibility checker, on the page that Chromium shows."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from axe_playwright_python.base import AXE_SCRIPT

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A desk's and a phone's screen, each by day and by night.
LOOKS = [(width, scheme) for width in (1360, 390) for scheme in ("light", "dark")]

# All that a dark page can add: its colours are different, its elements and their places are not.
COLOUR_RULES = ["color-contrast", "link-in-text-block"]

# Colours that are still on their way to another look would be measured half-way.
RUN = """async (rules) => {
  for (const one of document.getAnimations()) if (one instanceof CSSTransition) one.finish();
  const options = {resultTypes: ["violations"], preload: false};
  if (rules) options.runOnly = {type: "rule", values: rules};
  const found = await axe.run(document, options);
  return found.violations;
}"""


def find_violations(page: "Page") -> list[str]:
    """Of the open page in each look: where, which rule, which element, and what cures it.

    The script comes by the browser's debugger, so the page's own policy stays in force.
    """
    page.evaluate(AXE_SCRIPT)
    return [line for look in LOOKS for line in _find_in(page, *look)]


def _find_in(page: "Page", width: int, scheme: Any) -> Iterator[str]:
    page.set_viewport_size({"width": width, "height": 844})
    page.emulate_media(color_scheme=scheme)
    for violation in page.evaluate(RUN, COLOUR_RULES if scheme == "dark" else None):
        for node in violation["nodes"]:
            yield (
                f"\n{page.url} at {width} px, {scheme}: {violation['id']}"
                f"\n  {node['html']}\n  {node['failureSummary']}\n  {violation['helpUrl']}"
            )
