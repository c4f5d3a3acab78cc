"""A pytest plugin (`-p tests.servers`): a real PostgreSQL and Redis for one run of the tests.

The first process starts them in a short temporary folder and names them in the environment before
Django reads its settings; pytest-xdist's workers inherit that and take a Redis database each.
`TEST_DATABASE_URL` and `TEST_REDIS_URL` name servers to use instead.
"""

import atexit
import base64
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from statusportal.embedded import postgres, redis
from statusportal.embedded.child import Child, launch
from statusportal.embedded.folders import can_reach, unprivileged_account
from statusportal.embedded.processes import (
    signal_group_quietly,
    signal_quietly,
    wait_until,
)

# Redis numbers its databases: one for the first process, one for each worker.
DATABASES = 64
START_TIMEOUT_S = 30

# Not secret: whatever they protect is thrown away with the run.
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "statusportal.settings",
    "PORTAL_DEMO": "1",
    "PUBLIC_URL": "http://localhost:8000",
    "SECRET_KEY": "only-for-tests-" + "0123456789abcdef" * 4,
    "FIELD_ENCRYPTION_KEYS": base64.urlsafe_b64encode(b"only-for-tests-0123456789abcdefg").decode(),
}


class Servers:
    """What this process started and must end."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self.running: list[tuple[Child, subprocess.Popen[bytes]]] = []

    def start(self) -> None:
        """Start what is not given, and put everything into the environment."""
        self.folder = _short_folder()
        (self.folder / "log").mkdir()
        # WhiteNoise warns of a folder that is not there.
        (self.folder / "static").mkdir()
        os.environ.update(SETTINGS)
        os.environ["VAR_DIR"] = str(self.folder)
        os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL") or self._postgres()
        os.environ["REDIS_URL"] = os.environ.get("TEST_REDIS_URL") or self._redis()

    def stop(self) -> None:
        """End the servers and remove their folder."""
        for child, process in reversed(self.running):
            signal_quietly(process.pid, child.stop_signal)
            try:
                process.wait(timeout=child.grace_s)
            except subprocess.TimeoutExpired:
                signal_group_quietly(process.pid, signal.SIGKILL)
                process.wait()
        self.running.clear()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder = None

    def _postgres(self) -> str:
        assert self.folder is not None
        server = postgres.settle(self.folder, durable=False)
        server.prepare()
        self._start(server.child())
        server.create_database()
        return server.url

    def _redis(self) -> str:
        assert self.folder is not None
        server = redis.settle(self.folder, databases=DATABASES)
        self._start(server.child())
        return server.url

    def _start(self, child: Child) -> None:
        assert self.folder is not None
        assert child.ready is not None
        log = self.folder / "log" / f"{child.name}.log"
        with log.open("wb") as output:
            process = launch(child, output)
        self.running.append((child, process))
        ready = child.ready
        ended = wait_until(lambda: process.poll() is not None or ready(), timeout_s=START_TIMEOUT_S)
        if not ended or process.poll() is not None:
            said = log.read_text(errors="replace")
            self.stop()
            raise pytest.UsageError(f"{child.name} did not start for the tests:\n{said}")


_servers = Servers()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Before pytest-django reads the settings, which a wrapper alone comes in time for."""
    options = early_config.known_args_namespace
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is not None:
        number = 1 + int(worker.removeprefix("gw"))
        os.environ["REDIS_URL"] = _redis_database(os.environ["REDIS_URL"], number)
    elif not (options.help or options.version):
        # Also for a run that ends before pytest is configured.
        atexit.register(_servers.stop)
        _servers.start()
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what this process started; a worker started nothing."""
    _servers.stop()


def _redis_database(url: str, number: int) -> str:
    if url.startswith("unix:"):
        return f"{url.partition('?')[0]}?db={number}"
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}/{number}"


def _short_folder() -> Path:
    """A temporary folder in which sockets fit and which PostgreSQL's user can enter."""
    account = unprivileged_account()
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        if not os.path.isdir(parent) or not os.access(parent, os.W_OK):
            continue
        folder = Path(tempfile.mkdtemp(prefix="portal-", dir=parent))
        folder.chmod(0o711)
        if can_reach(folder, account) and len(os.fsencode(folder)) < 60:
            return folder
        folder.rmdir()
    sys.exit("No temporary folder for the tests' servers: set TMPDIR to a short, open one.")
