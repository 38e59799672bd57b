"""Rows of Confirmation: there is one exactly while a claim is in doubt.

test_sync.py looks claims up in the local Kick.
"""

from datetime import timedelta

import pytest

from claims.confirmation import confirm_claims
from claims.ledger import heal_claims
from claims.models import CampaignReward, Claim, Confirmation
from claims.source import Award, Filter, Page, Source
from core.platform_errors import PlatformRefused
from tests.claims.ledger_assertions import receive, record
from tests.factories import (
    NOW,
    make_account,
    make_campaign,
    make_claim,
    make_confirmation,
    make_player,
    make_reward,
)

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def test_unconfirmed_claim_is_looked_up_at_once() -> None:
    record(receive(campaign_id="c", reward_id="r"))

    confirmation = Confirmation.objects.get()
    assert (confirmation.pk, confirmation.attempts) == ("01K0CLAIM", 0)
    assert (confirmation.next_attempt_at, confirmation.foreign_at) == (NOW, None)


def test_claims_of_registered_rewards_are_never_looked_up() -> None:
    make_account(user_id="8", player=make_player())
    campaign, unmapped = make_campaign(), make_campaign(rewards=[make_reward()])

    record(
        receive(campaign, claim_id="unlinked"),
        receive(campaign, claim_id="granted", user_id="8"),
        receive(unmapped, claim_id="unmapped"),
    )

    assert Claim.objects.count() == 3
    assert not Confirmation.objects.exists()


def test_repeated_claim_keeps_its_lookups() -> None:
    award = receive(campaign_id="c", reward_id="r")
    record(award)
    Confirmation.objects.update(attempts=3, next_attempt_at=LATER)

    record(award)

    assert list(Confirmation.objects.values_list("attempts", "next_attempt_at")) == [(3, LATER)]


@pytest.mark.parametrize("is_linked", [True, False])
@pytest.mark.parametrize("reason", ["UNCONFIRMED", "NOT_OURS"])
def test_lookups_end_when_the_pair_is_registered(reason: str, is_linked: bool) -> None:
    make_account(user_id="7", player=make_player() if is_linked else None)
    reward = make_campaign().rewards.get()
    campaign = make_campaign(rewards=[])
    record(receive(campaign, reward_id=reward.reward_id))
    if reason == "NOT_OURS":
        Claim.objects.update(hold_reason=reason)
        Confirmation.objects.update(foreign_at=NOW, next_attempt_at=None)
    assert heal_claims(now=NOW) == 0
    assert Confirmation.objects.exists()
    CampaignReward.objects.create(campaign=campaign, reward=reward)

    heal_claims(now=LATER)

    assert Claim.objects.get().hold_reason == ("" if is_linked else "NOT_LINKED")
    assert not Confirmation.objects.exists()


def test_lookups_begin_when_the_pair_of_a_held_claim_is_removed() -> None:
    record(receive(make_campaign()))
    CampaignReward.objects.all().delete()

    heal_claims(now=LATER)

    assert Claim.objects.get().hold_reason == "UNCONFIRMED"
    assert Confirmation.objects.get().next_attempt_at == LATER


def test_lookups_end_when_the_api_shows_other_contents() -> None:
    record(receive(campaign_id="forged", reward_id="forged"))

    record(receive(make_campaign()), path=Claim.Path.SYNC)

    assert not Confirmation.objects.exists()


class Listing(Source):
    """A source whose list has these awards. It notes which claims are looked up."""

    name = "kick_drops"

    def __init__(self, *awards: Award) -> None:
        self._awards = awards
        self.refuses = ""
        self.looked_up: list[str] = []

    def pages(self, wanted: Filter, **_: object) -> list[Page]:
        self.looked_up.append(wanted.claim_id)
        if wanted.claim_id == self.refuses:
            raise PlatformRefused("This claim isn't yours.", status=403)
        return [Page([one for one in self._awards if one.claim_id == wanted.claim_id])]


def test_confirm_claims_ends_the_lookups_of_a_found_claim() -> None:
    award = receive(reward_id="r")
    record(award)
    source = Listing(award)

    found = confirm_claims(source=source, now=NOW)

    assert (found, source.looked_up) == (1, ["01K0CLAIM"])
    assert Claim.objects.get().hold_reason == "UNMAPPED_REWARD"
    assert not Confirmation.objects.exists()


def test_confirm_claims_leaves_claims_of_other_sources() -> None:
    claim = make_claim(source="another", hold_reason="UNCONFIRMED")
    make_confirmation(claim)
    source = Listing()

    assert confirm_claims(source=source, now=NOW) == 0

    assert source.looked_up == []
    assert Confirmation.objects.get().attempts == 0


def test_confirm_claims_drops_lookups_that_a_claim_no_longer_needs() -> None:
    """Two deliveries of a claim that arrive while its pair is registered may leave such a row."""
    make_confirmation(make_claim(status=Claim.Status.GRANTED))
    make_confirmation(make_claim())
    source = Listing()

    assert confirm_claims(source=source, now=NOW) == 0

    assert source.looked_up == []
    assert not Confirmation.objects.exists()


def test_confirm_claims_goes_on_after_a_refused_lookup() -> None:
    long_ago = NOW - timedelta(days=2)
    refused, foreign = (
        make_claim(hold_reason="UNCONFIRMED", received_at=long_ago) for _ in range(2)
    )
    make_confirmation(refused, next_attempt_at=long_ago)
    make_confirmation(foreign)
    source = Listing()
    source.refuses = refused.pk

    confirm_claims(source=source, now=NOW)

    assert source.looked_up == [refused.pk, foreign.pk]
    assert Claim.objects.get(pk=refused.pk).hold_reason == "UNCONFIRMED"
    assert Claim.objects.get(pk=foreign.pk).hold_reason == "NOT_OURS"
    lookup = Confirmation.objects.get(pk=refused.pk)
    assert lookup.attempts == 1
    assert lookup.next_attempt_at is not None
    assert lookup.next_attempt_at > NOW
