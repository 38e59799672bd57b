"""`python -m tests.chaos.push [--seconds 120] [--seed 1]`: webhooks under faults.

Grants and revokes items while workers are killed and five endpoints misbehave: one is slow, one
answers 500 now and then, one hangs now and then, one lies (204 without delivering), and one is away
for half of the time. Each but the liar delivers what it hears of, as the example server does.

In the end each grant must have been announced to each endpoint at least once, each revocation too,
and each item must be delivered exactly once. Exits 1 otherwise. Pauses between attempts are 60
times as short as in production, and time-outs 5 times.
"""

import argparse
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.postgres import throwaway_cluster
from tests.webhook_receiver import WebhookReceiver, running_receiver

SPEED, WORKERS = 60, 4
TIMEOUT_SECONDS = 3.0
SETTLED_WITHIN_SECONDS = 240


@dataclass
class Endpoint:
    name: str
    receiver: WebhookReceiver
    game: Any
    work: "queue.Queue[Any]" = field(default_factory=queue.Queue)

    def announced(self, event_type: str) -> set[str]:
        """The ids of the entitlements that it heard of, and answered well to."""
        ids: set[str] = set()
        for data in self.receiver.of_type(event_type):
            entitlements = data.get("entitlements") or [data["entitlement"]]
            ids.update(one["id"] for one in entitlements)
        return ids


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.push")
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with throwaway_cluster() as url:
        os.environ |= {
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "studio_drops.settings",
            "LOG_LEVEL": "ERROR",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity=0"], check=True)
        import django

        django.setup()
        return run(options.seconds, random.Random(options.seed))


def run(seconds: float, chance: random.Random) -> int:
    from claims.models import Entitlement, WebhookDelivery

    with ExitStack() as stack:
        endpoints = [
            stack.enter_context(endpoint(name))
            for name in ("good", "slow", "failing", "hanging", "lying", "away")
        ]
        workers = stack.enter_context(killed_workers(chance))
        is_over = threading.Event()
        thread = threading.Thread(target=misbehave, args=(endpoints, chance, is_over))
        thread.start()
        made = change_items(seconds, chance)
        is_over.set()
        thread.join()
        workers.stop_killing()
        until = time.monotonic() + SETTLED_WITHIN_SECONDS
        while time.monotonic() < until and not is_settled():
            time.sleep(0.5)
        time.sleep(2)
        granted = set(made)
        # Granted and revoked within a second: only the revocation is announced.
        revoked = {one.public_id for one in Entitlement.objects.exclude(revoked_at=None)}
        faults = [
            f"{one.name} never heard of {len(missing)} {what}"
            for one in endpoints
            for what, missing in (
                ("grants", granted - revoked - one.announced("entitlements.granted")),
                ("revocations", revoked - one.announced("entitlement.revoked")),
            )
            if missing
        ]
        delivered = deliveries_of(endpoints)
        owed = {one.public_id for one in Entitlement.objects.filter(status="FULFILLED")}
        twice = len(delivered) - len(set(delivered))
        faults += [f"{twice} items were delivered twice"] * bool(twice)
        faults += ["items were delivered that aren't fulfilled"] * (set(delivered) != owed)
        left = Entitlement.objects.filter(status="GRANTED").count()
        faults += [f"{left} items weren't delivered"] * bool(left)
        attempts = sum(WebhookDelivery.objects.values_list("attempts", flat=True))
        print(
            f"{len(granted):,} items granted, {len(revoked):,} revoked; {workers.kills} workers"
            f" killed; {WebhookDelivery.objects.count():,} deliveries, {attempts:,} attempts;"
            f" requests received: "
            + ", ".join(f"{one.name} {len(one.receiver.received):,}" for one in endpoints)
        )
        print("\n".join(faults) or "Everything was announced to everyone, and delivered once.")
        return 1 if faults else 0


@contextmanager
def endpoint(name: str) -> Iterator[Endpoint]:
    from django.utils import timezone

    from claims.webhooks.endpoints import add_endpoint
    from examples.python.game_server import Game

    with running_receiver() as receiver:
        add_endpoint(name=name, url=receiver.url, now=timezone.now())
        made = Endpoint(name, receiver, Game(":memory:"))
        if name != "lying":
            receiver.on_message = made.work.put
            threading.Thread(target=deliver_forever, args=(made,), daemon=True).start()
        yield made


def deliver_forever(endpoint: Endpoint) -> None:
    """As the example server does, but without the REST API in between."""
    while True:
        payload = endpoint.work.get()
        if payload["type"] == "entitlements.granted":
            endpoint.game.deliver(Fulfilment(), payload["data"]["entitlements"])


class Fulfilment:
    def fulfil(self, fulfilment_id: str, ids: list[str]) -> dict[str, str]:
        from django.utils import timezone

        from claims.entitlements import fulfil_entitlements

        outcomes = fulfil_entitlements(
            entitlement_ids=ids, fulfilment_id=fulfilment_id, categories=(), now=timezone.now()
        )
        return {id_: outcome.value for id_, outcome in outcomes.items()}


def deliveries_of(endpoints: list[Endpoint]) -> list[str]:
    """The ids of the delivered entitlements, as often as they were delivered."""
    query = "SELECT entitlement_id FROM delivery WHERE outcome = 'fulfilled'"
    return [id_ for one in endpoints for (id_,) in one.game.db.execute(query)]


def misbehave(endpoints: list[Endpoint], chance: random.Random, is_over: threading.Event) -> None:
    by_name = {one.name: one.receiver for one in endpoints}
    by_name["slow"].seconds = 0.7
    while not is_over.wait(1):
        by_name["failing"].status = chance.choice([204, 204, 500, 503])
        by_name["hanging"].seconds = chance.choice([0, 0, 0, 2 * TIMEOUT_SECONDS])
        by_name["away"].status = 0 if time.monotonic() % 40 < 20 else 204
    by_name["slow"].seconds = by_name["hanging"].seconds = 0
    by_name["failing"].status = by_name["away"].status = 204


def change_items(seconds: float, chance: random.Random) -> list[str]:
    """Grant items, and revoke some of them. Returns the public ids of the granted ones."""
    from django.utils import timezone

    from claims.entitlements import revoke_entitlements
    from tests.factories import make_claim, make_entitlement, make_player

    players = [make_player() for _ in range(50)]
    claim = make_claim(status="GRANTED")
    made: list[Any] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        now = timezone.now()
        for _ in range(chance.randint(1, 5)):
            player = chance.choice(players)
            made.append(make_entitlement(claim=claim, player=player, granted_at=now))
        if chance.random() < 0.2:
            one = chance.choice(made)
            revoke_entitlements(entitlement_ids=[one.pk], reason="chaos", now=now)
        time.sleep(chance.uniform(0, 0.1))
    return [one.public_id for one in made]


def is_settled() -> bool:
    from claims.models import Entitlement, WebhookDelivery

    return not (
        Entitlement.objects.filter(announced_in=None).exists()
        or WebhookDelivery.objects.pending().exists()
    )


@dataclass
class Workers:
    chance: random.Random
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    kills: int = 0
    is_killing: bool = True

    def start(self) -> None:
        self.processes.append(subprocess.Popen([sys.executable, "-m", "tests.chaos.push_worker"]))

    def kill_now_and_then(self) -> None:
        while self.is_killing:
            time.sleep(self.chance.uniform(1, 4))
            victim = self.processes.pop(0)
            victim.send_signal(signal.SIGKILL)
            victim.wait()
            self.kills += 1
            self.start()

    def stop_killing(self) -> None:
        self.is_killing = False


@contextmanager
def killed_workers(chance: random.Random) -> Iterator[Workers]:
    workers = Workers(chance)
    for _ in range(WORKERS):
        workers.start()
    killer = threading.Thread(target=workers.kill_now_and_then)
    killer.start()
    try:
        yield workers
    finally:
        workers.stop_killing()
        killer.join()
        for process in workers.processes:
            process.kill()
            process.wait()


def hasten() -> None:
    """Shorten the pauses and time-outs of this process."""
    from claims.webhooks import http, pushing, sending

    sending.SCHEDULE = tuple(pause / SPEED for pause in sending.SCHEDULE)
    http.TIMEOUT_SECONDS = TIMEOUT_SECONDS
    sending.TAKEN_FOR = timedelta(seconds=sending.BATCH_SECONDS + 3 * TIMEOUT_SECONDS)
    pushing.LEASE_LASTS = timedelta(seconds=3)


if __name__ == "__main__":
    sys.exit(main())
