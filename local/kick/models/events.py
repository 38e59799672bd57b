"""Event subscriptions, and the deliveries of events."""

from django.db import models

from .identities import App, Viewer


class Subscription(models.Model):
    """An app's subscription to one type of event of one channel. Duplicates are allowed."""

    subscription_id = models.CharField(primary_key=True, max_length=26)
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="subscriptions")
    broadcaster = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="subscriptions")
    event = models.CharField(max_length=100)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["broadcaster", "event"], name="subscribed_to")]

    def __str__(self) -> str:
        return self.subscription_id


class EventDelivery(models.Model):
    """One attempt to send an event. If `status` is None, there was no response."""

    message_id = models.CharField(max_length=26)
    # Not a foreign key: a subscription may have ended since.
    subscription_id = models.CharField(max_length=26)
    app_id = models.CharField(max_length=100)
    event = models.CharField(max_length=100)
    body = models.TextField()
    timestamp = models.CharField(max_length=64)
    signature = models.TextField()
    fault = models.CharField(max_length=20, blank=True)
    status = models.PositiveIntegerField(null=True)
    answer = models.CharField(max_length=300, blank=True)
    milliseconds = models.FloatField()
    sent_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "event deliveries"

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"

    @property
    def verdict(self) -> str:
        if self.status is None:
            return "didn't answer"
        return f"answered {self.status} in {self.milliseconds:.0f} ms"
