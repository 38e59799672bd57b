from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.token_rotation import rotate_stored_tokens


class Command(BaseCommand):
    help = (
        "Re-encrypt all stored tokens with the first of TOKEN_KEYS. Then you can remove the others."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        rotation = rotate_stored_tokens()
        self.stdout.write(f"{rotation.reencrypted} tokens re-encrypted with the newest key.")
        if rotation.unreadable:
            raise CommandError(
                f"{rotation.unreadable} tokens can't be decrypted with any key in TOKEN_KEYS."
                " Add the key they were encrypted with, then run this again. Don't remove keys yet."
            )
