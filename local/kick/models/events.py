"""Event subscriptions, and the deliveries of events."""

from django.db import models

from .attempts import Attempt
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


class EventDelivery(Attempt):
    """One attempt to send an event."""

    message_id = models.CharField(max_length=26)
    # Not a foreign key: a subscription may have ended since.
    subscription_id = models.CharField(max_length=26)
    app_id = models.CharField(max_length=100)
    event = models.CharField(max_length=100)
    signature = models.TextField()

    class Meta:
        verbose_name_plural = "event deliveries"

    def __str__(self) -> str:
        return f"{self.event} {self.message_id}"
