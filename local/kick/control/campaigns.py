"""Control calls for campaigns and watch time."""

from datetime import timedelta

from django.http import HttpRequest

from .. import clock
from ..campaigning import CampaignPlan, RewardPlan, find_campaign, save_campaign
from ..claiming import watch
from ..json_fields import Fields, read_fields
from ..registry import find_viewer
from .endpoint import Answer

DEFAULT_LENGTH = timedelta(days=30)


def put_campaign(request: HttpRequest) -> Answer:
    fields = read_fields(
        request.body,
        known="campaign_id organization name category info_url starts_at ends_at grace_days "
        "announcement_days channels test_mode rewards",
    )
    campaign = save_campaign(
        organization=fields.text("organization"),
        plan=_read_plan(fields),
        campaign_id=fields.optional_text("campaign_id"),
        now=clock.now(),
    )
    return {
        "campaign_id": campaign.campaign_id,
        "organization": campaign.organization.name,
        "name": campaign.name,
        "category": campaign.category,
        "info_url": campaign.info_url,
        "starts_at": campaign.starts_at.isoformat(),
        "ends_at": campaign.ends_at.isoformat(),
        "grace_days": campaign.grace_days,
        "announcement_days": campaign.announcement_days,
        "channels": campaign.channels,
        "test_mode": campaign.test_mode,
        "rewards": [
            {
                "reward_id": attachment.reward_id,
                "name": attachment.reward.name,
                "external_id": attachment.reward.external_id,
                "required_minutes": attachment.required_minutes,
            }
            for attachment in campaign.attachments.select_related("reward")
        ],
    }


def _read_plan(fields: Fields) -> CampaignPlan:
    starts_at = fields.moment("starts_at", default=clock.now())
    known = "reward_id name external_id required_minutes"
    return CampaignPlan(
        name=fields.text("name"),
        category=fields.optional_text("category") or "",
        info_url=fields.optional_text("info_url") or "",
        starts_at=starts_at,
        ends_at=fields.moment("ends_at", default=starts_at + DEFAULT_LENGTH),
        grace_days=fields.natural("grace_days", default=7),
        announcement_days=fields.natural("announcement_days", default=0),
        channels=fields.texts("channels") if "channels" in fields else [],
        test_mode=fields.flag("test_mode", default=False),
        rewards=[
            RewardPlan(
                name=entry.text("name"),
                required_minutes=entry.natural("required_minutes", default=30),
                reward_id=entry.optional_text("reward_id"),
                external_id=entry.optional_text("external_id"),
            )
            for entry in fields.objects("rewards", known=known)
        ]
        if "rewards" in fields
        else None,
    )


def post_watch(request: HttpRequest) -> Answer:
    fields = read_fields(request.body, known="user_id campaign_id minutes")
    watched = watch(
        viewer=find_viewer(fields.integer("user_id")),
        campaign=find_campaign(fields.text("campaign_id")),
        minutes=fields.natural("minutes", default=0),
        now=clock.now(),
    )
    return {
        "user_id": int(watched.viewer_id),
        "campaign_id": watched.campaign_id,
        "minutes": watched.minutes,
    }
