"""Whether a campaign may be launched: each thing that has to be right, with the cure if it is not.

Green is PASS, amber WARN, red FAIL. What can only be seen once Kick has sent something is amber
until then.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import requests
from django.db.models import Q

from claims.leases import Clock
from claims.models import ApiKey, Campaign, Claim
from platforms.kick.key_file import KeyFile
from platforms.kick.protocol.api import KickApi
from platforms.kick.protocol.errors import KickError, KickUnavailable
from platforms.kick.protocol.http import new_http
from platforms.kick.protocol.oauth import OAuthClient
from platforms.kick.public_keys import KEEP_SECONDS
from studio_drops.monitoring import checks
from studio_drops.monitoring.checks import Finding, Found, Verdict

# Kick is said to wait about three seconds for the answer to a webhook.
PATIENCE_SECONDS = 3.0
CLOCK_MAY_DIFFER_BY = timedelta(seconds=2)
CLOCK_IS_WRONG_BEYOND = timedelta(minutes=1)
GAME_ASKED_WITHIN = timedelta(minutes=15)
FORGED = "The signature is not Kick's"


@dataclass(frozen=True, slots=True)
class Outside:
    """What the checks ask: Kick, our own address as Kick sees it, and the key that is kept."""

    oauth: OAuthClient
    api: KickApi
    key_file: KeyFile
    api_url: str
    webhook_url: str
    http: requests.Session = field(default_factory=new_http)


def examine_campaign(*, campaign: Campaign, outside: Outside, clock: Clock) -> Iterator[Finding]:
    """Every check, in the order in which one would mend them. Takes seconds when Kick is slow."""
    looked_at: tuple[tuple[str, Callable[[], Found]], ...] = (
        ("dates", lambda: check_dates(campaign, clock())),
        ("category", lambda: check_category(campaign)),
        ("rewards", lambda: check_rewards(campaign)),
        ("kick credentials", lambda: checks.check_credentials(outside.oauth)),
        ("organization", lambda: check_organization(campaign, outside.api)),
        ("webhook", lambda: check_webhook(outside)),
        ("public key", lambda: check_public_key(outside.key_file, clock())),
        ("clock", lambda: check_clock(outside, clock)),
        ("worker and scheduler", lambda: checks.check_worker(clock())),
        ("game server", lambda: check_game_server(campaign, clock())),
        ("rehearsal", lambda: check_rehearsal(campaign)),
    )
    for name, check in looked_at:
        yield Finding(name, *check())


def _passed(message: str) -> Found:
    return Verdict.PASS, message, ""


# --- The campaign ------------------------------------------------------------------------------


def check_dates(campaign: Campaign, now: datetime) -> Found:
    copy = "Copy its dates from Kick's dashboard: the API does not tell them."
    if campaign.starts_at is None or campaign.ends_at is None:
        return Verdict.WARN, "Its start or its end is not set.", copy
    last_claim_at = campaign.ends_at + timedelta(days=campaign.grace_days)
    if now > last_claim_at:
        return Verdict.FAIL, f"It has been over since {last_claim_at:%Y-%m-%d %H:%M} UTC.", copy
    if now > campaign.ends_at:
        return Verdict.WARN, "It is in its grace period: nobody can watch for it any more.", copy
    verb = "Runs" if now >= campaign.starts_at else "Will run"
    return _passed(
        f"{verb} {campaign.starts_at:%Y-%m-%d %H:%M} to {campaign.ends_at:%Y-%m-%d %H:%M} UTC."
    )


def check_category(campaign: Campaign) -> Found:
    if campaign.category:
        return _passed(f"{campaign.category}.")
    cure = (
        "Set it as Kick has it: API keys that are limited to categories do not see it until then."
    )
    return Verdict.FAIL, "It has no category.", cure


def check_rewards(campaign: Campaign) -> Found:
    pairs = campaign.pairs.select_related("reward")
    if not pairs:
        cure = "Add them under the ids of Kick's dashboard, so that a claim is granted at once."
        return Verdict.FAIL, "No reward is attached to it here.", cure
    unmapped = [str(pair.reward) for pair in pairs.filter(reward__mapping__isnull=True)]
    if unmapped:
        cure = "Map each to the items that a player shall get."
        return Verdict.FAIL, f"These map to no item: {', '.join(unmapped)}.", cure
    return _passed(f"All {len(pairs)} map to items.")


# --- Kick --------------------------------------------------------------------------------------


def check_organization(campaign: Campaign, api: KickApi) -> Found:
    """The claims API shows our own organization's claims alone, so one of them is the proof."""
    try:
        page = next(iter(api.iter_claims(campaign_id=campaign.pk, limit=1)), None)
    except KickUnavailable as error:
        return Verdict.FAIL, str(error), "Try again when Kick answers."
    except KickError as error:
        cure = "The app of KICK_CLIENT_ID must belong to the organization that owns the campaign."
        return Verdict.FAIL, f"Kick shows us none of its claims. {error}", cure
    if page and any(claim.payload.campaign_id == campaign.pk for claim in page.claims):
        return _passed("Kick shows us its claims, so it is our organization's.")
    cure = "Make a claim in test mode: once Kick's API shows it to us, the campaign is ours."
    return (
        Verdict.WARN,
        "Kick answers, and knows of no claim of it yet that would prove it ours.",
        cure,
    )


def check_webhook(outside: Outside) -> Found:
    """Post a forged delivery, the way Kick would post a true one."""
    url = outside.webhook_url
    try:
        answer = outside.http.post(
            url, data=b'{"claim_id": "preflight"}', headers=_forged(), timeout=PATIENCE_SECONDS
        )
    except requests.exceptions.SSLError:
        cure = "Install a certificate that a browser accepts, with its whole chain."
        return Verdict.FAIL, f"{url} has no valid certificate.", cure
    except requests.ReadTimeout:
        cure = (
            "Kick would give up, too. See whether something in between stalls, and whether the web"
            " processes have free threads: this page holds one of theirs (WEB_THREADS)."
        )
        return Verdict.FAIL, f"{url} was reached, and silent for {PATIENCE_SECONDS:g} s.", cure
    except requests.RequestException as error:
        cure = "Check PUBLIC_URL, DNS and the firewall."
        return Verdict.FAIL, f"{url} did not answer ({type(error).__name__}).", cure
    return _judge_webhook(url, answer)


def _forged() -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Kick-Event-Signature": "Zm9yZ2Vk",
        "Kick-Event-Message-ID": "preflight",
        "Kick-Event-Timestamp": datetime.now(UTC).isoformat(),
    }


def _judge_webhook(url: str, answer: requests.Response) -> Found:
    is_ours = answer.status_code == 401 and FORGED in answer.text
    if is_ours and urlsplit(url).scheme == "https":
        return _passed(f"{url} refuses a forged delivery with our own 401.")
    if is_ours:
        return Verdict.WARN, f"{url} is ours, but not https.", "Kick sends to https alone."
    if answer.status_code == 503:
        cure = "Check KICK_API_URL and the way from here to Kick."
        return Verdict.FAIL, "Ours, but Kick's public key was never fetched.", cure
    cure = "Something in front of it answers instead: a redirect, a proxy, a firewall's login page."
    return Verdict.FAIL, f"{url} answered {answer.status_code}, and not with our 401.", cure


def check_public_key(key_file: KeyFile, now: datetime) -> Found:
    try:
        record = key_file.read()
    except (OSError, ValueError):
        record = None
    if record is None or not record.pem:
        cure = "Check KICK_API_URL and the way from here to Kick; the next delivery fetches it."
        return Verdict.FAIL, "Kick's public key was never fetched on this machine.", cure
    age = timedelta(seconds=now.timestamp() - record.fetched_at)
    if age > 2 * timedelta(seconds=KEEP_SECONDS):
        cure = "Old keys go on to serve; see the log for `public_key_not_fetched`."
        return Verdict.WARN, f"Kick's public key was last fetched {age.days} days ago.", cure
    return _passed(f"Kick's public key is there, fetched {record.fetched_at and _ago(age)}.")


def _ago(age: timedelta) -> str:
    minutes = int(age.total_seconds()) // 60
    return f"{minutes // 60} h ago" if minutes >= 120 else f"{minutes} min ago"


def check_clock(outside: Outside, clock: Clock) -> Found:
    """Against the `Date` of Kick's answer, which has whole seconds, half-way through the call."""
    before = clock()
    try:
        answer = outside.http.get(
            f"{outside.api_url}/public/v1/public-key", timeout=PATIENCE_SECONDS
        )
        kicks = parsedate_to_datetime(answer.headers.get("Date", ""))
    except (requests.RequestException, ValueError) as error:
        return Verdict.WARN, f"Kick's clock cannot be seen ({type(error).__name__}).", "Try again."
    after = clock()
    ours = before + (after - before) / 2
    return _judge_clock(abs(ours - kicks - timedelta(seconds=0.5)))


def _judge_clock(difference: timedelta) -> Found:
    message = f"{difference.total_seconds():.1f} s apart from Kick's."
    if difference <= CLOCK_MAY_DIFFER_BY:
        return _passed(message)
    verdict = Verdict.WARN if difference <= CLOCK_IS_WRONG_BEYOND else Verdict.FAIL
    return verdict, message, "Have this machine's clock kept by NTP."


# --- The game, and the whole way ---------------------------------------------------------------


def check_game_server(campaign: Campaign, now: datetime) -> Found:
    keys = ApiKey.objects.filter(revoked_at=None).order_by("-last_used_at")
    seeing = [key for key in keys if not key.categories or campaign.category in key.categories]
    if not seeing:
        cure = "Make an API key for the game server, for this category or for all."
        return Verdict.FAIL, "No API key sees its entitlements.", cure
    asked_at = max((key.last_used_at for key in seeing if key.last_used_at), default=None)
    cure = "Start the game server's polling, and see that it uses the key made for it."
    if asked_at is None:
        return Verdict.WARN, "No game server has ever asked with a key that sees it.", cure
    if now - asked_at > GAME_ASKED_WITHIN:
        return Verdict.WARN, f"A game server last asked at {asked_at:%Y-%m-%d %H:%M} UTC.", cure
    return _passed(f"A game server asked {_ago(now - asked_at)}.")


def check_rehearsal(campaign: Campaign) -> Found:
    """A claim that Kick shows as processed has passed every part there is."""
    rehearsed = Campaign.objects.filter(Q(is_test=True) | Q(pk=campaign.pk))
    through = Claim.objects.filter(
        # Their ids, so that the database finds their claims without looking through all others.
        campaign__in=list(rehearsed.values_list("pk", flat=True)),
        external_status=Claim.ExternalStatus.PROCESSED,
    )
    claim_id = next(iter(through.order_by().values_list("pk", flat=True)[:1]), None)
    if claim_id:
        return _passed(
            f"The claim {claim_id} has gone all the way, and Kick shows it as processed."
        )
    cure = "Put a campaign into test mode at Kick, claim, and let the game server hand it out."
    return Verdict.WARN, "No claim of a test campaign has gone all the way yet.", cure
