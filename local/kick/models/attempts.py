"""What claim webhooks and event webhooks have in common."""

from django.db import models


class Attempt(models.Model):
    """One attempt to send a webhook, with the response.

    If `status` is None, there was no response, and `answer` says why.
    """

    body = models.TextField()
    timestamp = models.CharField(max_length=64)
    fault = models.CharField(max_length=20, blank=True)
    status = models.PositiveIntegerField(null=True)
    answer = models.CharField(max_length=300, blank=True)
    milliseconds = models.FloatField()
    sent_at = models.DateTimeField()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.verdict

    @property
    def verdict(self) -> str:
        if self.status is None:
            return "didn't answer"
        return f"answered {self.status} in {self.milliseconds:.0f} ms"
