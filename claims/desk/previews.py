"""Signed previews: a form sends back what was previewed, so that nothing else can be confirmed."""

from datetime import timedelta

from django.core import signing

VALID_FOR = timedelta(minutes=15)
SALT = "claims.desk.preview"


class PreviewExpired(Exception):
    """The preview is too old: check it again."""


def sign_preview(shown: object) -> str:
    """`shown` is the previewed change as plain JSON."""
    return signing.dumps(shown, salt=SALT)


def read_preview(sent: str) -> object:
    """What was previewed, or None if we didn't sign it. Raises PreviewExpired."""
    try:
        shown: object = signing.loads(sent, salt=SALT, max_age=VALID_FOR)
    except signing.SignatureExpired as error:
        raise PreviewExpired from error
    except signing.BadSignature:
        return None
    return shown
