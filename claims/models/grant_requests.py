"""Manual grants that need a second person's approval."""

from typing import cast

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Player
from claims.models.catalogue import CampaignReward
from claims.models.offers import Offer


class GrantRequest(models.Model):
    """A manual grant above its author's daily limit. Someone else approves or rejects it."""

    class Outcome(models.TextChoices):
        PENDING = "PENDING", _("waiting for approval")
        APPROVED = "APPROVED", _("approved")
        REJECTED = "REJECTED", _("rejected")

    # The `grant_id` of the grant: approving twice grants once.
    id = models.UUIDField(primary_key=True)
    player = models.ForeignKey(Player, on_delete=models.PROTECT, verbose_name=_("player"))
    # One of the two.
    pair = models.ForeignKey(
        CampaignReward, on_delete=models.CASCADE, null=True, verbose_name=_("reward")
    )
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, null=True, verbose_name=_("offer"))
    reason = models.TextField(_("reason"))
    requested_by = models.TextField(_("requested by"))
    requested_at = models.DateTimeField(_("requested at"))
    outcome = models.TextField(_("outcome"), choices=Outcome, default=Outcome.PENDING)
    decided_by = models.TextField(_("decided by"), blank=True, default="")
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("grant request")
        verbose_name_plural = _("grant requests")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="grant_request_for_one_thing",
                condition=Q(pair__isnull=False, offer__isnull=True)
                | Q(pair__isnull=True, offer__isnull=False),
            ),
            models.CheckConstraint(
                name="grant_request_decided_by_another",
                condition=Q(outcome="PENDING", decided_by="", decided_at=None)
                | (
                    ~Q(outcome="PENDING")
                    & ~Q(decided_by="")
                    & ~Q(decided_by=models.F("requested_by"))
                    & Q(decided_at__isnull=False)
                ),
            ),
        ]
        indexes = [
            models.Index(
                name="grant_requests_pending",
                fields=["requested_at"],
                condition=Q(outcome="PENDING"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.wanted} for {self.player}"

    @property
    def wanted(self) -> CampaignReward | Offer:
        return cast("CampaignReward | Offer", self.pair or self.offer)
