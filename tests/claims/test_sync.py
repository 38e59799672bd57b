"""Catch-up, confirmation, registration and reports, against the local Kick over a socket."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from claims.confirmation import confirm_claims
from claims.models import (
    Campaign,
    CampaignReward,
    Claim,
    Confirmation,
    Entitlement,
    QuarantinedDelivery,
    Report,
    Reward,
    RewardItem,
)
from claims.reports import send_reports
from claims.source import Filter, Source, get_source
from claims.sync import catch_up
from core.leases import LeaseLost
from core.platform_errors import PlatformUnavailable
from tests.claims.kick_claims import claims_at_kick
from tests.claims.ledger_assertions import owed, receive, record
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_item,
    make_player,
    make_report,
    make_reward,
)
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(local_kick: LocalKick, settings: Any) -> Source:
    """Our organization's claims at the local Kick; another organization has one, too."""
    local_kick.register_app()
    settings.KICK_ID_URL = settings.KICK_API_URL = local_kick.url
    settings.KICK_CLIENT_ID, settings.KICK_CLIENT_SECRET = "app", "app-secret"
    return get_source("kick_drops")


def received(claim: dict[str, Any], **changes: str) -> Any:
    fields = {name: claim[name] for name in ("claim_id", "campaign_id", "reward_id")}
    return receive(**fields | {"user_id": str(claim["user_id"])} | changes)


def status_at_kick(kick: LocalKick) -> list[str]:
    return [claim["external_status"] for claim in kick.claims()]


# --- Catch-up ----------------------------------------------------------------------------------


def test_catch_up_registers_and_records_what_no_webhook_brought(
    local_kick: LocalKick, source: Source
) -> None:
    claims_at_kick(local_kick, count=25)

    run = catch_up(source=source, clock=timezone.now, is_urgent=True)

    assert (run.seen, run.recorded) == (25, 25)
    assert Claim.objects.filter(path="SYNC", occurred_at__isnull=False).count() == 25
    assert set(Claim.objects.values_list("hold_reason", flat=True)) == {"UNMAPPED_REWARD"}
    assert CampaignReward.objects.count() == 1


def test_catch_up_repeated_finds_nothing_new(local_kick: LocalKick, source: Source) -> None:
    claims_at_kick(local_kick, count=3)
    catch_up(source=source, clock=timezone.now, is_urgent=True)

    run = catch_up(source=source, clock=timezone.now, is_urgent=True)

    assert (run.outcome, run.seen, run.recorded, run.held) == ("DONE", 3, 0, 0)


def test_catch_up_maps_a_new_reward_to_the_item_its_external_id_names(
    local_kick: LocalKick, source: Source
) -> None:
    make_item(sku="ember-cape")
    make_account(user_id="7", player=make_player())
    local_kick.make_viewer("Ada", user_id=7)
    (claim,) = claims_at_kick(local_kick, external_id="ember-cape", user_id=7)

    catch_up(source=source, clock=lambda: NOW, is_urgent=True)

    assert [(sku, quantity) for sku, quantity, _ in owed(claim["claim_id"])] == [("ember-cape", 1)]
    assert Reward.objects.get().first_mapped_at == NOW


def test_catch_up_leaves_a_reward_alone_that_was_ever_mapped(
    local_kick: LocalKick, source: Source
) -> None:
    make_item(sku="ember-cape")
    (claim,) = claims_at_kick(local_kick, external_id="ember-cape", count=1)
    make_reward(reward_id=claim["reward_id"], first_mapped_at=NOW)

    catch_up(source=source, clock=timezone.now, is_urgent=True)

    assert not RewardItem.objects.exists()


def test_catch_up_corrects_a_held_claim_and_shows_the_difference_of_a_granted_one(
    local_kick: LocalKick, source: Source
) -> None:
    make_account(user_id="7", player=make_player())
    ours = make_campaign()
    held, granted = claims_at_kick(local_kick, count=2)
    record(received(held, user_id="8"), receive(ours, claim_id=granted["claim_id"]))

    run = catch_up(source=source, clock=timezone.now, is_urgent=True)

    assert (run.recorded, run.held, run.differs) == (0, 1, 1)
    assert Claim.objects.get(pk=held["claim_id"]).account_id == f"kick:{held['user_id']}"
    assert Claim.objects.get(pk=granted["claim_id"]).account_id == "kick:7"
    delivery = QuarantinedDelivery.objects.get()
    assert (delivery.verdict, delivery.claim_id) == ("DIFFERS", granted["claim_id"])
    assert catch_up(source=source, clock=timezone.now, is_urgent=True).differs == 1
    assert QuarantinedDelivery.objects.count() == 1


def test_catch_up_notes_what_kick_says_of_a_known_claim(
    local_kick: LocalKick, source: Source
) -> None:
    (claim,) = claims_at_kick(local_kick, count=1)
    record(received(claim))
    make_report(Claim.objects.get(), reported_at=NOW)

    catch_up(source=source, clock=timezone.now, is_urgent=True)

    assert Report.objects.get().reported_at is None
    assert Claim.objects.get().occurred_at is not None


# --- Confirming --------------------------------------------------------------------------------


def test_confirm_claims_grants_what_is_ours_and_heals_the_rest_of_its_pair(
    local_kick: LocalKick, source: Source
) -> None:
    make_item(sku="ember-cape")
    for user_id in (7, 8):
        local_kick.make_viewer(f"viewer {user_id}", user_id=user_id)
        make_account(user_id=str(user_id), player=make_player())
    first, *_ = claims_at_kick(local_kick, external_id="ember-cape", user_id=7)
    second, *_ = claims_at_kick(local_kick, external_id="ember-cape", user_id=8)
    record(received(first), received(second))
    later = NOW + timedelta(days=1)
    Confirmation.objects.filter(pk=second["claim_id"]).update(next_attempt_at=later)

    found = confirm_claims(source=source, now=NOW)

    assert found == 1
    assert set(Claim.objects.values_list("status", flat=True)) == {"GRANTED"}
    assert Entitlement.objects.count() == 2


def test_confirm_claims_grants_when_it_finds_not_when_it_began(
    local_kick: LocalKick, source: Source
) -> None:
    """A player may link while Kick lets a run wait; nothing is granted before its link."""
    make_item(sku="ember-cape")
    local_kick.make_viewer("Ada", user_id=7)
    make_account(user_id="7", player=make_player())
    (claim,) = claims_at_kick(local_kick, external_id="ember-cape", user_id=7)
    record(received(claim))
    local_kick.set_faults(api={"slow_seconds": 0.2, "path_prefix": "/public/v1/drops/claims"})

    confirm_claims(source=source, now=NOW)

    granted_at = Claim.objects.get().granted_at
    assert granted_at is not None
    assert granted_at - NOW >= timedelta(seconds=0.2)


def test_confirm_claims_never_grants_another_organization_s(
    local_kick: LocalKick, source: Source
) -> None:
    make_account(user_id="7", player=make_player())
    local_kick.make_viewer("Ada", user_id=7)
    (foreign,) = claims_at_kick(local_kick, organization="Another Studio", user_id=7)
    record(received(foreign))

    early = confirm_claims(source=source, now=NOW)
    assert Claim.objects.get().hold_reason == "UNCONFIRMED"
    waiting = Confirmation.objects.get()
    late = confirm_claims(source=source, now=NOW + timedelta(hours=24))

    assert (early, late) == (0, 0)
    assert (waiting.attempts, waiting.foreign_at) == (1, None)
    assert timedelta(seconds=5) < waiting.next_attempt_at - NOW < timedelta(seconds=60)
    assert Claim.objects.get().hold_reason == "NOT_OURS"
    ended = Confirmation.objects.get()
    assert (ended.attempts, ended.next_attempt_at) == (2, None)
    assert ended.foreign_at - NOW >= timedelta(hours=24)
    assert not Campaign.objects.exists()


def test_an_api_page_revives_a_claim_that_was_given_up_on(
    local_kick: LocalKick, source: Source
) -> None:
    (claim,) = claims_at_kick(local_kick, count=1)
    record(received(claim))
    Claim.objects.update(hold_reason="NOT_OURS")
    Confirmation.objects.update(foreign_at=NOW, next_attempt_at=None)

    catch_up(source=source, clock=timezone.now, is_urgent=True)

    assert Claim.objects.get().hold_reason == "UNMAPPED_REWARD"
    assert not Confirmation.objects.exists()


def test_confirm_claims_counts_no_look_up_while_kick_is_down(
    local_kick: LocalKick, source: Source
) -> None:
    (claim,) = claims_at_kick(local_kick, count=1)
    record(received(claim))
    local_kick.set_faults(api={"status": 500, "path_prefix": "/public/v1/drops/claims"})

    with pytest.raises(PlatformUnavailable):
        confirm_claims(source=source, now=NOW)

    assert Confirmation.objects.get().attempts == 0


def test_confirm_claims_lets_no_claim_that_kick_fails_at_keep_others_waiting(
    local_kick: LocalKick, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    poisoned, found = claims_at_kick(local_kick, count=2)
    record(received(poisoned), received(found))
    earlier = NOW - timedelta(hours=1)
    Confirmation.objects.filter(pk=poisoned["claim_id"]).update(next_attempt_at=earlier)
    pages = source.pages

    def fail_at_one(wanted: Filter) -> Any:
        if wanted.claim_id == poisoned["claim_id"]:
            raise PlatformUnavailable("500 for this claim only")
        return pages(wanted)

    monkeypatch.setattr(source, "pages", fail_at_one)

    with pytest.raises(PlatformUnavailable):
        confirm_claims(source=source, now=NOW)
    assert Confirmation.objects.get(pk=poisoned["claim_id"]).attempts == 0

    assert confirm_claims(source=source, now=NOW) == 1

    assert Claim.objects.get(pk=found["claim_id"]).hold_reason == "UNMAPPED_REWARD"


def test_confirm_claims_stops_when_its_lease_is_lost(local_kick: LocalKick, source: Source) -> None:
    record(*(received(claim) for claim in claims_at_kick(local_kick, count=2)))

    def lose() -> None:
        raise LeaseLost

    with pytest.raises(LeaseLost):
        confirm_claims(source=source, now=NOW, renew=lose)

    assert Claim.objects.filter(hold_reason="UNCONFIRMED").count() == 1


# --- Reports -----------------------------------------------------------------------------------


def test_send_reports_reports_only_delivered_claims(local_kick: LocalKick, source: Source) -> None:
    claims_at_kick(local_kick, count=3)
    catch_up(source=source, clock=timezone.now, is_urgent=True)
    fulfilled = Claim.objects.order_by("claim_id").first()
    make_report(fulfilled)

    assert send_reports(source=source, clock=timezone.now) == 1

    assert sorted(status_at_kick(local_kick)) == ["initiated", "initiated", "processed"]
    assert Report.objects.get(reported_at__isnull=False).claim == fulfilled
    assert send_reports(source=source, clock=timezone.now) == 0


def test_send_reports_goes_around_a_claim_that_kick_refuses(
    local_kick: LocalKick, source: Source
) -> None:
    claims_at_kick(local_kick, count=5)
    catch_up(source=source, clock=timezone.now, is_urgent=True)
    record(receive(campaign_id="c", reward_id="r", claim_id="01K0UNKNOWN"))
    for one in Claim.objects.all():
        make_report(one)

    assert send_reports(source=source, clock=timezone.now) == 5

    assert status_at_kick(local_kick) == ["processed"] * 5
    refused = Report.objects.get(reported_at=None)
    assert (refused.pk, refused.refusals) == ("01K0UNKNOWN", 1)


def test_send_reports_notes_nothing_while_kick_is_down(
    local_kick: LocalKick, source: Source
) -> None:
    claims_at_kick(local_kick, count=1)
    catch_up(source=source, clock=timezone.now, is_urgent=True)
    make_report(Claim.objects.get())
    local_kick.set_faults(api={"status": 500, "path_prefix": "/public/v1/drops/claims"})

    with pytest.raises(PlatformUnavailable):
        send_reports(source=source, clock=timezone.now)

    report = Report.objects.get()
    assert (report.reported_at, report.refusals) == (None, 0)
