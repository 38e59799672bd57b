"""Fills a database with what weeks of campaigns leave behind, to look at and to measure with.

The shapes are those of life: most claims come in bursts in the evening and in the hour in which a
stream begins, most players are linked by then, some link days later, some never; one reward is not
mapped; a few webhooks are lost; the game hands out within seconds of the next log-in; Kick is told
soon after. The rows are written directly: recording a million claims one by one would take hours.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import datetime

from local.demo.sample_data.batch import Batch, Numbers, first_number, write
from local.demo.sample_data.drops import make_claim
from local.demo.sample_data.offers import Offer, make_catalogue
from local.demo.sample_data.viewers import make_account

BATCH = 2000
CLAIMS_PER_KICK_USER = 2.5


def make_sample_data(*, claims: int, seed: int, now: datetime) -> Iterator[int]:
    """Write so many claims with all that belongs to them; yields how many are written so far.

    The same seed gives the same rows beside `now`. On a repeat as many more are added.
    """
    chance = random.Random(seed)  # noqa: S311 (no secret)
    offers = make_catalogue(now)
    numbers = Numbers(first=first_number())
    made = 0
    while made < claims:
        batch = _make_batch(min(BATCH, claims - made), offers, numbers, chance, now)
        write(batch)
        made += len(batch.claims)
        yield made


def _make_batch(
    size: int, offers: Sequence[Offer], numbers: Numbers, chance: random.Random, now: datetime
) -> Batch:
    batch = Batch()
    while len(batch.claims) < size:
        account = make_account(batch, numbers, chance, now)
        wanted = min(
            1 + int(chance.expovariate(1 / (CLAIMS_PER_KICK_USER - 1))),
            len(offers),
            size - len(batch.claims),
        )
        for offer in chance.sample(offers, wanted):
            make_claim(batch, account, offer, numbers, chance, now)
    return batch
