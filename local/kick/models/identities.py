from django.db import models


class Viewer(models.Model):
    """A Kick account.

    Its `user_id` is a uint64, which SQLite's integers cannot hold: kept as decimal text.
    """

    user_id = models.CharField(primary_key=True, max_length=20)
    name = models.CharField(unique=True, max_length=100)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Organization(models.Model):
    """A studio on Kick.

    Where viewers connect and where claims are posted belongs to it, not to one of its apps.
    """

    name = models.CharField(unique=True, max_length=100)
    connect_url = models.CharField(blank=True, max_length=2000)
    webhook_url = models.CharField(blank=True, max_length=2000)
    members = models.ManyToManyField(Viewer, blank=True, related_name="organizations")

    def __str__(self) -> str:
        return self.name


class App(models.Model):
    """An OAuth app. Without an organization it can sign viewers in, but sees no claims."""

    client_id = models.CharField(primary_key=True, max_length=100)
    secret_digest = models.CharField(max_length=64)
    name = models.CharField(max_length=100)
    organization = models.ForeignKey(
        Organization, null=True, on_delete=models.CASCADE, related_name="apps"
    )
    redirect_uris = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name
