"""Who caused what: the id of each request and of each task, on every line and on what it sends.

A task carries the id of the request in which it was sent, and that of the task that sent it.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from logging.config import dictConfig
from typing import Any

import structlog
from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_structlog.celery.receivers import CeleryReceiver

logger = logging.getLogger(__name__)

HEADER = "X-Request-ID"
# Of others only what cannot be anything but an id: it stands in our logs and in their answers.
_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{7,63}")
# Asked all day by machines of our own, or answered from a file.
_QUIET = ("/healthz", "/readyz", "/freshz", "/metrics", "/static/", "/api/heartbeats/self/")


def request_id(given: str | None) -> str:
    """The id that somebody before us gave where it is one, else a new one."""
    if given is not None and _WELL_FORMED.fullmatch(given):
        return given
    return uuid.uuid4().hex


class TracingMiddleware:
    """Stands first in MIDDLEWARE: binds the id, answers it back, and writes the request's one line.

    The line has the method, the path, the code and the milliseconds; neither who asked nor what
    stood behind "?". Pages answered from memory come from in front of Django and have no line.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began_at = time.monotonic()
        own = request_id(request.headers.get(HEADER))
        with structlog.contextvars.bound_contextvars(request_id=own):
            response = self._get_response(request)
            # What others may keep is no one's own answer, and the same bytes for all.
            if "public" not in response.get("Cache-Control", ""):
                response[HEADER] = own
            _told(request, response.status_code, time.monotonic() - began_at)
        return response


def _told(request: HttpRequest, status: int, lasted_s: float) -> None:
    logger.log(
        logging.DEBUG if request.path.startswith(_QUIET) else logging.INFO,
        "%s %s %s",
        request.method,
        request.path,
        status,
        extra={
            "method": request.method,
            "path": request.path,
            "status": status,
            "duration_ms": round(lasted_s * 1000),
        },
    )


# --- Celery -------------------------------------------------------------------------------------

# Celery keeps weak references only.
_receiver = CeleryReceiver()


def follow_tasks() -> None:
    """Let tasks carry ids, and let workers and beat write their logs as everybody does."""
    before_task_publish.connect(
        _receiver.receiver_before_task_publish, dispatch_uid="who caused the task"
    )
    task_prerun.connect(_receiver.receiver_task_prerun, dispatch_uid="which task it is")
    # After the one above, which forgets what was bound before.
    task_prerun.connect(_named, dispatch_uid="what the task is called")
    task_postrun.connect(_forgotten, dispatch_uid="which task it was")
    setup_logging.connect(_as_everybody, dispatch_uid="the portal's own logging")


def _named(task: Any = None, **_: Any) -> None:
    structlog.contextvars.bind_contextvars(task=task.name)


def _forgotten(task: Any = None, **_: Any) -> None:
    # One that runs at once, inside a request, has forgotten that request already.
    structlog.contextvars.clear_contextvars()


def _as_everybody(**_: Any) -> None:
    """Celery would set the level of the root logger and put a handler of its own beside ours."""
    dictConfig(settings.LOGGING)
