"""Sends due deliveries. The rows are the queue; several workers may send at once.

A worker takes deliveries by moving their next attempt into the future. If it's killed, they are due
again then: a message arrives at least once. Threads only speak HTTP. The worker's own thread takes
deliveries and writes their results, so that a worker needs one database connection.
"""

import logging
import random
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from accounts.tokens import UnreadableToken
from claims.models import WebhookDelivery, WebhookEndpoint
from claims.webhooks.addresses import BadUrl, parse_url, resolve
from claims.webhooks.endpoints import DisabledBecause, disable_endpoint, secrets_of
from claims.webhooks.http import TIMEOUT_SECONDS, Answer, Channel, NoAnswer
from claims.webhooks.signing import sign
from core.clock import Clock
from core.logs import log_event
from core.metrics import WEBHOOK_ATTEMPTS

logger = logging.getLogger(__name__)

Status = WebhookDelivery.Status

# The pauses between the ten attempts, over 75 hours, as Standard Webhooks recommends them.
SCHEDULE = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
JITTER = 0.1
LONGEST_PAUSE = timedelta(hours=24)
DISABLED_AFTER = timedelta(days=5)

THREADS = 24
# At most so many connections to an endpoint, so that a slow endpoint leaves threads to the others.
CONNECTIONS_PER_ENDPOINT = 4
BATCH_SIZE = 25
# A batch ends after this time, and the rest of it is sent in the next.
BATCH_SECONDS = 5.0
# Longer than a batch whose last message takes two timeouts.
TAKEN_FOR = timedelta(seconds=BATCH_SECONDS + 3 * TIMEOUT_SECONDS)
POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class _Outgoing:
    delivery: WebhookDelivery
    message_id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class _Result:
    """`answer` None: there was none, and `error` says why."""

    delivery: WebhookDelivery
    answer: Answer | None
    error: str
    at: datetime
    milliseconds: int

    @property
    def is_delivered(self) -> bool:
        return self.answer is not None and 200 <= self.answer.status < 300


@dataclass
class _Batch:
    """Deliveries of one endpoint, sent one after the other. A thread fills `results`."""

    endpoint: WebhookEndpoint
    outgoing: Sequence[_Outgoing]
    results: list[_Result] = field(default_factory=list)
    channel: Channel | None = None


class Sender:
    """Sends in threads. Use it in a `with` block: the end waits for what is being sent."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks")
        self._sending: dict[Future[None], _Batch] = {}

    def __enter__(self) -> "Sender":
        return self

    def __exit__(self, *_exception: object) -> None:
        while self._sending:
            self._write_results()
        self._threads.shutdown()

    def step(self) -> int:
        """Start what is due, wait a moment, and write what has ended. Returns what was sent."""
        self._start_due()
        return self._write_results()

    @property
    def is_idle(self) -> bool:
        return not self._sending

    def _start_due(self) -> None:
        now = self._clock()
        endpoints = WebhookEndpoint.objects.enabled()
        busy = [batch.endpoint.pk for batch in self._sending.values()]
        for endpoint in endpoints:
            # One that fails gets one message at a time, until it answers well again.
            limit = 1 if endpoint.failing_since else CONNECTIONS_PER_ENDPOINT
            size = 1 if endpoint.failing_since else BATCH_SIZE
            for _ in range(busy.count(endpoint.pk), limit):
                outgoing = _take(endpoint, size=size, now=now)
                if outgoing:
                    batch = _Batch(endpoint, outgoing)
                    self._sending[self._threads.submit(self._send, batch)] = batch
                if len(outgoing) < size:
                    break

    def _send(self, batch: _Batch) -> None:
        """Runs in a thread. Stops at the first delivery that gets no answer."""
        began = time.monotonic()
        try:
            target = parse_url(batch.endpoint.url)
            address = resolve(target, allowed=settings.WEBHOOK_PRIVATE_NETWORKS)
            secrets = secrets_of(batch.endpoint, now=self._clock())
        except (BadUrl, UnreadableToken) as error:
            first = batch.outgoing[0].delivery
            batch.results.append(_Result(first, None, str(error), self._clock(), 0))
            return
        batch.channel = Channel(target, address)
        for one in batch.outgoing:
            result = self._post(batch.channel, one, secrets)
            batch.results.append(result)
            if not result.is_delivered or time.monotonic() - began > BATCH_SECONDS:
                break
        batch.channel.close()

    def _post(self, channel: Channel, one: _Outgoing, secrets: Sequence[str]) -> _Result:
        at, began = self._clock(), time.monotonic()
        timestamp = int(at.timestamp())
        headers = {
            "webhook-id": one.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(
                secrets, message_id=one.message_id, timestamp=timestamp, body=one.body
            ),
        }
        answer, error = None, ""
        try:
            answer = channel.post(headers, one.body)
        except NoAnswer as failure:
            error = str(failure)
        took = round((time.monotonic() - began) * 1000)
        return _Result(one.delivery, answer, error, at, took)

    def _write_results(self) -> int:
        """Wait until a batch has ended, but only for a moment, and write what has ended."""
        if not self._sending:
            return 0
        ended, others = wait(self._sending, timeout=POLL_SECONDS, return_when=FIRST_COMPLETED)
        for future in others:
            if channel := self._sending[future].channel:
                channel.abort_if_overdue()
        sent = 0
        for future in ended:
            batch = self._sending.pop(future)
            write_results(batch.endpoint, batch.outgoing, batch.results, now=self._clock())
            future.result()  # an error of ours is raised here, after the results are safe
            sent += len(batch.results)
        return sent


@transaction.atomic
def _take(endpoint: WebhookEndpoint, *, size: int, now: datetime) -> list[_Outgoing]:
    due = WebhookDelivery.objects.due(now=now).filter(endpoint=endpoint.pk)
    rows = list(due.select_for_update(of=("self",), skip_locked=True, no_key=True)[:size])
    if not rows:
        return []
    taken = WebhookDelivery.objects.filter(pk__in=[row.pk for row in rows])
    taken.update(next_attempt_at=now + TAKEN_FOR)
    messages = {
        pk: (message_id, body)
        for pk, message_id, body in taken.values_list("pk", "message__message_id", "message__body")
    }
    return [_Outgoing(row, messages[row.pk][0], messages[row.pk][1].encode()) for row in rows]


def write_results(
    endpoint: WebhookEndpoint,
    taken: Sequence[_Outgoing],
    results: Sequence[_Result],
    *,
    now: datetime,
) -> None:
    """Write the results of a batch. Deliveries without one are due again now."""
    tried = {result.delivery.pk for result in results}
    untried = [one.delivery.pk for one in taken if one.delivery.pk not in tried]
    if untried:
        WebhookDelivery.objects.filter(pk__in=untried).pending().update(next_attempt_at=now)
    rows = [_note(result) for result in results]
    WebhookDelivery.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["pk"],
        update_fields=[
            "status",
            "attempts",
            "next_attempt_at",
            "last_attempt_at",
            "last_status",
            "last_milliseconds",
            "last_answer",
            "error",
        ],
    )
    for result in results:
        outcome = str(result.answer.status) if result.answer else "no answer"
        WEBHOOK_ATTEMPTS.labels(outcome).inc()
    _note_health(endpoint, results, now=now)


def _note(result: _Result) -> WebhookDelivery:
    row = result.delivery
    row.attempts += 1
    row.last_attempt_at, row.last_milliseconds = result.at, result.milliseconds
    row.last_status = result.answer.status if result.answer else None
    row.last_answer = result.answer.text if result.answer else ""
    row.error, row.next_attempt_at = result.error, None
    if result.is_delivered:
        row.status = Status.DELIVERED
        return row
    if result.answer and 300 <= result.answer.status < 400:
        row.error = "The server redirects. Enter the address that it redirects to."
    if row.attempts > len(SCHEDULE):
        row.status = Status.FAILED
        return row
    retry_after = result.answer.retry_after if result.answer else None
    row.status = Status.PENDING
    row.next_attempt_at = result.at + pause_after(row.attempts, retry_after=retry_after)
    return row


def pause_after(attempts: int, *, retry_after: float | None) -> timedelta:
    """The pause after so many attempts, 1 to 9, and up to a tenth more.

    It's at least `retry_after` (in seconds), but at most a day more than planned.
    """
    planned = SCHEDULE[attempts - 1] * random.uniform(1, 1 + JITTER)  # noqa: S311 (no secret)
    asked_for = min(timedelta(seconds=retry_after or 0), LONGEST_PAUSE)
    return max(planned, asked_for)


def _note_health(endpoint: WebhookEndpoint, results: Sequence[_Result], *, now: datetime) -> None:
    row = WebhookEndpoint.objects.filter(pk=endpoint.pk)
    failures = [result for result in results if not result.is_delivered]
    if not failures:
        if endpoint.failing_since:
            row.update(failing_since=None)
            log_event(logger, "endpoint_recovered", endpoint=endpoint.pk)
        return
    last = failures[-1]
    log_event(
        logger,
        "webhook_failed",
        logging.WARNING,
        endpoint=endpoint.pk,
        status=last.answer.status if last.answer else None,
        error=last.error,
        attempts=last.delivery.attempts,
    )
    if last.answer and last.answer.status == 410:
        disable_endpoint(endpoint_id=endpoint.pk, because=DisabledBecause.GONE, now=now)
    elif endpoint.failing_since is None:
        row.filter(failing_since=None).update(failing_since=last.at)
    elif now - endpoint.failing_since >= DISABLED_AFTER:
        disable_endpoint(endpoint_id=endpoint.pk, because=DisabledBecause.FAILING, now=now)
