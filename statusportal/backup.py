"""Taking all that the portal knows away in one file (docs/operations.md).

The file is a tar archive: `manifest.json` says what is in it, `database.dump` is pg_dump's custom
format, `published/` holds the last-good file and the archived months. The manifest's counts are of
the very snapshot of the database that was dumped, however much goes on meanwhile. Keys are not in
it: without FIELD_ENCRYPTION_KEYS secret headers and second factors cannot be read again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from psycopg import sql
from psycopg.conninfo import make_conninfo

from core import chaining, encryption
from core.audit import AuditLink
from statusportal.embedded import postgres
from statusportal.embedded.refusal import CannotStart
from statusportal.public import store_files

FORMAT = 1
MANIFEST, DUMP, PUBLISHED = "manifest.json", "database.dump", "published/"
_PROOF = {"portal": "these keys open what is in the back-up"}
# Whoever was signed in signs in again: a cookie of then opens nothing now.
_NEVER = ("django_session",)
# The underscore keeps the hours apart, which are kept.
_RAW = "services_observation_*"


class CannotBackUp(Exception):
    """One sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a back-up. `files` has the SHA-256 of each member, `tables` the rows of each
    table, `migrations` (app, name) of all that were applied; `keys_proof` only the right keys open.
    """

    format: int
    made_at: str
    server_version: int
    has_observations: bool
    audit_head: str
    keys_proof: str
    migrations: list[list[str]]
    tables: dict[str, int]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Kept:
    """The back-up that was made last, as /ops/health tells of it."""

    at: datetime
    file: str
    bytes: int
    has_observations: bool


def make(target: Path, *, with_observations: bool, now: datetime) -> tuple[Path, Manifest]:
    """Write a back-up into the folder `target`, or as the file `target`: its path and manifest.

    Whole or not at all, readable by its owner alone; an existing file is never overwritten. Raises
    CannotBackUp and OSError.
    """
    file = target / f"statusportal-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.tar"
    file = file if target.is_dir() else target
    if file.exists():
        raise CannotBackUp(f"{file} is there already, and no back-up is overwritten.")
    if not file.parent.is_dir():
        raise CannotBackUp(f"{file.parent} is no folder.")
    program = find_program("pg_dump", at_least=_server_version() // 10_000)
    # So that what waits for the chain is not taken for something slipped in after a restore.
    chaining.chain(now=now)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        dump = Path(folder) / DUMP
        head, migrations, tables = _dumped(program, dump, with_observations=with_observations)
        members = {DUMP: dump, **_published(Path(folder))}
        manifest = Manifest(
            format=FORMAT,
            made_at=now.astimezone(UTC).isoformat(timespec="seconds"),
            server_version=_server_version(),
            has_observations=with_observations,
            audit_head=head,
            keys_proof=encryption.seal(_PROOF),
            migrations=migrations,
            tables=tables,
            files={name: digest_of(path) for name, path in members.items()},
        )
        whole = Path(folder) / "whole.tar"
        _write_tar(whole, manifest, members)
        whole.rename(file)
    _note(Kept(now, file.name, file.stat().st_size, with_observations))
    return file, manifest


def _dumped(
    program: Path, dump: Path, *, with_observations: bool
) -> tuple[str, list[list[str]], dict[str, int]]:
    """Dump the database, and count in the same snapshot: (head of the audit, migrations, rows)."""
    left_out = (*_NEVER, *(() if with_observations else (_RAW,)))
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        arguments = ["--format=custom", "--no-owner", "--no-privileges"]
        arguments += [f"--snapshot={snapshot}", f"--file={dump}"]
        arguments += [f"--exclude-table-data={pattern}" for pattern in left_out]
        run(program, *arguments)
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY app, name")
        migrations = [list(row) for row in cursor.fetchall()]
        newest = AuditLink.objects.order_by("-position").first()
        not_counted = {*_NEVER, *(() if with_observations else ("services_observation",))}
        return str(newest or ""), migrations, count_rows(leaving_out=not_counted)


def count_rows(*, leaving_out: set[str]) -> dict[str, int]:
    """Rows of every table of the portal; partitions are counted with their table."""
    counts = {}
    with connection.cursor() as cursor:
        for name in table_names():
            if name not in leaving_out:
                cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)))
                (counts[name],) = cursor.fetchone()
    return counts


def table_names() -> list[str]:
    """Every table in the portal's schema, without partitions, in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname"
        )
        return [name for (name,) in cursor.fetchall()]


def _published(folder: Path) -> dict[str, Path]:
    """The last-good file and the archived months beside it, by their names in the archive.

    Copies in `folder`: the portal goes on, and what the manifest knows by its digest must not
    become another file while the dump is packed.
    """
    copies = folder / PUBLISHED
    months = copies / "archive"
    months.mkdir(parents=True)
    files = store_files.copy_into(copies)
    for path in (Path(settings.LAST_GOOD_FILE).parent / "archive").glob("*.json"):
        # A newer version of the month may take its place.
        with suppress(FileNotFoundError):
            files.append(shutil.copyfile(path, months / path.name))
    return {path.relative_to(folder).as_posix(): path for path in files}


def _write_tar(whole: Path, manifest: Manifest, members: dict[str, Path]) -> None:
    with tarfile.open(whole, "w", format=tarfile.PAX_FORMAT) as tar:
        body = json.dumps(asdict(manifest), ensure_ascii=False, indent=1).encode()
        entry = tarfile.TarInfo(MANIFEST)
        entry.size, entry.mode = len(body), 0o600
        tar.addfile(entry, io.BytesIO(body))
        for name, path in members.items():
            tar.add(path, name, recursive=False)
    # It holds what is known of people.
    whole.chmod(0o600)
    descriptor = os.open(whole, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as body:
        return hashlib.file_digest(body, "sha256").hexdigest()


# --- the back-up that was made last -------------------------------------------------------------


def _note_file() -> Path:
    return Path(settings.VAR_DIR) / "last-backup.json"


def _note(kept: Kept) -> None:
    body = json.dumps(asdict(kept) | {"at": kept.at.astimezone(UTC).isoformat()})
    _note_file().parent.mkdir(parents=True, exist_ok=True)
    fresh = _note_file().with_suffix(".new")
    fresh.write_text(body, encoding="utf-8")
    fresh.replace(_note_file())


def last() -> Kept | None:
    """The back-up that this machine made last; None where it made none that it knows of."""
    try:
        found: dict[str, Any] = json.loads(_note_file().read_text(encoding="utf-8"))
        return Kept(**found | {"at": datetime.fromisoformat(found["at"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


# --- PostgreSQL's own programs ------------------------------------------------------------------


def find_program(name: str, *, at_least: int) -> Path:
    """pg_dump or pg_restore of PostgreSQL `at_least` or newer: from PATH, else from our wheel.

    Raises CannotBackUp.
    """
    found = shutil.which(name)
    candidates = [Path(found)] if found else []
    with suppress(CannotStart):
        candidates.append(postgres.installed() / name)
    versions = {path: _version_of(path) for path in candidates}
    for path, version in versions.items():
        if version >= at_least:
            return path
    there = f"there is only {max(versions.values())}" if versions else "there is none"
    raise CannotBackUp(
        f"{name} of PostgreSQL {at_least} or newer is needed, and {there}:"
        " install PostgreSQL's client programs, or requirements/local.lock."
    )


def _version_of(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    number = re.search(r"\b(\d+)", said.stdout)
    return int(number.group(1)) if number else 0


def run(program: Path, *arguments: str) -> None:
    """Run one of them against the portal's database; raises CannotBackUp with what it said."""
    with _environment() as (environment, conninfo):
        done = subprocess.run(
            [program, f"--dbname={conninfo}", "--no-password", *arguments],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        raise CannotBackUp(f"{program.name}: {done.stderr.strip() or 'it failed'}")


@contextmanager
def _environment() -> Iterator[tuple[dict[str, str], str]]:
    """The environment and the address for a program; the password is in no list of processes."""
    given = connection.settings_dict
    options = {name: value for name, value in given["OPTIONS"].items() if name != "options"}
    conninfo = make_conninfo(
        "",
        dbname=given["NAME"],
        user=given["USER"] or None,
        host=given["HOST"] or None,
        port=given["PORT"] or None,
        **{name: value for name, value in options.items() if isinstance(value, str | int)},
    )
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    if given["PASSWORD"]:
        environment["PGPASSWORD"] = given["PASSWORD"]
    yield environment, conninfo


def _server_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        (number,) = cursor.fetchone()
    return int(number)
