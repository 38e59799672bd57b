"""Streams in channels."""

from django.db import models

from .identities import Viewer


class Stream(models.Model):
    """`ended_at` is None while it's on air."""

    broadcaster = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="streams")
    title = models.CharField(blank=True, max_length=140)
    category_id = models.PositiveIntegerField()
    category = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["broadcaster"],
                condition=models.Q(ended_at__isnull=True),
                name="one_stream_on_air",
            )
        ]

    def __str__(self) -> str:
        return self.title
