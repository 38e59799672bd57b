"""Manual grants: a limit per person and day, and a second person above it."""

import uuid
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Player
from claims.desk import approvals
from claims.desk.actions import ActionContext
from claims.desk.approvals import AlreadyDecided, SamePerson, approve, grant_or_request, reject
from claims.models import AuditEvent, CampaignReward, Claim, Entitlement, GrantRequest
from tests.factories import NOW, make_campaign, make_entitlement, make_player
from tests.races import races
from tests.threads import at_once

pytestmark = pytest.mark.django_db

ADA = ActionContext(actor="ada", reason="lost in a crash", now=NOW)
BOB = ActionContext(actor="bob", reason="", now=NOW)
DAY = timedelta(days=1)


@pytest.fixture
def pair() -> CampaignReward:
    return make_campaign().pairs.get()


@pytest.fixture(autouse=True)
def limit(settings: Any) -> None:
    settings.MANUAL_GRANTS_PER_DAY = 2


def grant(pair: CampaignReward, act: ActionContext = ADA, **overrides: Any) -> Any:
    fields = {"player": make_player(), "grant_id": uuid.uuid4()} | overrides
    return grant_or_request(pair=pair, act=act, **fields)


def used_up(pair: CampaignReward) -> GrantRequest:
    for _ in range(2):
        assert isinstance(grant(pair), Claim)
    wanted = grant(pair)
    assert isinstance(wanted, GrantRequest)
    return wanted


def test_grant_above_the_limit_waits(pair: CampaignReward) -> None:
    wanted = used_up(pair)

    assert Entitlement.objects.count() == 2
    assert (wanted.outcome, wanted.requested_by) == ("PENDING", "ada")
    assert AuditEvent.objects.filter(action="REQUEST").get().actor == "ada"


def test_limit_is_for_each_person_and_24_hours(pair: CampaignReward) -> None:
    used_up(pair)

    assert isinstance(grant(pair, ActionContext("bob", "a gift", NOW)), Claim)
    assert isinstance(grant(pair, ActionContext("ada", "a gift", NOW + DAY)), Claim)


def test_approval_grants_once_and_names_both(pair: CampaignReward) -> None:
    wanted = used_up(pair)

    claim = approve(request_id=wanted.pk, act=BOB)
    with pytest.raises(AlreadyDecided):
        approve(request_id=wanted.pk, act=ActionContext("eve", "", NOW))

    assert Entitlement.objects.filter(player=wanted.player).count() == 1
    granted = AuditEvent.objects.get(action="GRANT", actor="bob")
    assert granted.reason == "lost in a crash (requested by ada)"
    assert granted.subject_id == claim.pk


def test_own_request_cannot_be_approved(pair: CampaignReward) -> None:
    wanted = used_up(pair)

    with pytest.raises(SamePerson):
        approve(request_id=wanted.pk, act=ADA)

    wanted.refresh_from_db()
    assert wanted.outcome == "PENDING"
    with pytest.raises(IntegrityError), transaction.atomic():
        GrantRequest.objects.update(outcome="APPROVED", decided_by="ada", decided_at=NOW)


def test_rejection_grants_nothing(pair: CampaignReward) -> None:
    wanted = used_up(pair)

    reject(request_id=wanted.pk, act=BOB)
    with pytest.raises(AlreadyDecided):
        approve(request_id=wanted.pk, act=BOB)

    assert not Entitlement.objects.filter(player=wanted.player).exists()
    assert AuditEvent.objects.filter(action="REJECT").get().actor == "bob"


def test_repeat_returns_the_first_result(pair: CampaignReward) -> None:
    grant_id, player = uuid.uuid4(), make_player()
    first = grant(pair, grant_id=grant_id, player=player)
    grant(pair)
    again = grant(pair, grant_id=grant_id, player=player)
    wanted = grant(pair)

    assert again == first
    assert grant(pair, grant_id=wanted.pk, player=wanted.player) == wanted
    assert Entitlement.objects.count() == 2


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_race_for_the_last_grant_of_the_day(django_user_model: Any) -> None:
    django_user_model.objects.create(username="ada")
    for number in range(races(20)):
        campaign, at = make_campaign(), NOW + number * 2 * DAY
        act = ActionContext("ada", "a race", at)
        acts = [
            partial(
                grant_or_request,
                player=make_player(),
                pair=campaign.pairs.get(),
                grant_id=uuid.uuid4(),
                act=act,
            )
            for _ in range(6)
        ]

        at_once(acts)

        assert Claim.objects.filter(campaign=campaign).count() == 2
        assert GrantRequest.objects.filter(pair__campaign=campaign).count() == 4


# --- On the desk -------------------------------------------------------------------------------


def send(client: Client, player: Player, pair: CampaignReward, **more: str) -> Any:
    data = {"pair": str(pair.pk), "reason": "lost in a crash", "grant_id": str(uuid.uuid4())}
    return client.post(reverse("desk:grant", args=[player.pk]), data | more)


def test_page_above_the_limit_says_so_and_leads_to_the_request(
    ops: Client, pair: CampaignReward
) -> None:
    for _ in range(2):
        send(ops, make_player(), pair)
    player = make_player()

    page = ops.get(reverse("desk:grant", args=[player.pk])).content.decode()
    answer = send(ops, player, pair)

    wanted = GrantRequest.objects.get()
    assert "This one will wait until someone else approves it" in page
    assert answer["Location"] == reverse("desk:approval", args=[wanted.pk])
    own = ops.get(answer["Location"]).content.decode()
    assert "someone else has to approve this one" in own
    assert "Approve and grant" not in own


def test_colleague_approves_on_the_page(ops: Client, staff: Any, pair: CampaignReward) -> None:
    wanted = used_up(pair)
    url = reverse("desk:approval", args=[wanted.pk])
    assert "Manual grants that wait for a second person" in ops.get("/admin/").content.decode()

    ops.post(url, {"approve": "yes"})
    again = ops.post(url, {"approve": "yes"}, follow=True).content.decode()

    assert Entitlement.objects.filter(player=wanted.player).count() == 1
    assert "Someone has already decided" in again


def test_own_request_is_refused_on_the_page(ops: Client, pair: CampaignReward) -> None:
    for _ in range(3):
        send(ops, make_player(), pair)
    wanted = GrantRequest.objects.get()

    answer = ops.post(reverse("desk:approval", args=[wanted.pk]), {"approve": "yes"}, follow=True)

    assert "Someone else has to decide" in answer.content.decode()
    assert not Entitlement.objects.filter(player=wanted.player).exists()


def test_support_may_not_approve(support: Client, pair: CampaignReward) -> None:
    url = reverse("desk:approval", args=[used_up(pair).pk])

    assert support.post(url, {"approve": "yes"}).status_code == 403


def test_item_that_the_player_has_is_granted_only_after_a_second_look(
    ops: Client, pair: CampaignReward
) -> None:
    player = make_player()
    sku = pair.reward.items.get().sku
    make_entitlement(player=player, sku=sku)

    asked = send(ops, player, pair).content.decode()
    assert f"The player has it already: {sku}." in asked
    assert Entitlement.objects.filter(player=player).count() == 1

    send(ops, player, pair, again="on")
    assert Entitlement.objects.filter(player=player).count() == 2


def test_revoked_item_does_not_count_as_owned(pair: CampaignReward) -> None:
    player = make_player()
    make_entitlement(player=player, sku=pair.reward.items.get().sku, status="REVOKED")

    assert approvals.items_owned_already(player=player, pair=pair) == []


def test_second_press_of_the_button_is_no_second_grant(ops: Client, pair: CampaignReward) -> None:
    player, grant_id = make_player(), str(uuid.uuid4())
    for _ in range(2):
        answer = send(ops, player, pair, grant_id=grant_id)

    assert answer.status_code == 302
    assert Entitlement.objects.filter(player=player).count() == 1
