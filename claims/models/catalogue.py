"""The catalogue: platforms' campaigns and rewards, the studio's items, and their mapping."""

from datetime import datetime, timedelta
from typing import Self

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from claims.source import default_source, source_choices
from core.fields import OpaqueTextField

REWARDS_PER_CAMPAIGN = 12


class Reward(models.Model):
    """A reward of our organization, mirrored from its source."""

    reward_id = OpaqueTextField(_("reward ID"), primary_key=True)
    source = OpaqueTextField(_("source"), choices=source_choices, default=default_source)
    name = models.TextField(_("name"), blank=True)
    external_id = OpaqueTextField(
        _("external ID"), blank=True, help_text=_("The studio's reference, as set on the platform.")
    )
    items: "models.ManyToManyField[Item, RewardItem]" = models.ManyToManyField(
        "Item", through="RewardItem", related_name="rewards", verbose_name=_("items")
    )
    # Written once. From then on, the reward is never mapped automatically.
    first_mapped_at = models.DateTimeField(_("first mapped at"), null=True, blank=True)
    created_at = models.DateTimeField(_("registered at"))

    class Meta:
        verbose_name = _("reward")
        verbose_name_plural = _("rewards")

    def __str__(self) -> str:
        return self.name or self.reward_id


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def begun(self, *, now: datetime) -> Self:
        """Campaigns that have started. Without a start date, a campaign counts as started."""
        return self.filter(Q(starts_at=None) | Q(starts_at__lte=now))

    def coming(self, *, now: datetime) -> Self:
        """Campaigns that start later, the next first."""
        return self.filter(starts_at__gt=now).order_by("starts_at", "pk")

    def running(self, *, now: datetime, or_over_for: timedelta = timedelta()) -> "list[Campaign]":
        """Campaigns that have started and whose grace period hasn't ended, or not long ago."""
        return [one for one in self.begun(now=now) if not one.is_over(now - or_over_for)]


class Campaign(models.Model):
    """A campaign of our organization, mirrored from its source. Some sources have none."""

    campaign_id = OpaqueTextField(_("campaign ID"), primary_key=True)
    source = OpaqueTextField(_("source"), choices=source_choices, default=default_source)
    name = models.TextField(_("name"), blank=True)
    category = models.TextField(
        _("category"),
        blank=True,
        help_text=_(
            "The category on the platform. If blank, only API keys without a category limit see the"
            " campaign's entitlements."
        ),
    )
    info_url = models.URLField(_("info URL"), blank=True)
    starts_at = models.DateTimeField(_("starts at"), null=True, blank=True)
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    announcement_days = models.PositiveSmallIntegerField(
        _("announced (days before start)"), default=0
    )
    grace_days = models.PositiveSmallIntegerField(_("grace period (days after end)"), default=0)
    channels = models.JSONField(
        _("channels"),
        default=list,
        blank=True,
        help_text=_("Channels on the allow list. Leave empty for a global campaign."),
    )
    is_test = models.BooleanField(_("test mode"), default=False)
    rewards: "models.ManyToManyField[Reward, CampaignReward]" = models.ManyToManyField(
        Reward, through="CampaignReward", related_name="campaigns", verbose_name=_("rewards")
    )
    created_at = models.DateTimeField(_("registered at"))

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        constraints = [
            models.CheckConstraint(
                name="campaign_ends_after_it_starts",
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(ends_at__gt=F("starts_at")),
                violation_error_message=_("The campaign ends before it starts."),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.campaign_id

    def is_over(self, now: datetime) -> bool:
        """Whether its grace period has ended."""
        return self.ends_at is not None and now > self.ends_at + timedelta(days=self.grace_days)


class CampaignReward(models.Model):
    """A *registered pair*: claims of this reward in this campaign are confirmed as ours."""

    # `db_index=False`: the unique constraint has an index that starts with it.
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_index=False, related_name="pairs"
    )
    reward = models.ForeignKey(Reward, on_delete=models.CASCADE, related_name="pairs")
    required_minutes = models.PositiveIntegerField(_("minutes to watch"), null=True, blank=True)

    class Meta:
        verbose_name = _("reward of a campaign")
        verbose_name_plural = _("rewards of a campaign")
        constraints = [
            models.UniqueConstraint(name="campaign_reward_once", fields=["campaign", "reward"])
        ]

    def __str__(self) -> str:
        return f"{self.reward_id} in {self.campaign_id}"


class Pause(models.Model):
    """While it exists, claims of this campaign or reward are held. Manual grants aren't."""

    campaign = models.OneToOneField(
        Campaign, on_delete=models.CASCADE, null=True, related_name="pause"
    )
    reward = models.OneToOneField(Reward, on_delete=models.CASCADE, null=True, related_name="pause")
    paused_at = models.DateTimeField(_("paused at"))
    paused_by = models.TextField(_("paused by"))
    reason = models.TextField(_("reason"))

    class Meta:
        verbose_name = _("pause")
        verbose_name_plural = _("pauses")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                name="pause_has_one_target",
                condition=Q(campaign__isnull=True, reward__isnull=False)
                | Q(campaign__isnull=False, reward__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id or self.reward_id} since {self.paused_at}"


class Item(models.Model):
    """An item of the studio's catalogue that a player can own."""

    sku = OpaqueTextField(_("SKU"), unique=True)
    name = models.TextField(_("name"))
    description = models.TextField(_("description"), blank=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")

    def __str__(self) -> str:
        return self.name or self.sku


class ItemPicture(models.Model):
    """A small picture of an item. See `claims.pictures`."""

    item = models.OneToOneField(Item, on_delete=models.CASCADE, related_name="picture")
    content = models.BinaryField()
    content_type = models.TextField()
    digest = OpaqueTextField(db_index=True)

    class Meta:
        verbose_name = _("picture of an item")
        verbose_name_plural = _("pictures of items")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.digest)


class RewardItem(models.Model):
    """An item that a reward gives, with its quantity."""

    # `db_index=False`: the unique constraint has an index that starts with it.
    reward = models.ForeignKey(
        Reward, on_delete=models.CASCADE, db_index=False, related_name="mapping"
    )
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="mapping")
    quantity = models.PositiveIntegerField(
        _("quantity"), default=1, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("mapped item")
        verbose_name_plural = _("mapped items")
        constraints = [
            models.UniqueConstraint(name="reward_item_once", fields=["reward", "item"]),
            models.CheckConstraint(name="reward_item_at_least_one", condition=Q(quantity__gte=1)),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.item} of {self.reward}"
