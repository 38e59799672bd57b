"""Before a new link is made, the player sees both accounts and is asked."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.db.models import F

from accounts.models import Deauthorization, LinkEvent, PendingLink, PlatformAccount
from accounts.pending_links import LIFETIME, discard_expired_links
from tests.accounts.visitor import Visitor
from tests.factories import NOW, make_account, make_player

pytestmark = pytest.mark.django_db

CONFIRM = "/link/kick/confirm"


@pytest.fixture
def asked(nova: Visitor) -> Visitor:
    """A player who has consented as `nova_live`, and is being asked."""
    nova.confirms = False
    assert nova.link("nova_live")["Location"] == CONFIRM
    return nova


def is_linked() -> bool:
    return PlatformAccount.objects.filter(player__isnull=False).exists()


def test_page_shows_both_accounts_and_links_nothing(asked: Visitor) -> None:
    page = asked.client.get(CONFIRM).content.decode()

    assert "Link these two accounts?" in page
    assert "Nova" in page
    assert "nova_live" in page
    assert not is_linked()


def test_tokens_wait_encrypted(asked: Visitor) -> None:
    pending = PendingLink.objects.get()

    assert bytes(pending.encrypted_refresh_token).startswith(b"gAAAA")
    assert bytes(pending.encrypted_access_token).startswith(b"gAAAA")


def test_yes_links_once(asked: Visitor) -> None:
    answers = [asked.client.post(CONFIRM, {"answer": "yes"})["Location"] for _ in range(2)]

    assert answers == ["/link/", "/link/"]
    assert "Linked. You’re all set." in asked.hub()
    assert LinkEvent.objects.count() == 1
    assert not PendingLink.objects.exists()


@pytest.mark.parametrize(("answer", "leads_to"), [("no", "/link/"), ("other", "/oauth/authorize")])
def test_no_ends_the_authorization(asked: Visitor, answer: str, leads_to: str) -> None:
    response = asked.client.post(CONFIRM, {"answer": answer})

    assert leads_to in response["Location"]
    assert not is_linked()
    assert not PendingLink.objects.exists()
    assert Deauthorization.objects.get().outcome == "PENDING"


def test_after_ten_minutes_it_has_expired(asked: Visitor) -> None:
    PendingLink.objects.update(expires_at=F("expires_at") - LIFETIME)

    response = asked.client.post(CONFIRM, {"answer": "yes"}, follow=True)

    assert "Your link request has expired." in response.content.decode()
    assert not is_linked()


def test_link_that_no_one_confirmed_is_ended_at_the_platform(asked: Visitor) -> None:
    PendingLink.objects.update(expires_at=NOW)

    assert discard_expired_links(now=NOW + timedelta(seconds=1)) == 1
    assert discard_expired_links(now=NOW + timedelta(seconds=1)) == 0

    assert Deauthorization.objects.count() == 1


def test_other_browser_or_player_cannot_confirm(asked: Visitor, new_visitor: Any) -> None:
    other = new_visitor("Mallory")

    response = other.client.post(CONFIRM, {"answer": "yes"}, follow=True)

    assert "Your link request has expired." in response.content.decode()
    asked.log_in("Someone Else")
    asked.client.post(CONFIRM, {"answer": "yes"})
    assert not is_linked()


def test_second_consent_as_the_same_account_does_not_end_the_first(asked: Visitor) -> None:
    asked.link("nova_live")

    asked.client.post(CONFIRM, {"answer": "yes"})

    assert is_linked()
    assert not Deauthorization.objects.exists()


def test_account_that_was_taken_meanwhile_is_refused(asked: Visitor) -> None:
    pending = PendingLink.objects.get()
    make_account(user_id=pending.user_id, player=make_player())

    response = asked.client.post(CONFIRM, {"answer": "yes"}, follow=True)

    assert "linked to another game account" in response.content.decode()
    assert response.status_code == 409


def test_renewal_and_refusal_are_not_asked_about(nova: Visitor) -> None:
    nova.link("nova_live")
    nova.confirms = False

    assert nova.link("nova_live")["Location"] == "/link/"
    assert nova.link("another_live").status_code == 409
    assert not PendingLink.objects.exists()


def test_key_that_is_gone_ends_the_question(asked: Visitor, settings: Any) -> None:
    settings.TOKEN_KEYS = [Fernet.generate_key().decode()]

    response = asked.client.post(CONFIRM, {"answer": "yes"}, follow=True)

    assert "Your link request has expired." in response.content.decode()
    assert not is_linked()


def test_setting_turns_it_off(nova: Visitor, settings: Any) -> None:
    settings.LINK_CONFIRMATION = False
    nova.confirms = False

    assert nova.link("nova_live")["Location"] == "/link/"
    assert is_linked()
