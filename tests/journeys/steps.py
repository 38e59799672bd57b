"""Steps that several journeys share."""

from typing import Any

from tests.journeys.visitor import Visitor


def be_viewer(visitor: Visitor, facts: dict[str, Any], viewer: str) -> None:
    visitor.page.goto(facts["local_kick"]["inventory_url"])
    visitor.look("who-are-you")
    known = visitor.page.get_by_role("button", name=viewer)
    if known.count():
        known.click()
    else:
        visitor.page.get_by_label("New viewer’s name").fill(viewer)
        visitor.page.get_by_role("button", name="Continue").click()
    # Else the next step could begin before the sign-in has ended.
    visitor.page.get_by_role("button", name="Switch").wait_for()


def link(visitor: Visitor, facts: dict[str, Any], *, player: str, viewer: str) -> None:
    visitor.page.get_by_role("link", name="Connect", exact=True).click()
    go_to_consent(visitor, facts, player=player)
    allow(visitor)
    linked = visitor.page.get_by_role("main")
    assert linked.get_by_text(player).first.is_visible()
    assert linked.get_by_text(viewer).first.is_visible()


def go_to_consent(visitor: Visitor, facts: dict[str, Any], *, player: str) -> None:
    page = visitor.page
    if page.url != facts["web"]["link_url"]:
        page.goto(facts["web"]["link_url"])
    login = page.get_by_role("link", name="Log in to Starfall Online")
    if login.count():
        visitor.look("welcome")
        login.click()
        visitor.look("log-in")
        log_in(visitor, player)
    page.get_by_role("heading", name="Is this the right account?").wait_for()
    visitor.look("right-account")
    assert page.get_by_text(player).first.is_visible()
    page.get_by_role("button", name="Yes, continue to Kick").click()
    page.get_by_role("button", name="Allow").wait_for()
    visitor.look("consent")


def log_in(visitor: Visitor, player: str) -> None:
    known = visitor.page.get_by_role("button", name=player, exact=False)
    if known.count():
        known.click()
        return
    visitor.page.get_by_label("Or enter any name").fill(player)
    visitor.page.get_by_role("button", name="Log in").click()


def allow(visitor: Visitor) -> None:
    visitor.page.get_by_role("button", name="Allow").click()
    visitor.page.get_by_role("heading", name="Link these two accounts?").wait_for()
    visitor.look("both-accounts")
    visitor.page.get_by_role("button", name="Yes, link them").click()
    visitor.page.get_by_role("heading", name="Linked. You’re all set.").wait_for()
    visitor.look("linked")


def log_in_to_desk(visitor: Visitor, facts: dict[str, Any]) -> None:
    page = visitor.page
    page.goto(facts["web"]["admin_url"])
    visitor.look("admin-login")
    page.get_by_label("Username").fill(facts["staff"]["username"])
    page.get_by_label("Password").fill(facts["staff"]["password"])
    page.get_by_role("button", name="Log in").click()
    visitor.look("admin")
