"""Putting a back-up into an empty database, and looking whether all of it arrived."""

from __future__ import annotations

import json
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from core import chaining, encryption
from core.chain import head_from
from statusportal.backup import (
    DUMP,
    FORMAT,
    MANIFEST,
    PUBLISHED,
    CannotBackUp,
    Manifest,
    count_rows,
    digest_of,
    find_program,
    run,
    table_names,
)

# What migrations themselves put there.
FROM_MIGRATIONS = {
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "services_location",
}


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it: `faults` are sentences; `missing_migrations` are to be applied now."""

    manifest: Manifest
    faults: list[str]
    missing_migrations: int
    keys_fit: bool


def read_manifest(file: Path) -> Manifest:
    """What a back-up says of itself. Raises CannotBackUp where it is none, or of a newer kind."""
    try:
        with tarfile.open(file) as tar:
            body = tar.extractfile(MANIFEST)
            found = json.loads(body.read()) if body is not None else {}
            if found.get("format") != FORMAT:
                raise CannotBackUp(f"{file} was made by another release of the portal.")
            return Manifest(**found)
    except (tarfile.TarError, KeyError, TypeError, ValueError, AttributeError):
        raise CannotBackUp(f"{file} is no back-up of the portal.") from None


def restore(file: Path, *, into_empty: bool) -> Restored:
    """Put `file` into the database, which must have no tables; with `into_empty` it may have the
    portal's own, as long as there is no data in them.

    The database is as before where anything fails on the way. Raises CannotBackUp and OSError.
    """
    manifest = read_manifest(file)
    unknown = _unknown(manifest)
    if unknown:
        app, name = unknown[0]
        raise CannotBackUp(
            f"{file} was made by a newer release: this one does not know {app}.{name}."
        )
    program = find_program("pg_restore", at_least=manifest.server_version // 10_000)
    _refuse_data(into_empty=into_empty)
    with tempfile.TemporaryDirectory(dir=settings.VAR_DIR, prefix=".restore-") as folder:
        members = _unpacked(file, manifest, Path(folder))
        arguments = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        arguments += ["--clean", "--if-exists"] if into_empty else []
        # Its own prepared plans and connection know nothing of the new tables.
        connection.close()
        run(program, *arguments, str(members.pop(DUMP)))
        _put_back(members)
    return _looked_at(manifest)


def _unknown(manifest: Manifest) -> list[tuple[str, str]]:
    known = set(MigrationLoader(None).disk_migrations)
    # Of an app that was taken out since then nothing is asked.
    apps = {app for app, _name in known}
    return [
        (app, name) for app, name in manifest.migrations if app in apps and (app, name) not in known
    ]


def _refuse_data(*, into_empty: bool) -> None:
    tables = table_names()
    if not tables:
        return
    name = connection.settings_dict["NAME"]
    held = [table for table in tables if table not in FROM_MIGRATIONS and _has_rows(table)]
    if held:
        raise CannotBackUp(
            f"The database {name} holds data ({', '.join(held[:3])}): nothing is overwritten."
            " Restore into an empty one."
        )
    if not into_empty:
        raise CannotBackUp(
            f"The database {name} has tables without data: --into-empty lets them be replaced."
        )


def _has_rows(table: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(table)))
        (found,) = cursor.fetchone()
    return bool(found)


def _unpacked(file: Path, manifest: Manifest, folder: Path) -> dict[str, Path]:
    members = {}
    with tarfile.open(file) as tar:
        tar.extractall(folder, filter="data")
    for name, digest in manifest.files.items():
        path = folder / name
        if not path.is_file() or digest_of(path) != digest:
            raise CannotBackUp(f"{file} is damaged: {name} is not what was put in.")
        members[name] = path
    return members


def _put_back(members: dict[str, Path]) -> None:
    """The published files; pages are answered from them until the first snapshot is built."""
    home = Path(settings.LAST_GOOD_FILE).parent
    for name, path in members.items():
        place = home / name.removeprefix(PUBLISHED)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _looked_at(manifest: Manifest) -> Restored:
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("ANALYZE")
    faults = []
    there = count_rows(leaving_out=set())
    for table, count in manifest.tables.items():
        if there.get(table) != count:
            faults.append(f"{table} has {there.get(table, 'no')} rows, and had {count}")
    heads = [head_from(manifest.audit_head)] if manifest.audit_head else []
    faults += [
        f"the record of acts: {fault.said}" for fault in chaining.verify(written_down=heads).faults
    ]
    try:
        encryption.unseal(manifest.keys_proof)
        keys_fit = True
    except encryption.CannotDecrypt:
        keys_fit = False
    loader = MigrationLoader(connection)
    missing = set(loader.disk_migrations) - set(loader.applied_migrations)
    return Restored(manifest, faults, len(missing), keys_fit)
