"""Endpoints for machines: `/healthz` (liveness), `/readyz` (readiness) and `/metrics`."""

from functools import cache

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from studio_drops.monitoring.collector import IndicatorsCollector
from studio_drops.monitoring.prometheus import exposition

LOOPBACK = {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
PROXY_HEADERS = ("X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-Ip", "Via")


class NotReadyError(Exception):
    """This process can't serve requests yet. The message says how to fix it."""


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database responds and has every migration.

    The worker isn't checked, because webhooks are accepted without it.
    """
    try:
        check_database()
        check_migrations()
    except NotReadyError as error:
        return JsonResponse({"status": "not ready", "reason": str(error)}, status=503)
    return JsonResponse({"status": "ok"})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not may_read_metrics(request):
        return HttpResponse(
            "Send the value of METRICS_TOKEN as `Authorization: Bearer …`, or connect from this"
            " machine without a proxy.\n",
            status=403,
            content_type="text/plain; charset=utf-8",
        )
    return HttpResponse(
        exposition(IndicatorsCollector()), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def check_database() -> None:
    """Raises NotReadyError if the database doesn't answer. Replaces a broken connection."""
    try:
        connection.ensure_connection()
        if not connection.is_usable():
            connection.close()
            connection.connect()
    except DatabaseError as error:
        raise NotReadyError("The database can't be reached. Check DATABASE_URL.") from error


@cache
def check_migrations() -> None:
    """Raises NotReadyError if a migration is missing. Success is cached."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise NotReadyError(
            "The applied migrations can't be read from the database. Check the database's logs."
        ) from error
    if missing:
        raise NotReadyError(f"{len(missing)} migrations are missing. Run `manage.py migrate`.")


def may_read_metrics(request: HttpRequest) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and constant_time_compare(token, settings.METRICS_TOKEN):
        return True
    # With a proxy on this machine, every request comes from loopback. Proxies add these headers.
    is_proxied = any(name in request.headers for name in PROXY_HEADERS)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not is_proxied
