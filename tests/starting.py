"""What comes of starting the portal with other settings, each time in a process of its own.

Python and the libraries take half a second to load, and no two starts need other ones. So one
process loads them, and none of ours; each start is a child of it, with its own environment.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]

_LOADED = """
import json, os, sys, traceback
import celery.app, cryptography.fernet, django.db.models, django.http, redis.asyncio, structlog
ours = [name for name in sys.modules if name.split(".")[0] in ("statusportal", "core")]
assert ours == [], ours
for line in sys.stdin:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        os.environ.clear()
        os.environ.update(json.loads(line))
        code = 0
        try:
            import statusportal.settings
        except BaseException:
            code = 1
            traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as output:
        said = output.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.__stdout__.write(json.dumps([code, said]) + "\\n")
    sys.__stdout__.flush()
"""


class Started(NamedTuple):
    """The exit code of a process that read its settings, and all that it wrote."""

    code: int
    said: str


class Starter:
    """Starts the portal with one environment after the other."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def start(self, environment: dict[str, str]) -> Started:
        """Let a new process read its settings from `environment` and nothing else."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(environment) + "\n")
        self._process.stdin.flush()
        return Started(*json.loads(self._process.stdout.readline()))


@contextmanager
def starter() -> Iterator[Starter]:
    """A process that has loaded what every start needs; it ends with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", _LOADED],
        env={},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Starter(process)
