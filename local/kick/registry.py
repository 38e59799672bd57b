"""Organizations, their apps, and viewers."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from django.db import transaction

from .models import App, Organization, Viewer
from .refusals import Conflict, Missing, Refused

MAX_USER_ID = 2**64 - 1


def digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


@transaction.atomic
def register_app(
    *,
    client_id: str,
    client_secret: str,
    name: str,
    organization: str | None,
    redirect_uris: Sequence[str],
    connect_url: str | None = None,
    webhook_url: str | None = None,
    events_url: str | None = None,
) -> App:
    """Create or replace an app. Creates its organization if needed.

    `connect_url` and `webhook_url` belong to the organization, `events_url` to the app. None keeps
    the current value. A blank `events_url` switches events off, which ends the subscriptions.
    """
    for url in filter(None, [*redirect_uris, connect_url, webhook_url, events_url]):
        if not url.startswith(("http://", "https://")):
            raise Refused(f"{url!r} isn't a URL. It must start with http:// or https://.")
    owner = find_or_make_organization(organization) if organization else None
    if owner:
        if connect_url is not None:
            owner.connect_url = connect_url
        if webhook_url is not None:
            owner.webhook_url = webhook_url
        owner.save(update_fields=["connect_url", "webhook_url"])
    app, _ = App.objects.update_or_create(
        client_id=client_id,
        defaults={
            "secret_digest": digest(client_secret),
            "name": name,
            "organization": owner,
            "redirect_uris": list(redirect_uris),
            **({} if events_url is None else {"events_url": events_url}),
        },
    )
    if not app.events_url:
        app.subscriptions.all().delete()
    return app


def find_or_make_organization(name: str) -> Organization:
    organization, _ = Organization.objects.get_or_create(name=name)
    return organization


@transaction.atomic
def make_viewer(
    *, name: str, now: datetime, user_id: int | None = None, member_of: str | None = None
) -> Viewer:
    """Return the viewer with that name. Creates them if needed, with `user_id` or a random id.

    Raises Conflict if the name and the id belong to different viewers.
    """
    viewer = Viewer.objects.filter(name=name).first()
    if viewer is None:
        if user_id is not None and not 0 <= user_id <= MAX_USER_ID:
            raise Refused(f"user_id {user_id} is out of range. Allowed: 0 to {MAX_USER_ID}.")
        chosen = str(new_user_ids(1) if user_id is None else user_id)
        viewer, made = Viewer.objects.get_or_create(
            user_id=chosen, defaults={"name": name, "created_at": now}
        )
        if not made:
            raise Conflict(f"user_id {chosen} is taken by {viewer.name!r}. Choose another.")
    elif user_id is not None and viewer.user_id != str(user_id):
        raise Conflict(f"{name!r} is viewer {viewer.user_id}. Omit user_id or change the name.")
    if member_of:
        find_or_make_organization(member_of).members.add(viewer)
    return viewer


def new_user_ids(count: int) -> int:
    """Return the first of `count` consecutive random user ids.

    They're below 2**53, so that JavaScript keeps them exact. To get a longer id, pass it as
    `user_id`.
    """
    return 10**9 + secrets.randbelow(2**52 - 10**9 - count)


def find_viewer(user_id: int | str) -> Viewer:
    viewer = Viewer.objects.filter(user_id=str(user_id)).first()
    if viewer is None:
        raise Missing(f"Viewer {user_id} not found. Create them with POST /local/viewers.")
    return viewer


def find_app(client_id: str) -> App:
    app = App.objects.filter(client_id=client_id).select_related("organization").first()
    if app is None:
        raise Missing(f"App {client_id!r} not found. Register it with PUT /local/apps.")
    return app
