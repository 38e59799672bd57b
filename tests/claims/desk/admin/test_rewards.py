"""How many claims wait for a mapping: counted up to a bound, and shown as such."""

import pytest

from claims.desk import attention
from claims.desk.admin import rewards
from tests.factories import make_campaign, make_claim, make_reward

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("waiting", "said"), [(1, "1 held claim"), (3, "2+ held claims")])
def test_page_says_how_many_claims_wait(admin_client, monkeypatch, waiting, said):
    for module in (attention, rewards):
        monkeypatch.setattr(module, "COUNTED_UP_TO", 2)
    reward = make_reward()
    campaign = make_campaign(rewards=[reward])
    for _ in range(waiting):
        make_claim(campaign=campaign, reward=reward, hold_reason="UNMAPPED_REWARD")

    page = admin_client.get(f"/admin/claims/reward/{reward.pk}/change/").content.decode()

    assert said in page
