"""What the portal writes about itself (docs/operations.md)."""

from __future__ import annotations

import logging
from typing import Any

import structlog
from django.core.exceptions import ImproperlyConfigured

from core import env
from statusportal.settings.base import DEMO

LOG_FORMAT = env.text("LOG_FORMAT", "line" if DEMO else "json")
if LOG_FORMAT not in {"json", "line"}:
    raise ImproperlyConfigured("LOG_FORMAT must be json or line.")
LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    raise ImproperlyConfigured("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            # What people typed ends no line and moves no cursor.
            "class": "statusportal.logs.LineFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        },
        "json": {"()": "statusportal.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT},
        "count": {"class": "statusportal.error_count.CountErrors", "level": "ERROR"},
    },
    "root": {"handlers": ["stderr", "count"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},
        # Several ticks a second; what fails or is late is said above this level.
        "celery": {"level": "WARNING"},
        "kombu": {"level": "WARNING"},
        # Django's own handlers would write each line a second time, in another shape.
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # The request's own line says that it was a 404; an error keeps its trace.
        "django.request": {"level": "ERROR"},
        # The head of the audit's chain has to reach the log, whatever level was chosen.
        "core.chaining": {"level": "INFO"},
    },
}

# What libraries say through structlog takes the same way as everything else.
structlog.configure(
    processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
# "A task has begun", several times a second.
DJANGO_STRUCTLOG_CELERY_TASK_START_LOG_LEVEL = logging.DEBUG
