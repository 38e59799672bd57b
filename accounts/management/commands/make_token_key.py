from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = (
        "Print a new key for TOKEN_KEYS. Put it first in the list and keep the older keys after it."
    )
    # The command must work before the configuration is valid.
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(Fernet.generate_key().decode())
