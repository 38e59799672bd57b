"""Logs are events with fields: readable lines in development, JSON objects in production.

    log_event(logger, "delivery", claim_id=claim_id, outcome="granted", milliseconds=4)

Never log a body, a token, a secret or a signature.
"""

import json
import logging
import os
import re
from datetime import UTC, datetime

STDERR = 2

_JSON = json.JSONEncoder(default=str)


def log_event(
    logger: logging.Logger, event: str, level: int = logging.INFO, /, **fields: object
) -> None:
    logger.log(level, event, extra={"fields": fields})


def collect_printed_fields_only() -> None:
    """Don't look up the caller, thread and process for each record: no formatter prints them.

    Affects the whole process. See "Optimization" in https://docs.python.org/3/howto/logging.html.
    """
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False


class StderrHandler(logging.Handler):
    """Writes each line with one system call and no lock. Pipes don't split writes up to 4 KiB."""

    def handle(self, record: logging.LogRecord) -> bool:
        """Same as logging.Handler.handle, without the lock."""
        if is_wanted := bool(self.filter(record)):
            self.emit(record)
        return is_wanted

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            os.write(STDERR, line)
        except Exception:
            self.handleError(record)


# A value with a line break could forge the next line.
_BREAKS = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029]")


class TextFormatter(logging.Formatter):
    """`12:00:01 INFO platforms.kick.webhook delivery claim_id=01K… outcome=granted`"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        fields = getattr(record, "fields", {})
        line = " ".join(
            [super().formatMessage(record), *(f"{key}={value}" for key, value in fields.items())]
        )
        return _BREAKS.sub(lambda match: ascii(match[0])[1:-1], line)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _JSON.encode(line)
