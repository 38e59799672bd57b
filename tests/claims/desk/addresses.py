"""Fixture: the address of every page of the desk."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from claims.models import Channel, StreamSpan
from claims.webhooks.endpoints import send_test
from tests.claims.desk.cases import granted, linked
from tests.claims.make_offers import make_channel
from tests.factories import make_claim, make_endpoint, make_reward


@pytest.fixture
def addresses(api: Any) -> list[str]:
    player, account = linked()
    owed = granted(player, account)
    now = timezone.now()
    campaign = owed.claim.campaign
    campaign.starts_at, campaign.ends_at = now - timedelta(days=1), now + timedelta(days=1)
    campaign.save()
    reward = make_reward(name="")
    make_claim(campaign=campaign, reward=reward, hold_reason="UNMAPPED_REWARD")
    StreamSpan.objects.create(
        channel=make_channel(), category="Just Chatting", started_at=now, began_at=now, ended_at=now
    )
    Channel.objects.update(streams_checked_at=now)
    endpoint = make_endpoint()
    send_test(endpoint=endpoint, now=now)
    story = reverse("desk:player", args=[player.pk])
    return [
        "/admin/",
        story,
        f"{story}/grant",
        f"{story}/revoke?claim={owed.claim_id}",
        f"{story}/unlink/kick",
        f"{story}/lift-cooldown/kick",
        reverse("desk:search") + "?find=nothing",
        reverse("desk:campaign", args=[campaign.pk]),
        reverse("desk:preflight", args=[campaign.pk]),
        reverse("desk:live", args=[campaign.pk]),
        reverse("desk:report", args=[campaign.pk]),
        reverse("desk:board"),
        reverse("desk:new_campaign"),
        reverse("desk:internals"),
        reverse("desk:queue"),
        reverse("desk:map", args=[reward.pk]),
        reverse("desk:pause", args=["campaign", campaign.pk]),
        reverse("desk:pause", args=["reward", reward.pk]),
        reverse("desk:catalogue"),
        reverse("desk:endpoint", args=[endpoint.pk]),
    ]
