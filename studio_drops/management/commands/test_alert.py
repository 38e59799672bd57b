from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from core.models import AlertMessage
from studio_drops.monitoring.notify import NotSent, channels, send


class Command(BaseCommand):
    help = "Sends a test message through every channel for alerts."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not channels():
            raise CommandError(_("No channel is set: see ALERT_WEBHOOK_URL and ALERT_EMAILS."))
        failed = [channel for channel in channels() if not self._is_sent(channel)]
        if failed:
            raise CommandError(_("Not every test message was sent."))

    def _is_sent(self, channel: AlertMessage.Channel) -> bool:
        subject = _("Test message")
        text = _("Alerts about your drops will arrive here.")
        try:
            send(channel, subject=subject, text=text)
        except NotSent as error:
            self.stdout.write(self.style.ERROR(f"{channel.label}: {error.reason}"))
            return False
        self.stdout.write(self.style.SUCCESS(f"{channel.label}: {_('sent')}"))
        return True
