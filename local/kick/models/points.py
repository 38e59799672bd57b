"""Channel rewards, which viewers redeem with a channel's points."""

from django.db import models

from .identities import App, Viewer

POINTS_TO_BEGIN_WITH = 10_000


class ChannelReward(models.Model):
    """`app` made it. None: the streamer, by hand."""

    reward_id = models.CharField(primary_key=True, max_length=26)
    broadcaster = models.ForeignKey(
        Viewer, on_delete=models.CASCADE, related_name="channel_rewards"
    )
    app = models.ForeignKey(
        App, null=True, on_delete=models.CASCADE, related_name="channel_rewards"
    )
    title = models.CharField(max_length=50)
    description = models.CharField(blank=True, max_length=200)
    cost = models.PositiveIntegerField()
    background_color = models.CharField(max_length=7, default="#00e701")
    is_enabled = models.BooleanField(default=True)
    is_paused = models.BooleanField(default=False)
    is_user_input_required = models.BooleanField(default=False)
    should_redemptions_skip_request_queue = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.title


class Redemption(models.Model):
    class Status(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"
        REJECTED = "rejected"

    redemption_id = models.CharField(primary_key=True, max_length=26)
    reward = models.ForeignKey(ChannelReward, on_delete=models.CASCADE, related_name="redemptions")
    redeemer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="redemptions")
    user_input = models.TextField(blank=True)
    points = models.PositiveIntegerField()
    status = models.CharField(max_length=8, choices=Status, default=Status.PENDING)
    redeemed_at = models.DateTimeField()
    # By the app, or by the streamer's hand.
    answered_by = models.CharField(blank=True, max_length=100)

    class Meta:
        indexes = [models.Index(fields=["reward", "status"], name="redemptions_of_reward")]

    def __str__(self) -> str:
        return self.redemption_id


class Balance(models.Model):
    """A viewer's points in a channel."""

    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="balances")
    broadcaster = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="+")
    points = models.IntegerField(default=POINTS_TO_BEGIN_WITH)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["viewer", "broadcaster"], name="one_balance"),
        ]

    def __str__(self) -> str:
        return f"{self.points} of {self.viewer_id}"
