"""The desk in a real browser: ten calls to support, every page under the policy, on a phone too."""

from typing import Any

import pytest
from django.utils import timezone

from claims.models import Claim
from core.models import Lease
from tests.claims.desk.cases import cape, granted, linked, lose_a_webhook
from tests.factories import (
    make_account,
    make_campaign,
    make_claim,
    make_item,
    make_player,
    make_reward,
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.chromium,
]


def look_up(page: Any, live_server: Any, term: str) -> str:
    """Paste a term into the box, press Enter, and read the sentence at the top of the case."""
    page.goto(live_server.url + "/admin/claims/claim/")
    page.fill("#desk-find", term)
    page.press("#desk-find", "Enter")
    page.wait_for_selector(".answer-sentence")
    return page.inner_text(".answer-sentence")


def press(page: Any, button: str) -> str:
    page.get_by_role("button", name=button).or_(page.get_by_role("link", name=button)).click()
    page.wait_for_selector(".messagelist")
    return page.inner_text(".messagelist")


def give_reason(page: Any, button: str, reason: str) -> None:
    page.fill("[name=reason]", reason)
    page.get_by_role("button", name=button).click()
    page.wait_for_selector(".messagelist .success")


def test_not_linked(page, live_server):
    make_claim(account=make_account(name="night_owl"), campaign=make_campaign(rewards=[cape()]))

    sentence = look_up(page, live_server, "night_owl")

    assert "It'll arrive as soon as you link that Kick account" in sentence


def test_linked_the_wrong_game_account(page, live_server):
    wrong, (right, account) = make_player(name="Second"), linked()
    misplaced = granted(wrong, account)

    sentence = look_up(page, live_server, "nova_live")
    page.click("text=View the account it went to")
    page.click("text=Revoke…")
    give_reason(page, "Revoke", "linked the wrong account")
    look_up(page, live_server, "nova#1")
    page.click("text=Grant manually…")
    page.select_option("[name=pair]", index=1)
    give_reason(page, "Grant manually", "linked the wrong account")

    assert "went to a different game account than “Nova”" in sentence
    misplaced.refresh_from_db()
    assert misplaced.status == "REVOKED"
    assert "has been ready for your game account “Nova”" in page.inner_text(".answer-sentence")
    assert right.entitlements.get().status == "GRANTED"


def test_claimed_before_linking(page, live_server):
    player, account = linked()
    owed = granted(player, account)
    Claim.objects.update(first_hold_reason="NOT_LINKED")

    sentence = look_up(page, live_server, owed.claim_id)

    assert "has been ready for your game account “Nova”" in sentence
    assert str(Claim.HoldReason.NOT_LINKED.label) in page.inner_text(".hops")


def test_linked_after(page, live_server):
    _, account = linked()
    make_claim(account=account, campaign=make_campaign(rewards=[cape()]))

    sentence = look_up(page, live_server, "nova#1")
    said = press(page, "Retry held claims")

    assert "It'll arrive within a minute" in sentence
    assert "1 held claim granted." in said
    assert "has been ready for your game account" in page.inner_text(".answer-sentence")


def test_reward_not_mapped(page, live_server, settings):
    _, account = linked()
    make_item(name="Ember cape")
    campaign = make_campaign(rewards=[make_reward(name="Mystery box")])
    make_claim(account=account, campaign=campaign, hold_reason="UNMAPPED_REWARD")

    sentence = look_up(page, live_server, "nova_live")
    page.click("text=Map the reward…")
    page.select_option("[name=form-0-item]", label="Ember cape")
    page.get_by_role("button", name="Preview").click()
    effects = page.inner_text(".effects")
    page.get_by_role("button", name="Map and grant").click()
    page.wait_for_selector(".job-progress")

    assert "We're still preparing this reward" in sentence
    assert "1" in effects.splitlines()
    assert campaign.rewards.get().items.get().name == "Ember cape"


def test_webhook_lost(page, live_server, local_kick, api):
    make_item(sku="cape-ember", name="Ember cape")
    _, account = linked()
    lose_a_webhook(local_kick, account)

    sentence = look_up(page, live_server, "nova_live")
    said = press(page, "Re-fetch from Kick")

    assert "we haven't received a claim from it" in sentence
    assert "1 new, 1 granted" in said
    assert "has been ready for your game account" in page.inner_text(".answer-sentence")


def test_kick_down(page, live_server, settings):
    settings.KICK_ID_URL = settings.KICK_API_URL = "http://127.0.0.1:9"
    linked()
    now = timezone.now()
    Lease.objects.create(
        job="catch_up:kick_drops", expires_at=now, not_before=now, platform_error="It is down."
    )

    sentence = look_up(page, live_server, "nova_live")
    said = press(page, "Re-fetch from Kick")

    assert "arrive automatically once Kick responds again" in sentence
    assert "Kick's API request failed" in said


def test_game_server_has_not_asked(page, live_server):
    owed = granted(*linked())

    sentence = look_up(page, live_server, str(owed.pk))

    assert "usually when you log in" in sentence
    assert "Last request by a game server that may see them: never" in page.inner_text(
        ".answer-note"
    )


def test_fulfilled_already(page, live_server):
    owed = granted(*linked(), status="FULFILLED", fulfilment_id="mail-77")

    sentence = look_up(page, live_server, owed.claim.message_id)

    assert "was delivered to your game account “Nova”" in sentence
    assert "mail-77" in page.inner_text(".hops")


def test_another_organizations_claim(page, live_server):
    claim = make_claim(
        campaign_id="01THEIRS",
        reward_id="01THEIRS",
        hold_reason="NOT_OURS",
        first_hold_reason="UNCONFIRMED",
    )

    assert "this drop belongs to another game's campaign" in look_up(page, live_server, claim.pk)


# --- Every page --------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1360, 390])
def test_every_page_keeps_to_the_policy_and_to_the_screen(
    page,
    live_server,
    addresses,
    width,
):
    page.set_viewport_size({"width": width, "height": 844})

    for address in addresses:
        assert page.goto(live_server.url + address).status == 200, address
        assert page.evaluate("document.documentElement.scrollWidth") <= width, address

    assert page.complaints == []
