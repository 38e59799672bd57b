"""The ledger: claims, and the entitlements players get for them."""

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import PlatformAccount, Player
from claims.entitlement_ids import entitlement_id
from claims.models.catalogue import Campaign, Reward
from claims.source import claim_source_choices
from core.fields import OpaqueTextField


class ClaimQuerySet(models.QuerySet["Claim"]):
    def held(self, *reasons: str) -> Self:
        """Held claims; with `reasons`, only those held for one of these."""
        held = self.filter(status=Claim.Status.HELD)
        return held.filter(hold_reason__in=reasons) if reasons else held


class Claim(models.Model):
    """A platform account earned a reward. Only `claims.ledger` records claims."""

    class Status(models.TextChoices):
        HELD = "HELD", _("held")
        GRANTED = "GRANTED", _("granted")
        REVOKED = "REVOKED", _("revoked")

    class HoldReason(models.TextChoices):
        """In order of precedence. Recomputed from current facts each time, not a state machine."""

        UNCONFIRMED = "UNCONFIRMED", _("not yet confirmed by the platform")
        NOT_OURS = "NOT_OURS", _("belongs to another organization")
        UNMAPPED_REWARD = "UNMAPPED_REWARD", _("reward isn't mapped to an item")
        PAUSED = "PAUSED", _("paused by staff")
        NOT_LINKED = "NOT_LINKED", _("viewer isn't linked to a player")

    class Path(models.TextChoices):
        """How the claim reached us first."""

        WEBHOOK = "WEBHOOK", _("webhook")
        SYNC = "SYNC", _("the platform's API")
        MANUAL = "MANUAL", _("manual grant")

    claim_id = OpaqueTextField(_("claim ID"), primary_key=True)
    source = OpaqueTextField(_("source"), choices=claim_source_choices)
    account = models.ForeignKey(
        PlatformAccount,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="claims",
        verbose_name=_("account"),
    )
    # No constraint: a claim may name a campaign or reward that isn't registered here (yet).
    campaign = models.ForeignKey(
        Campaign,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        blank=True,
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
    external_id = OpaqueTextField(_("external ID"), blank=True, default="", db_default="")
    quantity = models.PositiveIntegerField(_("quantity"), default=1, db_default=1)

    status = models.TextField(_("status"), choices=Status)
    hold_reason = models.TextField(
        _("hold reason"), choices=HoldReason, blank=True, default="", db_default=""
    )
    first_hold_reason = models.TextField(
        _("first hold reason"), choices=HoldReason, blank=True, default="", db_default=""
    )

    path = models.TextField(_("received by"), choices=Path)
    message_id = OpaqueTextField(_("message ID"), blank=True, default="", db_default="")
    # As the platform says, if it does.
    occurred_at = models.DateTimeField(_("earned at"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    granted_at = models.DateTimeField(_("granted at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = ClaimQuerySet.as_manager()

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
                name="claim_has_an_account_unless_manual",
                condition=Q(account__isnull=False) | Q(path="MANUAL"),
            ),
            models.CheckConstraint(name="claim_at_least_one", condition=Q(quantity__gte=1)),
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
            models.Index(name="claims_newest_first", fields=["-recorded_at"]),
            models.Index(
                name="claims_by_message", fields=["message_id"], condition=~Q(message_id="")
            ),
            # Staff filter by these rare values. Without an index, each list scans all other claims.
            models.Index(
                name="claims_not_by_webhook",
                fields=["path", "-recorded_at"],
                condition=~Q(path="WEBHOOK"),
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
        ]

    def __str__(self) -> str:
        return str(self.claim_id)


class Confirmation(models.Model):
    """Lookups of a claim that its platform hasn't confirmed. Exists only while one is needed.

    `foreign_at`: when we stopped looking and marked the claim as another organization's.
    """

    claim = models.OneToOneField(
        Claim, on_delete=models.CASCADE, primary_key=True, related_name="confirmation"
    )
    # The claim's, so that one source's backlog doesn't slow the lookups of another.
    source = OpaqueTextField(_("source"))
    attempts = models.PositiveIntegerField(_("lookups"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next lookup at"), null=True, blank=True)
    foreign_at = models.DateTimeField(_("marked as foreign at"), null=True, blank=True)

    class Meta:
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")
        constraints = [
            models.CheckConstraint(
                name="confirmation_is_due_or_ended",
                condition=Q(next_attempt_at__isnull=False, foreign_at__isnull=True)
                | Q(next_attempt_at__isnull=True, foreign_at__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                name="confirmations_due",
                fields=["source", "next_attempt_at"],
                condition=Q(next_attempt_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return str(self.claim_id)


class ReportQuerySet(models.QuerySet["Report"]):
    def pending(self) -> Self:
        return self.filter(reported_at=None)

    def due(self, *, now: datetime) -> Self:
        """Reports to send now, in key order."""
        return self.pending().filter(next_attempt_at__lte=now).order_by("pk")

    def refused(self) -> Self:
        """Pending reports that the platform has refused at least once."""
        return self.pending().filter(refusals__gt=0)


class Report(models.Model):
    """A delivered claim to report to its platform. Retried until the platform agrees."""

    claim = models.OneToOneField(
        Claim,
        on_delete=models.CASCADE,
        primary_key=True,
        # Claims are never deleted. Checking the reference would take a seventh of a fulfil call.
        db_constraint=False,
        related_name="report",
    )
    # The claim's, so that one source's backlog doesn't slow the reports of another.
    source = OpaqueTextField(_("source"))
    requested_at = models.DateTimeField(_("requested at"))
    next_attempt_at = models.DateTimeField(_("next attempt at"), null=True, blank=True)
    refusals = models.PositiveIntegerField(_("refused attempts"), default=0, db_default=0)
    reported_at = models.DateTimeField(_("reported at"), null=True, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        constraints = [
            models.CheckConstraint(
                name="report_is_due_or_done",
                condition=Q(next_attempt_at__isnull=False, reported_at__isnull=True)
                | Q(next_attempt_at__isnull=True, reported_at__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                name="reports_pending",
                fields=["source", "claim"],
                condition=Q(reported_at__isnull=True),
            ),
            models.Index(
                name="reports_refused",
                fields=["claim"],
                condition=Q(reported_at__isnull=True, refusals__gt=0),
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
        Claim,
        on_delete=models.PROTECT,
        db_index=False,  # the unique constraint has an index that starts with it
        related_name="entitlements",
        verbose_name=_("claim"),
    )
    player = models.ForeignKey(
        Player, on_delete=models.PROTECT, related_name="entitlements", verbose_name=_("player")
    )
    sku = OpaqueTextField(_("SKU"))
    # The mapping's quantity times the claim's.
    quantity = models.PositiveBigIntegerField(_("quantity"))
    status = models.TextField(_("status"), choices=Status)
    granted_at = models.DateTimeField(_("granted at"))
    # When a game server first received it in a list. Written once.
    first_listed_at = models.DateTimeField(_("first listed at"), null=True, blank=True)
    fulfilled_at = models.DateTimeField(_("fulfilled at"), null=True, blank=True)
    fulfilment_id = OpaqueTextField(_("fulfilment ID"), blank=True, default="", db_default="")
    # Revoking a fulfilled entitlement doesn't change its status; these two fields only record it.
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    revocation_reason = models.TextField(
        _("revocation reason"), blank=True, default="", db_default=""
    )
    # The batch in which its last change was announced. None: it's to be announced. See
    # docs/decisions/0018-announce-changes-after-the-commit.md.
    announced_in = models.BigIntegerField(_("announced in"), null=True, blank=True, editable=False)

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
            models.Index(
                name="entitlements_to_announce", fields=["id"], condition=Q(announced_in=None)
            ),
            models.Index(
                name="entitlements_by_change",
                fields=["announced_in", "id"],
                condition=Q(announced_in__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"

    @property
    def public_id(self) -> str:
        """The ID that game servers and players see. `id` is internal to this database."""
        return entitlement_id(self.claim_id, self.sku)
