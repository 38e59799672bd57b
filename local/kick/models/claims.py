"""Claims and the delivery of their webhooks."""

from django.db import models

from .attempts import Attempt
from .campaigns import Campaign, Reward
from .identities import Organization, Viewer


class Claim(models.Model):
    """A viewer's claim of a reward.

    Designed for a million rows. The claims API lists an organization's claims by `claim_id`,
    usually with one more filter, and there is an index for each filter.
    """

    claim_id = models.CharField(primary_key=True, max_length=64)
    organization = models.ForeignKey(
        Organization, on_delete=models.CASCADE, db_index=False, related_name="claims"
    )
    user = models.ForeignKey(
        Viewer, on_delete=models.CASCADE, db_index=False, related_name="claims"
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.CASCADE, db_index=False, related_name="claims"
    )
    reward = models.ForeignKey(
        Reward, on_delete=models.CASCADE, db_index=False, related_name="claims"
    )
    external_id = models.CharField(max_length=255, blank=True)
    external_status = models.CharField(max_length=64, default="initiated")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organization", "claim_id"], name="claims_of_organization"),
            models.Index(fields=["organization", "campaign", "claim_id"], name="by_campaign"),
            models.Index(fields=["organization", "external_status", "claim_id"], name="by_status"),
            models.Index(fields=["organization", "user", "claim_id"], name="by_user"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "campaign", "reward"], name="claimed_once"),
        ]

    def __str__(self) -> str:
        return self.claim_id


class Delivery(Attempt):
    """One attempt to send a claim to its organization's webhook."""

    message_id = models.CharField(max_length=255)
    claim = models.ForeignKey(Claim, on_delete=models.CASCADE, related_name="deliveries")
    url = models.CharField(max_length=2000)

    class Meta:
        verbose_name_plural = "deliveries"

    def __str__(self) -> str:
        return f"{self.message_id}: {self.verdict}"
