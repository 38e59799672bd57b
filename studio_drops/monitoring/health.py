"""What machines ask: `/healthz` (does it live), `/readyz` (may it be sent requests), `/metrics`."""

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
PROXY_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "Via")


class NotReadyError(Exception):
    """This process cannot serve yet; the message says what has to be done."""


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when the database answers and has every migration. A dead worker changes nothing here:
    the webhook is served without one."""
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
            "Metrics are given to this machine itself, or for the token in METRICS_TOKEN, sent as"
            " `Authorization: Bearer …`.\n",
            status=403,
            content_type="text/plain; charset=utf-8",
        )
    return HttpResponse(
        exposition(IndicatorsCollector()), content_type="text/plain; version=0.0.4; charset=utf-8"
    )


def check_database() -> None:
    """Raises NotReadyError when the database does not answer, on a new connection if need be."""
    try:
        connection.ensure_connection()
        if not connection.is_usable():
            connection.close()
            connection.connect()
    except DatabaseError as error:
        raise NotReadyError("The database does not answer. Is DATABASE_URL right?") from error


@cache
def check_migrations() -> None:
    """Raises NotReadyError when one is missing. Asked until all are there, then never again."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        raise NotReadyError("The database does not say which migrations it has.") from error
    if missing:
        raise NotReadyError(f"{len(missing)} migrations are missing: run `manage.py migrate`.")


def may_read_metrics(request: HttpRequest) -> bool:
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if settings.METRICS_TOKEN and constant_time_compare(token, settings.METRICS_TOKEN):
        return True
    # Behind a proxy on this machine every peer is loopback, hence the look at what proxies add.
    is_proxied = any(name in request.headers for name in PROXY_HEADERS)
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not is_proxied
