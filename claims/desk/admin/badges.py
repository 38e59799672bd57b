"""Status badges, with one tone per meaning."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from claims.models import Claim, Entitlement, QuarantinedDelivery
from claims.pausing import Target
from core.admin.html import badge

TONE_OF_CLAIM = {
    Claim.Status.HELD: "wait",
    Claim.Status.GRANTED: "good",
    Claim.Status.REVOKED: "bad",
}
TONE_OF_ENTITLEMENT = {
    Entitlement.Status.GRANTED: "wait",
    Entitlement.Status.FULFILLED: "good",
    Entitlement.Status.REVOKED: "bad",
}
TONE_OF_VERDICT = {
    QuarantinedDelivery.Verdict.UNUSABLE: "bad",
    QuarantinedDelivery.Verdict.DIFFERS: "wait",
}


def with_pause(target: Target) -> SafeString | str:
    """The name of a campaign or reward, with a badge if its grants are paused."""
    if hasattr(target, "pause"):
        return format_html("{} {}", target, badge("wait", _("paused")))
    return str(target)


def claim_badge(claim: Claim) -> SafeString:
    is_foreign = claim.hold_reason == Claim.HoldReason.NOT_OURS
    tone = "quiet" if is_foreign else TONE_OF_CLAIM[Claim.Status(claim.status)]
    return badge(tone, claim.get_status_display())


def entitlement_badge(entitlement: Entitlement) -> SafeString:
    tone = TONE_OF_ENTITLEMENT[Entitlement.Status(entitlement.status)]
    return badge(tone, entitlement.get_status_display())


def verdict_badge(delivery: QuarantinedDelivery) -> SafeString:
    return badge(
        TONE_OF_VERDICT[QuarantinedDelivery.Verdict(delivery.verdict)],
        delivery.get_verdict_display(),
    )
