"""Fills a database with weeks of sample campaigns, for demos and measurements.

The data is realistic: most claims come in bursts in the evening and at the start of an hour, when
streams begin. Most players are linked by then; some link days later, some never. One reward isn't
mapped. A few webhooks are lost. The game delivers within seconds of the next login, and Kick gets
its report soon after. Rows are inserted directly, since recording a million claims would take
hours.
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
    """Write this many claims with their related rows. Yields the number written so far.

    The same seed and `now` give the same rows. A repeat adds the same number of claims again.
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
