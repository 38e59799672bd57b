"""The list of changes: a cursor that is stored for later, and that never skips a change."""

import threading
import time
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from claims.api.pagination import page_of_changes
from claims.entitlements import revoke_entitlements
from claims.models import Entitlement
from claims.webhooks.announcing import announce_entitlements
from core.models import Counter
from tests.factories import NOW, make_campaign, make_claim, make_entitlement, make_player

CHANGES = "/api/v1/entitlements/changes"
LATER = NOW + timedelta(seconds=2)


def announce() -> None:
    announce_entitlements(now=LATER)


@pytest.mark.django_db
def test_cursor_is_stored_and_goes_on_later(api: Any) -> None:
    first, second = make_entitlement(), make_entitlement()
    announce()

    page = api.get(CHANGES, {"limit": 1}).json()
    rest = api.get(CHANGES, {"after": page["next_cursor"]}).json()
    again = api.get(CHANGES, {"after": rest["next_cursor"]}).json()

    assert [one["id"] for one in page["entitlements"]] == [first.public_id]
    assert [one["id"] for one in rest["entitlements"]] == [second.public_id]
    assert (page["has_more"], rest["has_more"]) == (True, False)
    assert again == {
        "entitlements": [],
        "next_cursor": rest["next_cursor"],
        "has_more": False,
    }


@pytest.mark.django_db
def test_revocation_comes_after_the_cursor(api: Any) -> None:
    entitlement = make_entitlement()
    announce()
    cursor = api.get(CHANGES).json()["next_cursor"]
    revoke_entitlements(entitlement_ids=[entitlement.pk], reason="fraud", now=LATER)
    announce()

    (changed,) = api.get(CHANGES, {"after": cursor}).json()["entitlements"]

    assert (changed["status"], changed["revoked_at"]) == ("REVOKED", "2026-06-23T12:00:02Z")
    assert "fraud" not in str(changed)


@pytest.mark.django_db
def test_latest_skips_the_past(api: Any) -> None:
    make_entitlement()
    announce()

    latest = api.get(CHANGES, {"after": "latest"}).json()
    new = make_entitlement()
    announce()

    assert latest["entitlements"] == []
    page = api.get(CHANGES, {"after": latest["next_cursor"]}).json()
    assert [one["id"] for one in page["entitlements"]] == [new.public_id]


@pytest.mark.django_db
def test_key_limited_to_a_category_sees_only_its_changes(make_client: Any) -> None:
    for category in ("Lyra", "Orbit"):
        make_entitlement(claim=make_claim(campaign=make_campaign(category=category)))
    announce()

    page = make_client("Lyra").get(CHANGES).json()

    assert len(page["entitlements"]) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["x", "YWZ0ZXI6MQ", "Y2hhbmdlczox", "é", "0" * 101])
def test_text_that_is_no_cursor_is_refused(api: Any, cursor: str) -> None:
    answer = api.get(CHANGES, {"after": cursor})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["parameter"] == "after"


@pytest.mark.django_db
def test_cursor_from_before_a_restore_is_refused(api: Any) -> None:
    make_entitlement()
    announce()
    cursor = api.get(CHANGES, {"after": "latest"}).json()["next_cursor"]
    Counter.objects.update(value=0)
    Entitlement.objects.update(announced_in=None)

    answer = api.get(CHANGES, {"after": cursor})

    assert answer.status_code == 400
    assert "restored" in answer.json()["errors"][0]["detail"]


WRITERS = 20
SECONDS = 3.0


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_reader_skips_nothing_while_writers_commit_out_of_order() -> None:
    """A cursor by id, read by a second reader, shows that commits really come out of order."""
    player, claim = make_player(), make_claim(status="GRANTED")
    until = time.monotonic() + SECONDS
    written: list[int] = []
    by_cursor: set[int] = set()
    by_id: set[int] = set()

    def write(seed: int) -> None:
        chance, number = Random(seed), 0
        while time.monotonic() < until:
            number += 1
            with transaction.atomic():
                made = make_entitlement(
                    player=player,
                    claim=claim,
                    sku=f"sku-{seed}-{number}",
                    granted_at=timezone.now() - timedelta(seconds=2),
                )
                time.sleep(chance.uniform(0, 0.02))
            written.append(made.pk)

    def announce_all() -> None:
        is_last = False
        while not is_last:
            is_last = not any(writer.is_alive() for writer in writers)
            while announce_entitlements(now=timezone.now()):
                pass

    def read_changes() -> None:
        cursor, is_last = "", False
        while not is_last:
            is_last = not announcer.is_alive()  # one more round after it has ended
            page = page_of_changes(after=cursor, categories=(), limit=1000)
            cursor = page.next_cursor
            by_cursor.update(one.id for one in page.entitlements)
            is_last = is_last and not page.has_more

    def read_by_id() -> None:
        after = 0
        while time.monotonic() < until:
            ids = Entitlement.objects.filter(pk__gt=after).order_by("pk").values_list("pk")
            by_id.update(pk for (pk,) in ids)
            after = max(by_id, default=0)

    def closing(work: Any, *arguments: Any) -> None:
        try:
            work(*arguments)
        finally:
            connection.close()

    announcer = threading.Thread(target=closing, args=(announce_all,))
    readers = [
        threading.Thread(target=closing, args=(read,)) for read in (read_changes, read_by_id)
    ]
    writers = [threading.Thread(target=closing, args=(write, seed)) for seed in range(WRITERS)]
    threads = [announcer, *writers, *readers]
    for thread in (*writers, announcer, *readers):
        thread.start()
    for thread in threads:
        thread.join()

    assert len(written) > 100
    assert by_cursor == set(written)
    assert set(written) - by_id, "commits were in order: this run proves nothing"
