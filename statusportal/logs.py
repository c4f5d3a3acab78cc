"""What a record of the log becomes: one line for people, or one line of JSON for programs.

Both carry the ids of the request or task in which they were written (statusportal.tracing), and
neither carries secrets, whoever wrote them.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

import structlog

from core import logs
from core.logs import one_line

# What is bound while a request is answered or a task is done; others' values stay out.
BOUND = ("request_id", "task_id", "parent_task_id", "task")
# What the line of a request carries besides its words.
MEASURED = ("method", "path", "status", "duration_ms")

_HIDDEN = "…"
# Addresses of ours in which a secret stands; a test holds that there are no others.
_TOKEN_PATHS = re.compile(r"(/api/heartbeats/(?!self/)|/accounts/invitation/)[^/\s\"'<>]+")
# Of any address: what stands behind "?" and "#", and who signs in to it.
_QUERY = re.compile(r"(?<=[\w/.=&%~-])\?[^\s\"'<>?]*=[^\s\"'<>]*")
_USERINFO = re.compile(r"(?<=://)[^/\s@\"'<>]+@")
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]+", re.IGNORECASE)


def discreet(text: str) -> str:
    """`text` without tokens in addresses, query strings, passwords of addresses, credentials."""
    text = _TOKEN_PATHS.sub(rf"\1{_HIDDEN}", text)
    text = _QUERY.sub(f"?{_HIDDEN}", text)
    text = _USERINFO.sub(f"{_HIDDEN}@", text)
    return _BEARER.sub(rf"\1 {_HIDDEN}", text)


class LineFormatter(logs.LineFormatter):
    """For people: the line, and behind it the ids in brackets where there are any."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        line = discreet(super().formatMessage(record))
        ids = " ".join(f"{name}={one_line(str(value))}" for name, value in _bound().items())
        return f"{line} [{ids}]" if ids else line

    def formatException(self, ei: object) -> str:  # noqa: N802 - the library's name
        return discreet(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - the library's name
        return discreet(super().formatStack(stack_info))


class JsonFormatter(logging.Formatter):
    """For programs: an object a line, with `at` (ISO 8601, UTC), `level`, `logger` and `message`,
    the ids that are bound, the measures of a request, and `trace` of an error."""

    def format(self, record: logging.LogRecord) -> str:
        found: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": discreet(one_line(record.getMessage())),
            **_bound(),
        }
        for name in MEASURED:
            value = record.__dict__.get(name)
            if value is not None:
                found[name] = discreet(one_line(value)) if isinstance(value, str) else value
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            found["trace"] = "\n".join(discreet(one_line(line)) for line in trace)
        # Arabic as it is: one_line has seen to all that a reader could stumble over.
        return json.dumps(found, ensure_ascii=False, default=str)


def _bound() -> dict[str, Any]:
    bound = structlog.contextvars.get_contextvars()
    return {name: bound[name] for name in BOUND if name in bound}
