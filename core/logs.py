"""Logs are events with fields: a line to read in development, a JSON object in production.

    log_event(logger, "delivery", claim_id=claim_id, outcome="granted", milliseconds=4)

Never a field: a body, a token, a secret, a signature.
"""

import json
import logging
import os
from datetime import UTC, datetime

# No formatter shows who called, nor in which thread and process, so it need not be found out for
# each record (see "Optimization" in the standard library's documentation of logging).
logging._srcfile = None
logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False

STDERR = 2

_JSON = json.JSONEncoder(default=str)


def log_event(
    logger: logging.Logger, event: str, level: int = logging.INFO, /, **fields: object
) -> None:
    logger.log(level, event, extra={"fields": fields})


class StderrHandler(logging.Handler):
    """A line is one write, so that no thread waits for another's. A pipe keeps 4 KiB whole."""

    def handle(self, record: logging.LogRecord) -> bool:
        """As every handler does, but for its lock."""
        if is_wanted := bool(self.filter(record)):
            self.emit(record)
        return is_wanted

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = f"{self.format(record)}\n".encode(errors="backslashreplace")
            os.write(STDERR, line)
        except Exception:
            self.handleError(record)


class TextFormatter(logging.Formatter):
    """`12:00:01 INFO platforms.kick.webhook delivery claim_id=01K… outcome=granted`"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's name)
        fields = getattr(record, "fields", {})
        return " ".join(
            [super().formatMessage(record), *(f"{key}={value}" for key, value in fields.items())]
        )


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
