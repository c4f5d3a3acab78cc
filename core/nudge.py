"""Wake the next step after a commit, for speed. A periodic sweep guarantees what a nudge loses."""

from __future__ import annotations

import logging
from collections import defaultdict

from celery import Task
from django.db import transaction
from kombu.exceptions import OperationalError

logger = logging.getLogger(__name__)

_listeners: dict[str, list[Task]] = defaultdict(list)


def listen(topic: str, task: Task) -> None:
    """Let `task` be sent whenever `topic` is nudged; called by an upper app when it is ready.

    This is how a lower app wakes an upper one without importing it.
    """
    if task not in _listeners[topic]:
        _listeners[topic].append(task)


def nudge(topic: str, *, expires_seconds: float = 5) -> None:
    """Send the tasks that listen to `topic` once the present transaction is committed.

    Never fails: with Redis gone the nudge is lost, on purpose, and the sweep finds the same work
    a second later.
    """

    def send() -> None:
        for task in _listeners[topic]:
            try:
                task.apply_async(expires=expires_seconds, retry=False)
            except OperationalError:
                logger.warning("A nudge for %s was lost; the sweep will do its work.", task.name)

    transaction.on_commit(send, robust=True)
