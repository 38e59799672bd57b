"""Checks whether a campaign is ready for launch. Each failed check says how to fix it.

Checks that need a first delivery from Kick return WARN until then.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from claims.models import ApiKey, Campaign, Claim, Pause
from core.checks import Finding, Found, Verdict, passed, run_check
from core.clock import Clock
from platforms.kick import WEBHOOK_PATH
from platforms.kick.client import get_kick
from platforms.kick.models import PublicKey
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.errors import KickError, KickUnavailable
from platforms.kick.protocol.http import new_http
from platforms.kick.protocol.oauth import OAuthClient
from platforms.kick.public_keys import USED_FOR

# Kick reportedly waits about three seconds for a webhook response.
PATIENCE_SECONDS = 3.0
# Bot rules of proxies and CDNs block it, and with it Kick's webhooks.
KICKS_USER_AGENT = "Go-http-client/1.1"
CLOCK_MAY_DIFFER_BY = timedelta(seconds=2)
CLOCK_IS_WRONG_BEYOND = timedelta(minutes=1)
GAME_ASKED_WITHIN = timedelta(minutes=15)
# Part of our webhook's 401 response to a forged delivery.
FORGED = "The signature is not Kick's"


@dataclass(frozen=True, slots=True)
class PreflightDeps:
    """What the checks call: Kick, and our own public webhook URL."""

    oauth: OAuthClient
    api: KickApi
    api_url: str
    webhook_url: str
    http: requests.Session = field(default_factory=new_http)

    @classmethod
    def from_settings(cls) -> "PreflightDeps":
        kick = get_kick()
        return cls(
            oauth=kick.oauth,
            api=kick.api,
            api_url=settings.KICK_API_URL,
            webhook_url=f"{settings.PUBLIC_URL}{WEBHOOK_PATH}",
        )


def examine_campaign(*, campaign: Campaign, deps: PreflightDeps, clock: Clock) -> Iterator[Finding]:
    """Run all checks, in the order in which to fix them. Takes seconds if Kick is slow.

    `Finding.check` is untranslated, since scripts read it. Pages translate it.
    """
    now = clock()
    yield Finding(gettext_noop("dates"), *check_dates(campaign, now))
    yield Finding(gettext_noop("category"), *check_category(campaign, clock()))
    yield Finding(gettext_noop("rewards"), *check_rewards(campaign))
    yield Finding(gettext_noop("grants"), *check_pauses(campaign))
    yield run_check("credentials", now=now)
    yield Finding(gettext_noop("organization"), *check_organization(campaign, deps.api))
    yield Finding(gettext_noop("webhook"), *check_webhook(deps))
    yield Finding(gettext_noop("public key"), *check_public_key(deps.api_url, clock()))
    yield Finding(gettext_noop("clock"), *check_clock(deps, clock))
    yield run_check("worker and scheduler", now=clock())
    yield Finding(gettext_noop("game server"), *check_game_server(campaign, clock()))
    yield Finding(gettext_noop("rehearsal"), *check_rehearsal(campaign))


# --- The campaign ------------------------------------------------------------------------------


def check_dates(campaign: Campaign, now: datetime) -> Found:
    copy = _("Copy the dates from Kick's dashboard. Kick's API doesn't provide them.")
    if campaign.starts_at is None or campaign.ends_at is None:
        return Verdict.WARN, _("The start or end date isn't set."), copy
    last_claim_at = campaign.ends_at + timedelta(days=campaign.grace_days)
    if now > last_claim_at:
        message = _("The campaign ended on %(at)s.") % {"at": _utc(last_claim_at)}
        return Verdict.FAIL, message, copy
    if now > campaign.ends_at:
        message = _("The campaign is in its grace period. Viewers can no longer earn its rewards.")
        return Verdict.WARN, message, copy
    is_running = now >= campaign.starts_at
    message = (
        _("Runs from %(start)s to %(end)s.")
        if is_running
        else _("Will run from %(start)s to %(end)s.")
    )
    return passed(message % {"start": _utc(campaign.starts_at), "end": _utc(campaign.ends_at)})


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


def check_category(campaign: Campaign, now: datetime) -> Found:
    """A mistyped category hides the campaign from the keys that are limited to the right one."""
    if campaign.category:
        limits = list(ApiKey.objects.active(now=now).values_list("categories", flat=True))
        known = sorted({category for categories in limits for category in categories})
        names = {"category": campaign.category, "known": ", ".join(known)}
        # Without an unlimited key, `check_game_server` says that no key sees it.
        if not known or campaign.category in known or [] not in limits:
            return passed(f"{campaign.category}.")
        message = _("No API key is limited to “%(category)s”. There are keys for: %(known)s.")
        next_step = _("Check the spelling. If it's right, add the category to the game's key.")
        return Verdict.WARN, message % names, next_step
    next_step = _(
        "Set the same category as on Kick. Until then, API keys that are limited to categories "
        "can't see this campaign."
    )
    return Verdict.FAIL, _("The campaign has no category."), next_step


def check_pauses(campaign: Campaign) -> Found:
    paused = Pause.objects.filter(Q(campaign=campaign) | Q(reward__campaigns=campaign))
    names = [str(one.campaign or one.reward) for one in paused.select_related("campaign", "reward")]
    if names:
        message = _("Grants are paused: %(names)s. Claims are held.") % {"names": ", ".join(names)}
        return Verdict.WARN, message, _("Resume the grants on the campaign's or reward's page.")
    return passed(_("No grants are paused."))


def check_rewards(campaign: Campaign) -> Found:
    pairs = campaign.pairs.select_related("reward")
    if not pairs:
        next_step = _(
            "Add its rewards with their IDs from Kick's dashboard, so that claims are granted "
            "immediately."
        )
        return Verdict.FAIL, _("The campaign has no rewards here."), next_step
    unmapped = [str(pair.reward) for pair in pairs.filter(reward__mapping__isnull=True)]
    if unmapped:
        message = ngettext(
            "This reward isn't mapped to items: %(rewards)s.",
            "These rewards aren't mapped to items: %(rewards)s.",
            len(unmapped),
        )
        next_step = _("Map each reward to the items that players should get.")
        return Verdict.FAIL, message % {"rewards": ", ".join(unmapped)}, next_step
    message = ngettext(
        "%(count)d reward, mapped to items.", "All %(count)d rewards are mapped.", len(pairs)
    )
    return passed(message % {"count": len(pairs)})


# --- Kick --------------------------------------------------------------------------------------


def check_organization(campaign: Campaign, api: KickApi) -> Found:
    """Any claim in Kick's API proves ownership: the API only shows our organization's claims."""
    try:
        page = next(iter(api.iter_claims(campaign_id=campaign.pk, limit=1)), None)
    except KickUnavailable as error:
        return Verdict.FAIL, str(error), _("Try again when Kick responds.")
    except KickError as error:
        message = _("Kick's API doesn't show us this campaign's claims. %(error)s")
        next_step = _(
            "The app of KICK_CLIENT_ID must belong to the organization that owns the campaign."
        )
        return Verdict.FAIL, message % {"error": error}, next_step
    if page and any(claim.payload.campaign_id == campaign.pk for claim in page.claims):
        return passed(
            _("Kick's API shows us this campaign's claims, so it belongs to our organization.")
        )
    return (
        Verdict.WARN,
        _("Kick's API has no claims of this campaign yet, so its owner can't be confirmed."),
        _("Make a claim in test mode. Once Kick's API shows it, ownership is confirmed."),
    )


def check_webhook(deps: PreflightDeps) -> Found:
    """Post a forged delivery, the way Kick posts a real delivery."""
    url = deps.webhook_url
    forged = {
        "Content-Type": "application/json",
        "User-Agent": KICKS_USER_AGENT,
        "Kick-Event-Signature": "Zm9yZ2Vk",
        "Kick-Event-Message-ID": "preflight",
        "Kick-Event-Timestamp": datetime.now(UTC).isoformat(),
    }
    try:
        answer = deps.http.post(
            url, data=b'{"claim_id": "preflight"}', headers=forged, timeout=PATIENCE_SECONDS
        )
    except requests.exceptions.SSLError:
        message = _("%(url)s has no valid certificate.") % {"url": url}
        next_step = _("Install a certificate that browsers accept, with its full chain.")
        return Verdict.FAIL, message, next_step
    except requests.ReadTimeout:
        message = _("%(url)s accepted the connection but didn't respond within %(seconds)s s.")
        next_step = _(
            "Kick would give up, too. Check whether a proxy stalls, and whether the web processes "
            "have free threads: this page occupies one of them (WEB_THREADS)."
        )
        return Verdict.FAIL, message % {"url": url, "seconds": f"{PATIENCE_SECONDS:g}"}, next_step
    except requests.RequestException as error:
        message = _("%(url)s didn't respond (%(error)s).")
        next_step = _("Check PUBLIC_URL, DNS and the firewall.")
        return Verdict.FAIL, message % {"url": url, "error": type(error).__name__}, next_step
    return _judge_webhook(url, answer)


def _judge_webhook(url: str, answer: requests.Response) -> Found:
    is_ours = answer.status_code == 401 and FORGED in answer.text
    if is_ours and urlsplit(url).scheme == "https":
        return passed(_("%(url)s is our webhook and rejects a forged delivery.") % {"url": url})
    if is_ours:
        message = _("%(url)s is our webhook, but doesn't use HTTPS.") % {"url": url}
        return Verdict.WARN, message, _("Use HTTPS: Kick only sends webhooks to HTTPS URLs.")
    if answer.status_code == 503:
        message = _("Our webhook responds, but Kick's public key was never fetched.")
        return Verdict.FAIL, message, _("Check KICK_API_URL and the connection to Kick.")
    message = _("%(url)s responded with status %(status)d, but not from our webhook.")
    next_step = _(
        "Something in front of the webhook responds instead: a redirect, a proxy, a firewall's "
        "login page, or a bot rule. Kick's webhooks have the User-Agent “%(agent)s”: exclude it "
        "from bot rules for this path."
    ) % {"agent": KICKS_USER_AGENT}
    return Verdict.FAIL, message % {"url": url, "status": answer.status_code}, next_step


def check_public_key(api_url: str, now: datetime) -> Found:
    key = PublicKey.objects.filter(pk=api_url).first()
    if key is None:
        message = _("Kick's public key was never fetched.")
        next_step = _(
            "Check KICK_API_URL and the connection to Kick. The next delivery fetches it."
        )
        return Verdict.FAIL, message, next_step
    age = now - key.fetched_at
    if age > 2 * USED_FOR:
        message = ngettext(
            "Kick's public key was last fetched %(days)d day ago.",
            "Kick's public key was last fetched %(days)d days ago.",
            age.days,
        )
        next_step = _("The old key stays in use. Search the log for `public_key_not_fetched`.")
        return Verdict.WARN, message % {"days": age.days}, next_step
    return passed(_("Kick's public key was fetched %(ago)s.") % {"ago": _ago(age)})


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    if minutes >= 120:
        return _("%(hours)d h ago") % {"hours": minutes // 60}
    return _("%(minutes)d min ago") % {"minutes": minutes}


def check_clock(deps: PreflightDeps, clock: Clock) -> Found:
    """Compare our clock, half-way through the call, with the `Date` of Kick's response.

    `Date` has a resolution of one second.
    """
    before = clock()
    try:
        answer = deps.http.get(f"{deps.api_url}/public/v1/public-key", timeout=PATIENCE_SECONDS)
        kicks = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (requests.RequestException, ValueError) as error:
        message = _("Kick's clock can't be read (%(error)s).") % {"error": type(error).__name__}
        return Verdict.WARN, message, _("Try again.")
    after = clock()
    ours = before + (after - before) / 2
    return judge_clock(abs(ours - kicks - timedelta(seconds=0.5)))


def judge_clock(difference: timedelta) -> Found:
    message = _("Our clock differs from Kick's by %(seconds).1f s.")
    message %= {"seconds": difference.total_seconds()}
    if difference <= CLOCK_MAY_DIFFER_BY:
        return passed(message)
    verdict = Verdict.WARN if difference <= CLOCK_IS_WRONG_BEYOND else Verdict.FAIL
    return verdict, message, _("Synchronize this machine's clock with NTP.")


# --- The game, and the whole path --------------------------------------------------------------


def check_game_server(campaign: Campaign, now: datetime) -> Found:
    keys = ApiKey.objects.active(now=now).order_by("-last_used_at")
    seeing = [key for key in keys if not key.categories or campaign.category in key.categories]
    if not seeing:
        next_step = _(
            "Create an API key for the game server, for this category or for all categories."
        )
        return Verdict.FAIL, _("No API key can see this campaign's entitlements."), next_step
    asked_at = max((key.last_used_at for key in seeing if key.last_used_at), default=None)
    next_step = _("Start the game server's polling, and check that it uses its API key.")
    if asked_at is None:
        message = _("No game server has used an API key that can see this campaign.")
        return Verdict.WARN, message, next_step
    if now - asked_at > GAME_ASKED_WITHIN:
        message = _("The last request by a game server was at %(at)s.") % {"at": _utc(asked_at)}
        return Verdict.WARN, message, next_step
    return passed(_("Last request by a game server: %(ago)s.") % {"ago": _ago(now - asked_at)})


def check_rehearsal(campaign: Campaign) -> Found:
    """A claim that Kick shows as processed has passed through every component."""
    through = Claim.objects.filter(report__reported_at__isnull=False).order_by()
    if claim_id := through.filter(campaign=campaign).values_list("pk", flat=True).first():
        message = _("Claim %(id)s passed every step: Kick shows it as processed.")
        return passed(message % {"id": claim_id})
    next_step = _(
        "Put it into test mode on Kick, claim, and let the game server deliver the items."
    )
    # As a list of ids, so that the database uses the index on campaigns.
    tests = list(Campaign.objects.filter(is_test=True).values_list("pk", flat=True))
    if other := through.filter(campaign__in=tests).select_related("campaign").first():
        message = _("The campaign “%(other)s” was rehearsed, but this one wasn't.")
        return Verdict.WARN, message % {"other": other.campaign}, next_step
    return Verdict.WARN, _("No claim of this campaign has passed every step yet."), next_step
