"""Streams in partner channels."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from claims.models.offers import Channel
from core.fields import OpaqueTextField


class StreamSpan(models.Model):
    """A stretch of a stream in one category, until it was last seen. See `claims.streams`."""

    channel = models.ForeignKey(
        Channel, on_delete=models.PROTECT, db_index=False, related_name="stream_spans"
    )
    category_id = OpaqueTextField(_("category ID"), blank=True)
    category = models.TextField(_("category"), blank=True)
    # Of the whole stream, which may have several spans.
    started_at = models.DateTimeField(_("stream started at"))
    began_at = models.DateTimeField(_("began at"))
    ended_at = models.DateTimeField(_("ended at"))
    is_on_air = models.BooleanField(_("on air"), default=True)
    viewers = models.PositiveIntegerField(_("viewers"), default=0)

    class Meta:
        verbose_name = _("stream")
        verbose_name_plural = _("streams")
        constraints = [
            models.UniqueConstraint(
                name="one_stream_on_air", fields=["channel"], condition=Q(is_on_air=True)
            ),
            models.CheckConstraint(
                name="stream_span_does_not_end_before_it_begins",
                condition=Q(ended_at__gte=models.F("began_at")),
            ),
        ]
        indexes = [models.Index(name="stream_spans_by_end", fields=["channel", "-ended_at"])]

    def __str__(self) -> str:
        return f"{self.channel_id} {self.began_at:%Y-%m-%d %H:%M}"
