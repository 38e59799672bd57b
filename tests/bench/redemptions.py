"""Redemptions of channel points: 500 events a second for a minute, beside the drops webhook.

Then the worker's side: how many a second are granted and accepted, at a platform that costs no
time.
"""

import time
from collections.abc import Iterator, Sequence

from django.utils import timezone

from claims.models import ChannelReward, Entitlement, Redemption
from claims.redemptions import settle_redemptions
from core.leases import lease
from tests.bench.harness import Harness, say
from tests.bench.load import Measured, drive
from tests.bench.rows import forget_claims
from tests.bench.traffic import FIRST_USER_ID, signed_redemptions
from tests.claims.points_platform import PointsPlatform, connect, keep, make_points_offer

CONNECTIONS = 8
OFFERED_A_SECOND, SECONDS = 500, 60
QUICK_SECONDS = 5
SETTLED = 5000


def run(harness: Harness) -> int:
    seconds = QUICK_SECONDS if harness.scale.rounds < 3 else SECONDS
    harness.warm_up(harness.product)
    forget_claims()
    drops = drive(harness.product.port, harness.measured_claims, connections=CONNECTIONS)
    say(f"the drops webhook: {drops.expect(200).rate:,.0f} claims a second")
    make_points_offer()
    connect(now=timezone.now())
    platform = PointsPlatform()
    keep(platform)
    reward = ChannelReward.objects.get()
    count = OFFERED_A_SECOND * seconds
    say(f"signing {2 * count:,} redemptions")
    events = signed_redemptions(harness.key, 2 * count, reward_id=reward.external_id, channel=1)
    at_most = drive(
        harness.product.port, events[:count], connections=CONNECTIONS, seconds=seconds / 3
    ).expect(200)
    _print("as many as it takes", at_most)
    print(f"share of the drops webhook's throughput: {at_most.rate / drops.rate:.2f}")
    paced = list(_drive_paced(harness.product.port, events[count:], seconds))
    for measured in paced:
        _print(f"{OFFERED_A_SECOND} a second offered for {seconds} s", measured.expect(200))
    _settle(platform)
    return 0


def _print(name: str, measured: Measured) -> None:
    half, most = (measured.percentile(share) * 1000 for share in (0.5, 0.99))
    print(f"{name}: {measured.rate:,.0f} a second, median {half:.1f} ms, p99 {most:.1f} ms")


def _drive_paced(port: int, requests: Sequence[bytes], seconds: int) -> Iterator[Measured]:
    began = time.perf_counter()

    def paced() -> Iterator[bytes]:
        for number, request in enumerate(requests):
            time.sleep(max(0.0, began + number / OFFERED_A_SECOND - time.perf_counter()))
            yield request

    yield drive(port, paced(), connections=CONNECTIONS, seconds=seconds)  # type: ignore[arg-type]


def _settle(platform: PointsPlatform) -> None:
    """The redemptions of viewers who are linked. All are shown as pending."""
    known = Redemption.objects.filter(use__account_id__startswith="kick:").order_by("pk")[:SETTLED]
    for row in known.select_related("use"):
        number = int(row.use.account_id.partition(":")[2]) - FIRST_USER_ID
        platform.redeem(number, account=row.use.account_id, reward=row.reward.external_id)
    platform.redemptions = {
        row.redemption_id: one
        for row, one in zip(known, platform.redemptions.values(), strict=True)
    }
    for redemption_id, one in platform.redemptions.items():
        object.__setattr__(one, "redemption_id", redemption_id)
    Redemption.objects.exclude(pk__in=[row.pk for row in known]).update(
        next_attempt_at=timezone.now().replace(year=2100)
    )
    began = time.perf_counter()
    with lease("bench", clock=timezone.now) as held:
        assert held
        settled = settle_redemptions(source=platform, clock=timezone.now, held=held)
    rate = settled / (time.perf_counter() - began)
    granted = Entitlement.objects.filter(claim__source=platform.name).count()
    print(f"settled by one worker: {rate:,.0f} a second ({settled:,}, {granted:,} items granted)")
