"""Gunicorn's settings: `gunicorn --config python:studio_drops.web_server studio_drops.wsgi`."""

import os
from typing import Any

from studio_drops.settings import env
from studio_drops.shared_metrics import forget_process, share_metrics

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio_drops.settings")

bind = env.str("WEB_BIND", default="127.0.0.1:8000")
worker_class = "gthread"
workers = env.int("WEB_WORKERS", default=1)
threads = env.int("WEB_THREADS", default=8)
timeout = 30
graceful_timeout = 10
# Longer than the idle time of the usual proxies, so that it is they who close a connection.
keepalive = 75
loglevel = "warning"
control_socket_disable = True
# Whether a proxy is believed is BEHIND_TLS_PROXY's to say, wherever that proxy is. Gunicorn would
# believe every one on this machine.
forwarded_allow_ips = ""


def on_starting(_server: Any) -> None:
    share_metrics("web")


def child_exit(_server: Any, worker: Any) -> None:
    forget_process(worker.pid)
