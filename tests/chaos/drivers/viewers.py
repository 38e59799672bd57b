"""Viewers, who claim in Kick's inventory; and Kick, which posts some of their claims again."""

from tests.chaos.storm import Storm

AT_ONCE = 16
# What Kick posts again, of every so many claims.
SENT_AGAIN = 0.1
# The claims are made within this part of the storm; what is late is made as fast as it goes.
SPREAD_OVER = 0.9


def claim_rewards(storm: Storm, number: int) -> None:
    """Make claims, evenly over the storm, until none is left to be made."""
    dice = storm.dice(f"viewers {number}")
    # A call takes as long as the slowest of its webhooks: the more are due, the more go in one.
    at_once = max(AT_ONCE, int(2 * storm.orders.claims / storm.orders.seconds))
    made: list[str] = []
    while not storm.is_over:
        due = min(1.0, storm.progress / SPREAD_OVER) * storm.orders.claims
        if storm.book.taken >= due and storm.book.taken < storm.orders.claims:
            storm.rest(0.1)
            continue
        claims = storm.book.take(dice.randint(1, at_once))
        if not claims:
            return
        made += storm.claim(claims)
        for _ in range(int(SENT_AGAIN * len(claims) + dice.random())):
            storm.deliver_again(dice.choice(made))
