"""A sweep in a process of its own that dies at a failpoint: no clean-up, no farewell.

The fork server loads this module once; each child is then forked in milliseconds, and opens a
connection of its own.
"""

from __future__ import annotations

import multiprocessing
import os
from contextlib import nullcontext
from datetime import datetime
from types import SimpleNamespace

import django
from django.apps import apps

if not apps.ready:
    django.setup()

from django.conf import settings
from django.db import connection
from django.utils import translation

from core.failpoints import arm
from incidents import sweeping

KILLED = 9
# Read once here, not once in every child.
for _language, _name in settings.LANGUAGES:
    with translation.override(_language):
        translation.gettext("Incident")

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def _sweep(database: str, name: str, now: datetime, is_atomic: bool) -> None:
    connection.settings_dict["NAME"] = database
    if not is_atomic:
        setattr(sweeping, "transaction", SimpleNamespace(atomic=nullcontext))  # noqa: B010
    arm(name, lambda: os._exit(KILLED))
    sweeping.sweep(now=now)


def sweep_and_die(name: str, now: datetime, *, is_atomic: bool = True) -> int | None:
    """Sweep in a child that ends at the failpoint `name`; its exit code: KILLED, or 0 where it
    never came there. Without `is_atomic` it opens incidents outside of any transaction."""
    database = connection.settings_dict["NAME"]
    child = _processes.Process(target=_sweep, args=(database, name, now, is_atomic))
    child.start()
    child.join(30)
    return child.exitcode
