from django.db import models


class SigningKey(models.Model):
    """A key pair of this stand-in. The newest signs; older ones are what a rotation left behind."""

    private_pem = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"signing key {self.pk}"


class Switch(models.Model):
    """A setting of the stand-in that a control call changes and a restart must keep."""

    name = models.CharField(primary_key=True, max_length=20)
    value = models.JSONField()

    def __str__(self) -> str:
        return self.name
