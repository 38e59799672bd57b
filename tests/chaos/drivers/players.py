"""Players who link, unlink, link anew, swap Kick accounts, and open two tabs at once."""

import random
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.drivers.browser import Browser, TripFailed
from tests.chaos.workload import Workload

# Of the viewers of a thread; the others are never linked, and their claims stay held.
LINK_AT_ALL = 0.7
# Claims that arrive in the very moment of the link: that is what its lock is for.
CLAIMS_ON_THE_WAY = 2


class _Household:
    """Some players and some viewers who belong to no one player in particular."""

    def __init__(self, workload: Workload, number: int, of: int, pool: ThreadPoolExecutor) -> None:
        self.workload = workload
        self.dice: random.Random = workload.dice(f"players {number}")
        viewers = workload.world.viewers[number::of]
        self.viewers = viewers[: max(2, int(len(viewers) * LINK_AT_ALL))]
        self.browsers = [
            Browser(workload.place, workload.kick, game_account_id=f"player/{number}-{nth}")
            for nth in range(len(self.viewers))
        ]
        # Whom each player went to Kick as, most recently; what the product thinks may differ.
        self.linked: dict[Browser, int] = {}
        self.pool = pool

    def act(self) -> None:
        browser = self.dice.choice(self.browsers)
        if browser not in self.linked:
            self.link(browser, self.dice.choice(self.viewers))
            return
        act = self.dice.choices(
            (self.unlink, self.relink, self.swap, self.ask_for_another), weights=(3, 3, 2, 2)
        )[0]
        act(browser)

    def link(self, browser: Browser, user_id: int) -> None:
        if self.dice.random() < 0.1:
            self.link_in_two_tabs(browser, user_id)
            return
        self.come_back(browser, browser.leave_for_kick(user_id=user_id), user_id)

    def link_in_two_tabs(self, browser: Browser, user_id: int) -> None:
        """As two viewers at once; the database lets one of them win."""
        others = (user_id, self.dice.choice(self.viewers))
        ways_back = [browser.leave_for_kick(user_id=other) for other in others]
        tabs = [self.pool.submit(browser.come_back, way) for way in ways_back]
        won = [user for user, tab in zip(others, tabs, strict=True) if tab.result()]
        if won:
            self.linked[browser] = won[0]
            self.workload.count("links made")

    def come_back(self, browser: Browser, way_back: str, user_id: int) -> None:
        claims = self.workload.book.take_of(user_id, CLAIMS_ON_THE_WAY)
        on_the_way = self.pool.submit(self.workload.claim, claims)
        try:
            is_linked = browser.come_back(way_back)
        finally:
            on_the_way.result()
        self.workload.count("links made" if is_linked else "links refused")
        if is_linked:
            self.linked[browser] = user_id

    def unlink(self, browser: Browser) -> None:
        browser.unlink()
        self.workload.count("links ended")
        self.linked.pop(browser)

    def relink(self, browser: Browser) -> None:
        user_id = self.linked[browser]
        self.come_back(browser, browser.relink(user_id=user_id), user_id)

    def swap(self, browser: Browser) -> None:
        """Another player takes over this one's Kick account."""
        user_id = self.linked[browser]
        self.unlink(browser)
        self.link(self.dice.choice(self.browsers), user_id)

    def ask_for_another(self, browser: Browser) -> None:
        """Link once more, as somebody else, without ending the link there is."""
        user_id = self.dice.choice(self.viewers)
        browser.come_back(browser.leave_for_kick(user_id=user_id))
        self.workload.count("links asked for twice")


def link_and_unlink(workload: Workload, number: int, of: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        household = _Household(workload, number, of, pool)
        while not workload.is_over:
            try:
                household.act()
            except TripFailed:
                workload.count("trips that failed")
                workload.rest(0.2)
            workload.rest(0.02)
