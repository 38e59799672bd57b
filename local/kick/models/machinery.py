"""The local Kick's internal state: signing keys and switches."""

from typing import Any

from django.db import models


class SigningKey(models.Model):
    """A key pair. The newest one signs webhooks. Older ones are kept after a rotation."""

    private_pem = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"signing key {self.pk}"


class Switch(models.Model):
    """A setting that control calls change and that survives a restart."""

    name = models.CharField(primary_key=True, max_length=20)
    value = models.JSONField()

    def __str__(self) -> str:
        return self.name

    @classmethod
    def read(cls, name: str, default: Any) -> Any:
        value = cls.objects.filter(name=name).values_list("value", flat=True).first()
        return default if value is None else value

    @classmethod
    def write(cls, name: str, value: Any) -> None:
        cls.objects.update_or_create(name=name, defaults={"value": value})


class ReceivedRequest(models.Model):
    """The log of the requests to Kick's endpoints. `at` is real time, not the clock that moves."""

    at = models.DateTimeField(db_index=True)
    method = models.CharField(max_length=10)
    path = models.CharField(max_length=200)
    grant_type = models.CharField(max_length=40, blank=True)
    status = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.status}"
