"""OAuth state.

Codes and tokens are stored as SHA-256 digests, so sharing the database doesn't reveal them.
"""

from django.db import models

from .identities import App, Viewer


class Grant(models.Model):
    """A viewer's authorization of an app. Kick calls a viewer with one *linked*.

    After it was revoked, it can be granted again.
    """

    viewer = models.ForeignKey(Viewer, on_delete=models.CASCADE, related_name="grants")
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="grants")
    scope = models.CharField(max_length=500)
    granted_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["viewer", "app"], name="one_grant"),
        ]

    def __str__(self) -> str:
        return f"{self.viewer_id} to {self.app_id}"


class AuthorizationCode(models.Model):
    digest = models.CharField(primary_key=True, max_length=64)
    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="codes")
    redirect_uri = models.CharField(max_length=2000)
    code_challenge = models.CharField(max_length=43)
    scope = models.CharField(max_length=500)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"code of {self.grant}"


class Token(models.Model):
    """A user's access or refresh token (`grant` set) or an app access token (`grant` empty)."""

    class Kind(models.TextChoices):
        ACCESS = "access"
        REFRESH = "refresh"

    digest = models.CharField(primary_key=True, max_length=64)
    kind = models.CharField(max_length=7, choices=Kind)
    app = models.ForeignKey(App, on_delete=models.CASCADE, related_name="tokens")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.CASCADE, related_name="tokens")
    code = models.ForeignKey(
        AuthorizationCode, null=True, on_delete=models.CASCADE, related_name="tokens"
    )
    scope = models.CharField(max_length=500, blank=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} token of {self.app_id}"
