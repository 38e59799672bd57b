"""The ledger: claims received from Kick, and the entitlements players get for them."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import PlatformAccount, Player
from claims.entitlement_ids import entitlement_id
from claims.models.catalogue import Campaign, Reward
from core.fields import OpaqueTextField


class Claim(models.Model):
    """A reward that a Kick user claimed. Only `claims.ledger` records claims."""

    class Status(models.TextChoices):
        HELD = "HELD", _("held")
        GRANTED = "GRANTED", _("granted")
        REVOKED = "REVOKED", _("revoked")

    class HoldReason(models.TextChoices):
        """In order of precedence. Recomputed from current facts each time, not a state machine."""

        UNCONFIRMED = "UNCONFIRMED", _("not yet confirmed by Kick's claims API")
        NOT_OURS = "NOT_OURS", _("belongs to another organization")
        UNMAPPED_REWARD = "UNMAPPED_REWARD", _("reward isn't mapped to an item")
        NOT_LINKED = "NOT_LINKED", _("Kick user isn't linked to a player")

    class Source(models.TextChoices):
        WEBHOOK = "WEBHOOK", _("webhook")
        RECONCILE = "RECONCILE", _("claims API")
        MANUAL = "MANUAL", _("manual grant")

    class ExternalStatus(models.TextChoices):
        """Kick's `external_status`. These are the two values that this product uses."""

        INITIATED = "initiated", "initiated"
        PROCESSED = "processed", "processed"

    claim_id = OpaqueTextField(_("claim ID"), primary_key=True)
    account = models.ForeignKey(
        PlatformAccount,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="claims",
        verbose_name=_("Kick user"),
    )
    # No constraint: Kick may send a campaign or reward that isn't registered here (yet).
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="claims",
        verbose_name=_("campaign"),
    )
    reward = models.ForeignKey(
        Reward,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="claims",
        verbose_name=_("reward"),
    )
    external_id = OpaqueTextField(_("external ID"), blank=True)

    status = models.TextField(_("status"), choices=Status)
    hold_reason = models.TextField(_("hold reason"), choices=HoldReason, blank=True)
    first_hold_reason = models.TextField(_("first hold reason"), choices=HoldReason, blank=True)

    source = models.TextField(_("source"), choices=Source)
    message_id = OpaqueTextField(_("message ID"), blank=True)
    occurred_at = models.DateTimeField(_("claimed on Kick at"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    granted_at = models.DateTimeField(_("granted at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    # Lookups of an unconfirmed claim in the claims API.
    lookups = models.PositiveIntegerField(_("lookups"), default=0)
    next_lookup_at = models.DateTimeField(_("next lookup at"), null=True, blank=True)
    not_ours_at = models.DateTimeField(_("marked as foreign at"), null=True, blank=True)

    # The status that Kick should show, and the last status we know of. While they differ, the claim
    # is queued to be reported.
    wanted_external_status = models.TextField(
        _("status that Kick should show"), default=ExternalStatus.INITIATED
    )
    external_status = models.TextField(
        _("status that Kick shows"), default=ExternalStatus.INITIATED
    )

    # Kick rejected the report of this claim. It is retried later.
    refused_writes = models.PositiveIntegerField(_("rejected reports"), default=0)
    next_write_at = models.DateTimeField(_("next report at"), null=True, blank=True)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        constraints = [
            models.CheckConstraint(
                name="claim_held_goes_with_hold_reason",
                condition=Q(status="HELD") & ~Q(hold_reason="")
                | ~Q(status="HELD") & Q(hold_reason=""),
            ),
            models.CheckConstraint(
                name="claim_not_held_goes_with_granted_at",
                condition=Q(status="HELD", granted_at__isnull=True)
                | (~Q(status="HELD") & Q(granted_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="claim_revoked_goes_with_revoked_at",
                condition=Q(status="REVOKED", revoked_at__isnull=False)
                | (~Q(status="REVOKED") & Q(revoked_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="claim_has_a_account_unless_manual",
                condition=Q(account__isnull=False) | Q(source="MANUAL"),
            ),
            models.CheckConstraint(
                name="claim_unconfirmed_goes_with_next_lookup_at",
                condition=Q(hold_reason="UNCONFIRMED", next_lookup_at__isnull=False)
                | (~Q(hold_reason="UNCONFIRMED") & Q(next_lookup_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="claim_not_ours_goes_with_not_ours_at",
                condition=~Q(hold_reason="NOT_OURS") | Q(not_ours_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="claims_held", fields=["hold_reason", "claim_id"], condition=Q(status="HELD")
            ),
            models.Index(
                name="claims_held_longest",
                fields=["hold_reason", "received_at"],
                condition=Q(status="HELD"),
            ),
            models.Index(
                name="claims_to_look_up",
                fields=["next_lookup_at"],
                condition=Q(next_lookup_at__isnull=False),
            ),
            models.Index(
                name="claims_to_write_back",
                fields=["claim_id"],
                condition=~Q(external_status=F("wanted_external_status")),
            ),
            models.Index(name="claims_newest_first", fields=["-recorded_at"]),
            models.Index(
                name="claims_by_message", fields=["message_id"], condition=~Q(message_id="")
            ),
            # Staff filter by these rare values. Without an index, each list scans all other claims.
            models.Index(
                name="claims_not_by_webhook",
                fields=["source", "-recorded_at"],
                condition=~Q(source="WEBHOOK"),
            ),
            models.Index(
                name="claims_in_doubt",
                fields=["hold_reason", "-recorded_at"],
                condition=Q(hold_reason__in=["UNCONFIRMED", "NOT_OURS"]),
            ),
            models.Index(
                name="claims_unmapped",
                fields=["reward", "account"],
                condition=Q(status="HELD", hold_reason="UNMAPPED_REWARD"),
            ),
            models.Index(
                name="claims_revoked", fields=["-recorded_at"], condition=Q(status="REVOKED")
            ),
            models.Index(
                name="claims_refused", fields=["-recorded_at"], condition=Q(refused_writes__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return str(self.claim_id)


class Entitlement(models.Model):
    """An item, with a quantity, that a player is owed for a claim.

    SKU and quantity are copied from the mapping, so later changes to it have no effect here.
    """

    class Status(models.TextChoices):
        GRANTED = "GRANTED", _("granted")
        FULFILLED = "FULFILLED", _("fulfilled")
        REVOKED = "REVOKED", _("revoked")

    claim = models.ForeignKey(
        Claim, on_delete=models.PROTECT, related_name="entitlements", verbose_name=_("claim")
    )
    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, related_name="entitlements", verbose_name=_("player")
    )
    sku = OpaqueTextField(_("SKU"))
    quantity = models.PositiveIntegerField(_("quantity"))
    status = models.TextField(_("status"), choices=Status)
    granted_at = models.DateTimeField(_("granted at"))
    # When a game server first received it in a list. Written once.
    first_listed_at = models.DateTimeField(_("first listed at"), null=True, blank=True)
    fulfilled_at = models.DateTimeField(_("fulfilled at"), null=True, blank=True)
    fulfilment_id = OpaqueTextField(_("fulfilment ID"), blank=True)
    # Revoking a fulfilled entitlement doesn't change its status; these two fields only record it.
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revocation_reason = models.TextField(_("revocation reason"), blank=True)

    class Meta:
        verbose_name = _("entitlement")
        verbose_name_plural = _("entitlements")
        constraints = [
            models.UniqueConstraint(name="entitlement_once", fields=["claim", "sku"]),
            models.CheckConstraint(name="entitlement_at_least_one", condition=Q(quantity__gte=1)),
            models.CheckConstraint(
                name="entitlement_fulfilled_goes_with_its_id",
                condition=Q(status="FULFILLED", fulfilled_at__isnull=False) & ~Q(fulfilment_id="")
                | ~Q(status="FULFILLED") & Q(fulfilled_at__isnull=True, fulfilment_id=""),
            ),
            models.CheckConstraint(
                name="entitlement_revoked_at_goes_with_reason",
                condition=Q(revoked_at__isnull=True, revocation_reason="")
                | (Q(revoked_at__isnull=False) & ~Q(revocation_reason="")),
            ),
            models.CheckConstraint(
                name="entitlement_revoked_goes_with_revoked_at",
                condition=Q(status="REVOKED", revoked_at__isnull=False)
                | Q(status="GRANTED", revoked_at__isnull=True)
                | Q(status="FULFILLED"),
            ),
        ]
        indexes = [
            models.Index(
                name="entitlements_owed", fields=["player", "id"], condition=Q(status="GRANTED")
            ),
            models.Index(name="entitlements_queue", fields=["id"], condition=Q(status="GRANTED")),
            models.Index(name="entitlements_revoked", fields=["id"], condition=Q(status="REVOKED")),
            models.Index(
                name="entitlements_by_fulfilment",
                fields=["fulfilment_id"],
                condition=~Q(fulfilment_id=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def public_id(self) -> str:
        """The ID that game servers and players see. `id` is internal to this database."""
        return entitlement_id(self.claim_id, self.sku)
