"""Rewards, campaigns and watch time."""

from datetime import datetime, timedelta

from django.db import models

from .identities import Organization, Viewer


class Reward(models.Model):
    """An organization's reward. It can be in any number of campaigns."""

    reward_id = models.CharField(primary_key=True, max_length=64)
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="rewards")
    name = models.CharField(max_length=100)
    category = models.CharField(max_length=100, blank=True)
    external_id = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="reward_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Campaign(models.Model):
    campaign_id = models.CharField(primary_key=True, max_length=64)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, related_name="campaigns"
    )
    name = models.CharField(max_length=100)
    category = models.CharField(max_length=100, blank=True)
    info_url = models.CharField(max_length=2000, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    grace_days = models.PositiveIntegerField(default=7)
    announcement_days = models.PositiveIntegerField(default=0)
    channels = models.JSONField(default=list)
    test_mode = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="campaign_name_once"),
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="campaign_ends_later"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def claimable_until(self) -> datetime:
        return self.ends_at + timedelta(days=self.grace_days)

    @property
    def announced_at(self) -> datetime:
        return self.starts_at - timedelta(days=self.announcement_days)

    def is_running(self, *, now: datetime) -> bool:
        return self.starts_at <= now < self.ends_at

    def is_claimable(self, *, now: datetime) -> bool:
        return self.starts_at <= now < self.claimable_until


class CampaignReward(models.Model):
    """A reward in a campaign, with the minutes for Kick's rule *watch to redeem*."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="attachments")
    reward = models.ForeignKey(Reward, on_delete=models.CASCADE, related_name="attachments")
    required_minutes = models.PositiveIntegerField()

    class Meta:
        ordering = ["required_minutes", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "reward"], name="reward_attached_once"),
        ]

    def __str__(self) -> str:
        return f"{self.reward_id} in {self.campaign_id}"


class WatchTime(models.Model):
    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="watch_times")
    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="watch_times")
    minutes = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["viewer", "campaign"], name="one_watch_time"),
        ]

    def __str__(self) -> str:
        return f"{self.viewer_id} watched {self.minutes} min of {self.campaign_id}"
