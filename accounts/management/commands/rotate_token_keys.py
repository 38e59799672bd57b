from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.token_rotation import rotate_stored_tokens


class Command(BaseCommand):
    help = "Encrypt every stored token under the first of TOKEN_KEYS; then the others can go."

    def handle(self, *_args: Any, **_options: Any) -> None:
        rotation = rotate_stored_tokens()
        self.stdout.write(f"{rotation.reencrypted} tokens are now under the newest key.")
        if rotation.unreadable:
            raise CommandError(
                f"{rotation.unreadable} tokens could be read by none of TOKEN_KEYS."
                " Add the key that they were written with, and run this again before you drop one."
            )
