"""API keys of game servers: create, look up by digest, record use, revoke."""

import hashlib
import json
import secrets
import string
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from claims.models import ApiKey, Scope
from core.sql_values import from_db, to_db

PREFIX_LENGTH = 8
PREFIX_ALPHABET = string.ascii_letters + string.digits
SECRET_BYTES = 32
LAST_USED_RESOLUTION = timedelta(minutes=1)

# Plain SQL, because every API call runs it: Django takes longer to build the query and read the
# row than the database takes to answer.
# In the order of the model's fields, as `from_db` wants them.
_FOUND = [
    "id",
    "name",
    "prefix",
    "categories",
    "scopes",
    "networks",
    "requests_per_minute",
    "last_used_at",
]
_FIND = """
    SELECT id, name, prefix, categories, scopes, networks, requests_per_minute, last_used_at
    FROM claims_apikey WHERE digest = %s AND (revoked_at IS NULL OR revoked_at > %s)
"""


def make_prefix() -> str:
    return "".join(secrets.choice(PREFIX_ALPHABET) for _ in range(PREFIX_LENGTH))


def make_api_key(
    *,
    name: str,
    categories: Iterable[str],
    scopes: Iterable[str] = Scope.values,
    networks: Iterable[str] = (),
    requests_per_minute: int | None = None,
    ends_at: datetime | None = None,
    now: datetime,
    prefix: str = "",
) -> tuple[ApiKey, str]:
    """Create a key and return it with its secret, `sd_<8 characters>_<43 characters>`.

    The secret isn't stored and can't be shown again. Without categories the key sees all of them;
    without networks it may be used from anywhere; without `ends_at` it doesn't end.
    A `prefix` identifies one creation: raises IntegrityError if a key has it already.
    """
    prefix = prefix or make_prefix()
    secret = f"sd_{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
    api_key = ApiKey.objects.create(
        name=name,
        prefix=prefix,
        digest=digest_of(secret),
        categories=list(dict.fromkeys(filter(None, map(str.strip, categories)))),
        scopes=list(scopes),
        networks=list(networks),
        requests_per_minute=requests_per_minute,
        revoked_at=ends_at,
        created_at=now,
    )
    return api_key, secret


def digest_of(secret: str) -> str:
    # Plain SHA-256 is enough: 256 random bits can't be guessed, so a slow hash adds nothing.
    # surrogatepass, because a header may contain any bytes and none may raise here.
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()


def find_api_key(secret: str, *, now: datetime) -> ApiKey | None:
    """The key with this secret; None if there's none or it has been revoked by `now`.

    The lookup needn't take constant time: the index compares digests, and a partly matching digest
    reveals nothing about the secret.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [digest_of(secret), to_db(now)])
        row = cursor.fetchone()
    if row is None:
        return None
    *plain, categories, scopes, networks, requests_per_minute, last_used_at = row
    lists = [json.loads(one) for one in (categories, scopes, networks)]
    values = [*plain, *lists, requests_per_minute, from_db(last_used_at)]
    return ApiKey.from_db(connection.alias, _FOUND, values)


def touch_api_key(*, api_key: ApiKey, now: datetime) -> None:
    """Record the use, at most once a minute, so that a polling server doesn't write each time."""
    stale = now - LAST_USED_RESOLUTION
    if api_key.last_used_at is not None and api_key.last_used_at > stale:
        return
    is_due = Q(last_used_at__isnull=True) | Q(last_used_at__lte=stale)
    ApiKey.objects.filter(is_due, pk=api_key.pk).update(last_used_at=now)


def revoke_api_keys(*, api_key_ids: Iterable[int], now: datetime) -> int:
    """Revoke these keys at `now`, which may be in the future. Returns how many this changes.

    A key that ends earlier stays as it is.
    """
    return ApiKey.objects.active(now=now).filter(pk__in=list(api_key_ids)).update(revoked_at=now)
