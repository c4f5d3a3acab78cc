"""A whole portal for a test: `manage.py up` in a folder of its own, asked over real HTTP."""

from __future__ import annotations

import html
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from statusportal.demo import control, plan
from statusportal.embedded import state
from tests.end_to_end.processes import descendants

ROOT = Path(__file__).parents[2]
# How long a test waits for what has to happen. A net to fall into and no measure: how fast the
# portal is, `bench/` says; here a machine may be as busy as it likes.
PATIENCE_S = 180.0
# What the portal derives for itself must not reach it from the servers of this test run.
_OURS = {
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "FIELD_ENCRYPTION_KEYS",
    "PUBLIC_URL",
    "PORTAL_DEMO",
    "VAR_DIR",
}
# Above the blocks of tests/statusportal/demo, below the ports that the system hands out.
_BLOCKS = range(25_000, 32_000, plan.BLOCK)
# Until this process ends: a portal that was stopped finds its ports again at its next start.
_held: list[socket.socket] = []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def own_block() -> int:
    """The first of `plan.BLOCK` free ports that no other portal of a test is given, here or in
    any process beside us. The last of them is held, which is how the others know."""
    for first in _BLOCKS:
        held = socket.socket()
        try:
            held.bind((plan.HOST, first + plan.BLOCK - 1))
        except OSError:
            held.close()
            continue
        _held.append(held)
        if plan.free_block(first, size=plan.BLOCK - 1) == first:
            return first
    raise AssertionError(f"no block of ports is free from {_BLOCKS.start} to {_BLOCKS.stop}")


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder for one portal, gone afterwards with all that is in it.

    Not below pytest's own, which is closed to others: where root runs the tests PostgreSQL has
    another user, and would keep its data elsewhere for ever.
    """
    with tempfile.TemporaryDirectory(prefix="portal-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


class Portal:
    """One running portal; `stop` is Ctrl-C."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        block = own_block()
        # Of the same block, so that nobody is given it before the portal listens there.
        self.port = block + plan.BLOCK - 2
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in _OURS},
            "VAR_DIR": str(folder),
            "PORT": str(self.port),
            "DEMO_PORT_BASE": str(block),
            # The rules count in intervals: with short ones there is less to wait for.
            "CHECK_INTERVAL": "8",
            "CHECK_INTERVAL_URGENT": "8",
            "CHECK_FAST_INTERVAL": "3",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it says that it runs, and its first page is there."""
        with (self.folder / "up.log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._answers, self.said)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        # The pages of the run before are there sooner than the portal.
        return "The portal runs at" in self.said() and self.status("/ar/") == 200

    def said(self) -> str:
        return (self.folder / "up.log").read_text()

    def stop(self) -> int:
        """Ctrl-C, as a terminal sends it: to the process alone, its children have sessions."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE_S)

    def keep_logs(self, folder: Path) -> None:
        """Copy what it and its processes wrote to where people look after a failure."""
        for log in (self.folder / "up.log", *self.folder.glob("log/*")):
            shutil.copy(log, folder)

    def pids(self, *words: str) -> list[int]:
        """The processes below `up` whose command line holds all `words`."""
        assert self.process is not None
        below = descendants(self.process.pid)
        return [pid for pid, _parent, line in below if all(word in line for word in words)]

    def command(self, *words: str) -> str:
        """A management command in another terminal; its output."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr + self.said()
        return done.stdout

    def tell(self, **order: Any) -> None:
        """What `demo break` and `demo mend` tell the endpoints, without a process for each."""
        control.ask(plan.load(self.folder / "demo"), **order)

    def sql(self, query: str) -> list[str]:
        """Rows of one query, columns joined by a bar, from the portal's own database."""
        settings = {"VAR_DIR": str(self.folder)}
        assert state.load_portal_env(settings), self.said()
        with psycopg.connect(settings["DATABASE_URL"], autocommit=True) as connection:
            rows = connection.execute(query.encode()).fetchall()
        return ["|".join(map(str, row)) for row in rows]

    def has_seen_all_since(self, at: float) -> bool:
        """Whether every check had a turn that fell due after `at` (as `time.time()` counts)."""
        turned = f"SELECT min(last_due_at) > to_timestamp({at}) FROM services_checkstate"  # noqa: S608
        return self.sql(turned) == ["True"]

    def get(self, path: str, *, timeout: float = 10) -> tuple[int, str]:
        """Status and body; 0 where nobody answered."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}{path}", timeout=timeout
            ) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def status(self, path: str) -> int:
        return self.get(path)[0]

    def words(self, path: str) -> str:
        """The text of a page as people read it, without the folded spaces."""
        status, body = self.get(path)
        assert status == 200, (path, status)
        body = re.sub(r"<(script|style|svg|template)\b.*?</\1>", "", body, flags=re.DOTALL)
        body = re.sub(r"<(\w+)[^>]*\bhidden\b[^>]*>.*?</\1>", "", body, flags=re.DOTALL)
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", body)))

    def states(self, language: str = "en") -> dict[str, str]:
        """Slug → state, as the catalogue page marks it (`data-slug`, `data-state`), all pages."""
        found: dict[str, str] = {}
        for page in range(1, 4):
            status, body = self.get(f"/{language}/services/?page={page}")
            if status != 200:
                break
            rows = dict(re.findall(r'data-slug="([^"]+)"[^>]*data-state="([^"]+)"', body))
            if not rows.keys() - found.keys():
                break
            found |= rows
        return found


def wait_until(met: Callable[[], bool], what: Callable[[], object] = lambda: "") -> None:
    """Wait for a condition; fails with what `what` says when patience ends."""
    ends_at = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < ends_at, f"not within {PATIENCE_S:g} s: {what()}"
        time.sleep(0.2)
