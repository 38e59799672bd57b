"""Sends messages to staff: to a chat's webhook and by e-mail. The rows are the outbox."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.mail import send_mail

from core.clock import Clock
from core.logs import log_event
from core.models import AlertMessage

logger = logging.getLogger(__name__)

Channel = AlertMessage.Channel
TIMEOUT_SECONDS = 10
# Old news isn't sent any more.
GIVE_UP_AFTER = timedelta(days=1)
AT_MOST_PER_RUN = 20
# Discord refuses longer messages.
LONGEST_TEXT = 1900
DISCORD_HOSTS = ("discord.com", "discordapp.com")


@dataclass
class NotSent(Exception):
    """The message didn't arrive. `reason` has no address in it: the address is a secret."""

    reason: str
    retry_after: float | None = None


def channels() -> list[AlertMessage.Channel]:
    """The channels that the settings name."""
    configured = {
        Channel.WEBHOOK: settings.ALERT_WEBHOOK_URL,
        Channel.EMAIL: settings.ALERT_EMAILS,
    }
    return [channel for channel, address in configured.items() if address]


def queue_message(*, key: str, subject: str, text: str, now: datetime) -> None:
    """Queue a message for every channel. On a repeat with the same key: nothing."""
    rows = [
        AlertMessage(
            key=key,
            channel=channel,
            subject=subject,
            text=text,
            created_at=now,
            next_attempt_at=now,
        )
        for channel in channels()
    ]
    AlertMessage.objects.bulk_create(rows, ignore_conflicts=True)


def send_messages(*, clock: Clock) -> int:
    """Send the due messages, oldest first. Returns the number sent.

    Each attempt is written before the call. A worker that is killed between the call and the next
    write repeats the message after its back-off: better twice than never.
    """
    now = clock()
    due = AlertMessage.objects.filter(
        sent_at=None,
        next_attempt_at__lte=now,
        created_at__gt=now - GIVE_UP_AFTER,
        channel__in=channels(),
    )
    sent = 0
    for message in due.order_by("created_at", "pk")[:AT_MOST_PER_RUN]:
        message.attempts += 1
        message.next_attempt_at = clock() + settings.BACK_OFFS["alert"].pause(message.attempts)
        message.save(update_fields=["attempts", "next_attempt_at"])
        try:
            send(Channel(message.channel), subject=message.subject, text=message.text)
        except NotSent as error:
            pause = settings.BACK_OFFS["alert"].pause(
                message.attempts, retry_after=error.retry_after
            )
            message.error, message.next_attempt_at = error.reason, clock() + pause
            message.save(update_fields=["error", "next_attempt_at"])
            log_event(
                logger,
                "alert_not_sent",
                logging.WARNING,
                channel=message.channel,
                error=error.reason,
            )
        else:
            message.error, message.sent_at = "", clock()
            message.save(update_fields=["error", "sent_at"])
            sent += 1
    return sent


def send(channel: AlertMessage.Channel, *, subject: str, text: str) -> None:
    """Send one message now. Raises NotSent."""
    if channel == Channel.EMAIL:
        _send_email(subject, text)
    else:
        _post_to_chat(f"{subject}\n{text}")


def ping() -> None:
    """Tell the dead-man switch that the worker lives. A failure is only logged."""
    if not settings.ALERT_PING_URL:
        return
    try:
        requests.get(settings.ALERT_PING_URL, timeout=TIMEOUT_SECONDS).raise_for_status()
    except requests.RequestException as error:
        log_event(logger, "ping_failed", logging.WARNING, error=type(error).__name__)


def _send_email(subject: str, text: str) -> None:
    # A header can't have line breaks.
    one_line = " ".join(subject.split())
    try:
        send_mail(one_line, text, settings.DEFAULT_FROM_EMAIL, settings.ALERT_EMAILS)
    except OSError as error:  # SMTPException is one, too
        raise NotSent(f"The mail server failed ({type(error).__name__}).") from None


def _post_to_chat(text: str) -> None:
    """Slack, Mattermost and Rocket.Chat read `text`, Discord reads `content`."""
    url = settings.ALERT_WEBHOOK_URL
    field = "content" if urlsplit(url).hostname in DISCORD_HOSTS else "text"
    body = {field: text[:LONGEST_TEXT]}
    try:
        answer = requests.post(url, json=body, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        # Without its cause: its text has the address.
        raise NotSent(f"The webhook can't be reached ({type(error).__name__}).") from None
    if not answer.ok or answer.is_redirect:
        wait = answer.headers.get("Retry-After", "")
        raise NotSent(
            f"The webhook answered {answer.status_code}.",
            retry_after=float(wait) if wait.isdecimal() else None,
        )
