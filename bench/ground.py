"""The ground that the bench stands on: servers of its own, thrown away afterwards.

PostgreSQL writes as durably as in production: what a commit costs is part of what is measured.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import endpoints
from statusportal.embedded import postgres
from tests.servers import Servers

# Production's measuring, without the demo's short intervals; loopback may be probed.
SETTINGS = {
    "CHECK_INTERVAL": "300",
    "CHECK_INTERVAL_URGENT": "60",
    "CHECK_FAST_INTERVAL": "10",
    "CHECK_TIMEOUT": "10",
    "PROBE_ALLOWED_NETWORKS": "127.0.0.0/8",
    "PROBE_PER_HOST": "200",
}


class Ground(Servers):
    """As the tests' servers, but durable."""

    def _postgres(self) -> str:
        assert self.folder is not None
        server = postgres.settle(self.folder, durable=True)
        server.prepare()
        self._start(server.child())
        server.create_database()
        return server.url


@contextmanager
def ground() -> Iterator[Path]:
    """The folder of a portal of its own, with Django ready and every table made."""
    _many_sockets()
    servers = Ground()
    try:
        os.environ.update(SETTINGS)
        servers.start()
        assert servers.folder is not None
        os.environ["PROBE_EXTRA_CA"] = str(endpoints.certificate(servers.folder))
        # Django reads the environment that the servers have set.
        import django  # noqa: PLC0415

        django.setup()
        from django.core.management import call_command  # noqa: PLC0415

        call_command("migrate", verbosity=0)
        yield servers.folder
        from django.db import connections  # noqa: PLC0415

        connections.close_all()
    finally:
        servers.stop()


def _many_sockets() -> None:
    """As many open files as we are allowed: thousands of connections stand open at once."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
