"""Viewers, organizations and their apps."""

from django.db import models


class Viewer(models.Model):
    """A Kick account.

    `user_id` is a uint64, which is too large for SQLite's integers, so it's stored as decimal text.
    """

    user_id = models.CharField(primary_key=True, max_length=20)
    name = models.CharField(unique=True, max_length=100)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Organization(models.Model):
    """A studio on Kick.

    On Kick, the connect URL and the webhook URL belong to the organization, not to an app.
    """

    name = models.CharField(unique=True, max_length=100)
    connect_url = models.CharField(blank=True, max_length=2000)
    webhook_url = models.CharField(blank=True, max_length=2000)
    members = models.ManyToManyField(Viewer, blank=True, related_name="organizations")

    def __str__(self) -> str:
        return self.name


class App(models.Model):
    """An OAuth app. Without an organization it can log viewers in, but can't read claims."""

    client_id = models.CharField(primary_key=True, max_length=100)
    secret_digest = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.CASCADE, related_name="apps"
    )
    redirect_uris = models.JSONField(default=list)
    # Unlike the drops webhook, the event webhook belongs to the app. Blank: switched off.
    events_url = models.CharField(blank=True, max_length=2000)

    def __str__(self) -> str:
        return self.name
