"""The answer about something that a viewer earned by an offer, but that isn't a claim."""

from django.utils.translation import gettext as _

from claims.desk.diagnosis.diagnosis import Diagnosis, when
from claims.models import OfferUse


def diagnose_use(use: OfferUse) -> Diagnosis:
    """The answer while it waits, or why it was refused."""
    names = {"offer": use.offer, "channel": use.channel, "at": when(use.occurred_at)}
    if use.outcome == OfferUse.Outcome.WAITING:
        return Diagnosis(
            _("Waiting"),
            "wait",
            _(
                "You earned “%(offer)s” in the channel %(channel)s on %(at)s. The item will arrive "
                "on %(due)s."
            )
            % {**names, "due": when(use.due_at)},
            _("The offer has a delay, because payments can fail after the event."),
        )
    return Diagnosis(
        _("Over a limit"),
        "quiet",
        _(
            "You took part in “%(offer)s” in the channel %(channel)s on %(at)s, but the offer's "
            "limit was reached, so there is no item for it."
        )
        % names,
        _("It was over the %(limit)s. If that is wrong, change the offer and grant by hand.")
        % {"limit": use.get_over_limit_display()},
        is_settled=True,
    )
