"""Viewers, who claim in Kick's inventory; and Kick, which posts some of their claims again."""

from tests.chaos.workload import Workload

AT_ONCE = 16
# What Kick posts again, of every so many claims.
SENT_AGAIN = 0.1
# The claims are made within this share of the run; what is late is made as fast as it goes.
SPREAD_OVER = 0.9


def claim_rewards(workload: Workload, number: int) -> None:
    """Make claims, evenly over the run, until none is left to be made."""
    dice = workload.dice(f"viewers {number}")
    # A call takes as long as the slowest of its webhooks: the more are due, the more go in one.
    at_once = max(AT_ONCE, int(2 * workload.options.claims / workload.options.seconds))
    made: list[str] = []
    while not workload.is_over:
        due = min(1.0, workload.progress / SPREAD_OVER) * workload.options.claims
        if workload.book.taken >= due and workload.book.taken < workload.options.claims:
            workload.rest(0.1)
            continue
        claims = workload.book.take(dice.randint(1, at_once))
        if not claims:
            return
        made += workload.claim(claims)
        for _ in range(int(SENT_AGAIN * len(claims) + dice.random())):
            workload.deliver_again(dice.choice(made))
