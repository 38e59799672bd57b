"""Ten calls to the support desk, each from the search box to the sentence and to what mends it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from claims.api.queries import mark_first_listed
from claims.api_keys import make_api_key
from claims.ledger import heal_claims
from claims.models import ApiKey, AuditEvent, Entitlement, RewardItem, WebhookDelivery
from claims.offers import Earning, record_earnings
from claims.source import Unanswered
from claims.webhooks.announcing import announce_entitlements
from core.models import Lease
from platforms.kick.protocol.api import KickApi
from tests.claims.desk.cases import cape, granted, linked, lose_a_webhook
from tests.claims.ledger_assertions import receive, record
from tests.claims.make_offers import make_offer
from tests.claims.points_platform import (
    PointsPlatform,
    connect,
    keep,
    make_points_offer,
    settle,
)
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_claim,
    make_confirmation,
    make_endpoint,
    make_entitlement,
    make_item,
    make_player,
    make_reward,
)
from tests.local_kick_process import LocalKick

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def look_up(client: Client, term: str) -> Any:
    """What support sees who pastes `term` into the box: the case page, or the list of hits."""
    answer = client.get(reverse("desk:search"), {"find": term}, follow=True)
    assert answer.status_code == 200
    return answer


def said(client: Client, term: str) -> tuple[str, str]:
    """The label and the sentence to paste."""
    answer = look_up(client, term).context["page"].diagnosis
    return answer.label, answer.to_player


def kick_is_down() -> None:
    Lease.objects.create(
        job="catch_up:kick_drops",
        expires_at=NOW,
        not_before=NOW,
        platform_error="Kick can't be reached.",
    )


def timeline(client: Client, term: str) -> list[str]:
    return [event.what for event in look_up(client, term).context["page"].about.timeline]


def press(client: Client, name: str, pk: object, **fields: Any) -> Any:
    answer = client.post(reverse(f"desk:{name}", args=[pk]), fields, follow=True)
    assert answer.status_code == 200
    return answer


def test_not_linked(support: Client) -> None:
    account = make_account(name="night_owl")
    make_claim(account=account, campaign=make_campaign(rewards=[cape()]))

    label, sentence = said(support, "night_owl")

    assert label == "Not linked"
    assert "your claim for “Ember cape”, made with the Kick account “night_owl”" in sentence
    assert "http://localhost:8000/link/" in sentence


def test_not_linked_asked_about_by_the_game_account(support: Client) -> None:
    make_player(name="Nova", game_account_id="nova#1")

    label, sentence = said(support, "nova#1")

    assert label == "Not linked"
    assert sentence.startswith("Your game account “Nova” isn't linked to a Kick account.")


def test_linked_the_wrong_game_account(ops: Client) -> None:
    wrong, (right, account) = make_player(name="Second", game_account_id="second#2"), linked()
    campaign = make_campaign(rewards=[cape()])
    claim = make_claim(account=account, campaign=campaign, status="GRANTED")
    misplaced = make_entitlement(claim=claim, player=wrong, sku="cape-ember")

    label, sentence = said(ops, "nova_live")
    ops.post(
        reverse("desk:revoke", args=[wrong.pk]) + f"?claim={claim.pk}",
        {"entitlements": [misplaced.pk], "reason": "linked the wrong account"},
    )
    press(
        ops,
        "grant",
        right.pk,
        pair=campaign.pairs.get().pk,
        grant_id=uuid.uuid4(),
        reason="linked the wrong account",
    )

    assert label == "In another game account"
    assert "went to a different game account than “Nova”" in sentence
    assert "second" not in sentence.lower(), "whose it is, is not for the player's eyes"
    assert Entitlement.objects.get(pk=misplaced.pk).status == "REVOKED"
    assert said(ops, "nova#1")[0] == "Waiting for the game"


def test_claimed_before_linking(support: Client) -> None:
    player, account = linked()
    claim = make_claim(
        account=account,
        campaign=make_campaign(rewards=[cape()]),
        status="GRANTED",
        first_hold_reason="NOT_LINKED",
        granted_at=NOW + HOUR,
    )
    make_entitlement(claim=claim, player=player, sku="cape-ember", granted_at=NOW + HOUR)

    label, sentence = said(support, claim.pk)

    assert label == "Waiting for the game"
    assert "ready for your game account “Nova” since 23 June 2026 at 13:00 UTC" in sentence
    assert timeline(support, claim.pk)[:3] == [
        "Received by webhook",
        "Held",
        "Granted to Nova",
    ]


def test_linked_after_but_not_healed_yet(support: Client) -> None:
    player, account = linked()
    make_claim(account=account, campaign=make_campaign(rewards=[cape()]))

    label, sentence = said(support, "nova#1")
    press(support, "retry", account.pk)

    assert (label, sentence) == (
        "About to be granted",
        "We've received your claim for “Ember cape”. It'll arrive within a minute.",
    )
    assert Entitlement.objects.get().player == player
    assert said(support, "nova#1")[0] == "Waiting for the game"
    assert AuditEvent.objects.get().after == {"granted": 1}


def test_reward_not_mapped(ops: Client) -> None:
    _, account = linked()
    campaign = make_campaign(rewards=[make_reward(name="Ember cape")])
    record(receive(campaign, user_id=account.pk.removeprefix("kick:")))

    page = look_up(ops, "nova_live")
    RewardItem.objects.create(reward=campaign.rewards.get(), item=make_item(), quantity=1)
    heal_claims(now=NOW)

    answer = page.context["page"].diagnosis
    assert answer.label == "Reward not mapped"
    assert answer.to_player.startswith(
        "We've received your claim for “Ember cape”. We're still preparing"
    )
    assert reverse("desk:map", args=[campaign.rewards.get().pk]) in str(page.content)
    assert said(ops, "nova_live")[0] == "Waiting for the game"


def test_paused(ops: Client) -> None:
    _, account = linked()
    campaign = make_campaign(rewards=[make_reward(name="Ember cape", items=[(make_item(), 1)])])
    target = ["campaign", campaign.pk]
    ops.post(reverse("desk:pause", args=target), {"reason": "wrong item"})
    record(receive(campaign, user_id=account.pk.removeprefix("kick:")))

    label, sentence = said(ops, "nova_live")
    ops.post(reverse("desk:resume", args=target))
    heal_claims(now=NOW)

    assert label == "Paused"
    assert "Deliveries of this reward are paused at the moment" in sentence
    assert said(ops, "nova_live")[0] == "Waiting for the game"


def test_webhook_lost(support: Client, local_kick: LocalKick, api: KickApi) -> None:
    make_item(sku="cape-ember", name="Ember cape")
    player, account = linked()
    lose_a_webhook(local_kick, account)

    before = said(support, "nova_live")
    press(support, "refetch", account.pk)

    assert before[0] == "No claim"
    assert "we haven't received a claim from it" in before[1]
    assert said(support, "nova_live")[0] == "Waiting for the game"
    assert timeline(support, "nova_live")[:2] == [
        "Claimed on Kick",
        "Found through the platform's API",
    ]
    assert Entitlement.objects.get().player == player


def test_kick_down(support: Client, settings: Any) -> None:
    settings.KICK_ID_URL = settings.KICK_API_URL = "http://127.0.0.1:9"
    _, account = linked()
    kick_is_down()

    label, sentence = said(support, "nova_live")
    page = press(support, "refetch", account.pk)

    assert label == "Kick unavailable"
    assert "arrive automatically once Kick responds again" in sentence
    assert "API request failed: " in page.content.decode()
    assert "error" in AuditEvent.objects.get().after


def test_game_server_has_not_asked(support: Client) -> None:
    player, account = linked()
    claim = make_claim(account=account, campaign=make_campaign(rewards=[cape()]), status="GRANTED")
    owed = make_entitlement(claim=claim, player=player, sku="cape-ember")

    not_asked = look_up(support, str(owed.pk)).context["page"].diagnosis
    mark_first_listed(entitlement_ids=[owed.pk], now=NOW + HOUR)

    assert "usually when you log in" in not_asked.to_player
    assert "Last request by a game server that may see them: never" in not_asked.to_staff
    label, sentence = said(support, str(owed.pk))
    assert label == "With the game"
    assert "to the game on 23 June 2026 at 13:00 UTC" in sentence


def push(owed: Entitlement, **answer: Any) -> None:
    """The message about the item, as it was answered."""
    make_endpoint(name="eu-west lobby")
    announce_entitlements(now=owed.granted_at + timedelta(seconds=2))
    WebhookDelivery.objects.update(
        attempts=1, last_attempt_at=owed.granted_at + timedelta(seconds=2), **answer
    )


def test_game_server_took_the_message_and_did_not_deliver(support: Client) -> None:
    owed = granted(*linked())
    push(owed, status="DELIVERED", next_attempt_at=None, last_status=200, last_milliseconds=80)

    answer = look_up(support, str(owed.pk)).context["page"].diagnosis

    assert answer.label == "With the game"
    assert "“eu-west lobby” got our message about 1 × Ember cape" in answer.to_staff
    assert "answered 200 in 80 ms" in answer.to_staff
    assert "is about to deliver it" in answer.to_player


def test_game_server_does_not_answer(support: Client) -> None:
    owed = granted(*linked())
    push(owed, error="The connection was refused.")

    answer = look_up(support, str(owed.pk)).context["page"].diagnosis

    assert answer.label == "The game server doesn't answer"
    assert "The connection was refused. It's sent again." in answer.to_staff
    assert "usually when you log in" in answer.to_player


def test_fulfilled_already(support: Client) -> None:
    player, account = linked()
    campaign = make_campaign(rewards=[cape()])
    claim = make_claim(account=account, campaign=campaign, status="GRANTED")
    make_entitlement(
        claim=claim,
        player=player,
        sku="cape-ember",
        status="FULFILLED",
        fulfilled_at=NOW + HOUR,
        fulfilment_id="mail-77",
    )

    label, sentence = said(support, claim.message_id)

    assert label == "Delivered"
    assert sentence == (
        "Your drop “Ember cape” was delivered to your game account “Nova” on 23 June 2026 at "
        "13:00 UTC."
    )
    assert "mail-77" in look_up(support, claim.pk).content.decode()


def test_another_organizations_claim(support: Client) -> None:
    _, account = linked()
    claim = make_claim(
        account=account,
        campaign_id="01THEIRS",
        reward_id="01THEIRS",
        hold_reason="NOT_OURS",
        first_hold_reason="UNCONFIRMED",
    )
    make_confirmation(claim, foreign_at=NOW + 24 * HOUR)

    label, sentence = said(support, claim.pk)

    assert label == "Another organization's"
    assert "this drop belongs to another game's campaign" in sentence
    assert timeline(support, claim.pk) == [
        "Received by webhook",
        "Held",
        "Marked as foreign",
        "Currently held",
    ]


def test_revoked_while_kick_is_down(support: Client) -> None:
    player, account = linked()
    claim = make_claim(
        account=account,
        campaign=make_campaign(rewards=[cape()]),
        status="REVOKED",
        revoked_at=NOW,
    )
    make_entitlement(
        claim=claim,
        player=player,
        sku="cape-ember",
        status="REVOKED",
        revoked_at=NOW,
        revocation_reason="cheating",
    )
    kick_is_down()

    label, sentence = said(support, "nova_live")

    assert label == "Revoked"
    assert sentence.startswith("Your drop “Ember cape” was revoked on ")
    assert "If you mean another drop: Kick isn't responding to us right now." in sentence


def test_answer_about_a_named_claim_says_nothing_of_an_outage(support: Client) -> None:
    owed = granted(*linked(), status="FULFILLED", fulfilled_at=NOW, fulfilment_id="login-6")
    kick_is_down()

    assert "another drop" in said(support, "nova_live")[1]
    assert "another drop" not in said(support, owed.claim_id)[1]


def test_category_that_no_key_sees(support: Client) -> None:
    player, account = linked()
    campaign = make_campaign(rewards=[cape()], category="Starfall Onlin")
    claim = make_claim(account=account, campaign=campaign, status="GRANTED")
    make_entitlement(claim=claim, player=player, sku="cape-ember")
    make_api_key(name="eu-west lobby", categories=["Starfall Online"], now=NOW)

    answer = look_up(support, "nova_live").context["page"].diagnosis

    assert answer.label == "Hidden from the game"
    assert "A setting on our side" in answer.to_player
    assert "may see the category “Starfall Onlin”" in answer.to_staff
    assert "eu-west lobby (Starfall Online)" in answer.to_staff


def test_category_that_one_of_the_keys_sees(support: Client) -> None:
    granted(*linked())
    make_api_key(name="other game", categories=["Other"], now=NOW)
    make_api_key(name="website", categories=[], now=NOW)

    answer = look_up(support, "nova_live").context["page"].diagnosis

    assert answer.label == "Waiting for the game"
    assert "Keys that may see them: website." in answer.to_staff


def test_key_that_has_ended_sees_nothing(support: Client) -> None:
    granted(*linked())
    old, _ = make_api_key(name="old", categories=[], now=NOW)
    ApiKey.objects.filter(pk=old.pk).update(revoked_at=NOW)
    make_api_key(name="other game", categories=["Other"], now=NOW)

    assert said(support, "nova_live")[0] == "Hidden from the game"


def test_each_claim_has_its_own_answer(support: Client) -> None:
    player, account = linked()
    first = granted(player, account, status="FULFILLED", fulfilled_at=NOW, fulfilment_id="login-6")
    second = make_entitlement(
        claim=make_claim(account=account, status="GRANTED"), player=player, sku="cape-ember"
    )

    page = look_up(support, "nova#1").content.decode()

    assert "has been ready for your game account" in page
    assert "was delivered to your game account" in page
    assert f"?claim={first.claim_id}" in page
    assert page.count("Reply about this drop") == 1
    assert second.claim_id in page


def test_name_of_a_viewer_who_claimed_and_never_linked(
    support: Client, local_kick: LocalKick, api: KickApi
) -> None:
    user_id = local_kick.make_viewer("Night_Owl")
    claim = make_claim(
        account=make_account(user_id=str(user_id), name=""),
        campaign=make_campaign(rewards=[cape()]),
    )

    before = look_up(support, "@night_owl").content.decode()
    found = support.post(reverse("desk:find_account"), {"name": "night_owl"}, follow=True)

    assert "it may still have claims" in before
    assert "Ask Kick for “night_owl”" in before
    assert found.context["page"].about.claim == claim
    assert "made with the Kick account “Night_Owl”" in found.context["page"].diagnosis.to_player
    assert said(support, "night_owl")[0] == "Not linked"


def test_name_that_kick_does_not_know(support: Client, local_kick: LocalKick, api: KickApi) -> None:
    answer = support.post(reverse("desk:find_account"), {"name": "no_one"}, follow=True)

    assert "Kick has no account named “no_one”." in answer.content.decode()


def test_name_while_kick_is_down(support: Client, settings: Any) -> None:
    settings.KICK_ID_URL = settings.KICK_API_URL = "http://127.0.0.1:9"

    answer = support.post(reverse("desk:find_account"), {"name": "night_owl"}, follow=True)

    assert "Kick couldn&#x27;t be asked: " in answer.content.decode()


def test_refetch_learns_the_name(support: Client, local_kick: LocalKick, api: KickApi) -> None:
    account = make_account(user_id=str(local_kick.make_viewer("night_owl")), name="")
    make_claim(account=account, campaign=make_campaign(rewards=[cape()]))

    press(support, "refetch", account.pk)

    assert said(support, account.pk)[1].count("“night_owl”") == 1


def earn(*, at: Any, **offer: Any) -> None:
    make_offer(trigger="kick_subscriptions:giftee", at_least=1, **offer)
    earning = Earning(
        event_key="event",
        trigger="kick_subscriptions:giftee",
        account="kick:7",
        channel_id="kick:1",
        amount=1,
        occurred_at=at,
        message_id="message",
    )
    record_earnings([earning], now=at)


def test_gifted_subscription_whose_item_waits(support: Client) -> None:
    """`I was gifted a sub, and the emote isn't there.`"""
    make_account(user_id="7", player=make_player(game_account_id="hero-7"))
    earn(at=NOW, delay_hours=24)

    label, sentence = said(support, "hero-7")

    assert label == "Waiting"
    assert "The item will arrive on 24 June 2026" in sentence
    assert "the item comes on" in look_up(support, "kick:7").content.decode()


def test_waiting_item_of_an_account_that_is_not_linked(support: Client) -> None:
    earn(at=NOW, delay_hours=24)

    assert said(support, "kick:7")[0] == "Waiting"


def test_gift_over_the_limit(support: Client) -> None:
    make_account(user_id="7", player=make_player(game_account_id="hero-7"))
    earn(at=NOW, limit_per_player=0)

    label, sentence = said(support, "hero-7")

    assert (label, "limit was reached" in sentence) == ("Over a limit", True)


def test_item_of_an_offer_names_the_channel(support: Client) -> None:
    make_account(user_id="7", player=make_player(game_account_id="hero-7"))
    earn(at=NOW)

    assert "Earned on Kick, in the channel" in look_up(support, "hero-7").content.decode()


def test_missed_gift_is_granted_by_hand(ops: Client) -> None:
    """`I gifted 500 KICKs, and nothing came.` Kick has no list of gifts."""
    player = make_player(game_account_id="hero-7")
    make_account(user_id="7", player=player)
    offer = make_offer()
    url = reverse("desk:grant", args=[player.pk])
    form = {"offer": offer.pk, "reason": "screenshot of the gift", "grant_id": str(uuid.uuid4())}

    ops.post(url, form)
    ops.post(url, form)

    assert [one.sku for one in Entitlement.objects.filter(player=player)] == ["ember_cape"]


def test_grant_by_hand_of_two_rewards_at_once_is_refused(ops: Client) -> None:
    player = make_player()
    pair = make_campaign(rewards=[make_reward(items=[(make_item(), 1)])]).pairs.get()
    form = {"offer": make_offer().pk, "pair": pair.pk, "reason": "x", "grant_id": str(uuid.uuid4())}

    answer = ops.post(reverse("desk:grant", args=[player.pk]), form)

    assert "Choose one reward." in answer.content.decode()
    assert not Entitlement.objects.exists()


def test_offer_above_the_daily_limit_waits_for_approval(ops: Client, settings: Any) -> None:
    settings.MANUAL_GRANTS_PER_DAY = 0
    player = make_player()
    form = {"offer": make_offer().pk, "reason": "x", "grant_id": str(uuid.uuid4())}

    answer = ops.post(reverse("desk:grant", args=[player.pk]), form, follow=True)

    assert "500 KICKs:" in answer.content.decode()
    assert "500 KICKs" in ops.get("/admin/claims/grantrequest/").content.decode()


class TestChannelPoints:
    """A viewer paid with channel points: where are they, and where is the item?"""

    @pytest.fixture
    def platform(self) -> PointsPlatform:
        make_points_offer(limit_per_player=1)
        connect()
        platform = PointsPlatform()
        keep(platform)
        make_account(user_id="7", name="viewer_seven")
        return platform

    def test_not_linked_yet(self, support: Client, platform: PointsPlatform) -> None:
        platform.redeem()
        settle(platform, after=timedelta(minutes=1))

        label, sentence = said(support, "viewer_seven")

        assert label == "Waits for the viewer"
        assert "Link your game account before" in sentence

    def test_not_linked_in_time(self, support: Client, platform: PointsPlatform) -> None:
        platform.redeem()
        settle(platform, after=25 * HOUR)
        settle(platform, after=26 * HOUR)

        answer = look_up(support, "viewer_seven")

        diagnosis = answer.context["page"].diagnosis
        assert diagnosis.label == "Points given back"
        assert "your channel points were given back" in diagnosis.to_player
        assert "not linked in time" in answer.content.decode()

    def test_points_are_on_their_way_back(self, support: Client, platform: PointsPlatform) -> None:
        platform.redeem(account="kick:1")
        platform.failures["01REDEMPTION000001"] = Unanswered.UNKNOWN
        settle(platform, after=timedelta(minutes=1))

        label, sentence = said(support, "kick:1")

        assert label == "Points are going back"
        assert "are being given back" in sentence

    def test_needs_a_decision(self, support: Client, platform: PointsPlatform) -> None:
        platform.redeem(is_manageable=False)
        settle(platform, after=timedelta(minutes=1))

        answer = look_up(support, "viewer_seven")

        assert answer.context["page"].diagnosis.label == "Needs a decision"
        assert "another app made the reward" in answer.content.decode()
