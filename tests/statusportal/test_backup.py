"""A back-up put into an empty database is the same portal, and nothing else is overwritten."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, connections
from psycopg import sql

from core import chaining
from core.audit import AuditEntry, AuditLink, record
from services.models import Service, StatusChange
from statusportal import backup
from statusportal.public import snapshot
from tests.factories import make_agency, make_service
from tests.statusportal.ops.console import make_incident
from tests.statusportal.ops.nation import NOW, make_measured, play

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def places(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of its own; a process that has not linked anything yet."""
    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()
    settings.LAST_GOOD_FILE = tmp_path / "var" / "last-good" / "snapshot.json"
    monkeypatch.setattr(chaining, "_linked_before", None)


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The name of a second, empty database on the same server."""
    given = connection.get_connection_params()
    name = f"{given['dbname']}_elsewhere"
    with psycopg.connect(
        host=given["host"], user=given["user"], dbname="postgres", autocommit=True
    ) as server:
        server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield name
        server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class _Moved:
    """While it is entered, Django works in another database."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        connection.close()
        self.before = connection.settings_dict["NAME"]
        connection.settings_dict["NAME"] = self.name

    def __exit__(self, *_: object) -> None:
        connection.close()
        connection.settings_dict["NAME"] = self.before


def a_nation() -> None:
    service = make_service(slug="passport")
    play(make_measured(service), "ooobbbooo")
    make_incident(services=(service,))
    for _number in range(3):
        record(now=NOW, actor=None, act="change", subject=make_agency())


def command(*words: str) -> list[str]:
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue().splitlines()


def back_up(folder: Path, *options: str) -> Path:
    said = command("backup", str(folder), *options)
    return Path(said[-1].partition(": ")[0])


def test_the_portal_goes_on_elsewhere_with_its_history_intact(
    tmp_path: Path, elsewhere: str, settings: Any
) -> None:
    a_nation()
    settings.LAST_GOOD_FILE.parent.mkdir()
    settings.LAST_GOOD_FILE.write_text("what was said last")
    (settings.LAST_GOOD_FILE.parent / "archive").mkdir()
    (settings.LAST_GOOD_FILE.parent / "archive" / "2026-10.json").write_text("October")
    version = snapshot.build(now=NOW).version
    changes = list(StatusChange.objects.order_by("pk").values_list("pk", "to_health", "at"))
    assert len(changes) >= 2

    file = back_up(tmp_path)
    digest = AuditLink.objects.order_by("-position").first()
    assert file.stat().st_mode & 0o777 == 0o600

    settings.LAST_GOOD_FILE = tmp_path / "another" / "snapshot.json"
    with _Moved(elsewhere):
        said = command("restore", str(file))
        assert said[-1] == "every table has its rows, and the record of acts is whole"
        assert "core_auditentry: 3" in said
        assert snapshot.build(now=NOW).version == version
        assert list(StatusChange.objects.order_by("pk").values_list("pk", "to_health", "at")) == (
            changes
        )
        assert command("verify_audit", "--head", str(digest))[-1] == (
            "nothing was changed, removed or inserted"
        )
        # It goes on: the next row has the next number, the record grows and is linked.
        assert make_service().pk > max(Service.objects.exclude(slug="passport").count(), 1)
        record(now=NOW, actor=None, act="change", subject=make_agency())
        assert chaining.chain(now=NOW + timedelta(seconds=10)) == 1
        assert chaining.verify().faults == []
        with pytest.raises(DatabaseError), connection.cursor() as cursor:
            cursor.execute("UPDATE core_auditentry SET reason = 'Another'")
    assert settings.LAST_GOOD_FILE.read_text() == "what was said last"
    assert (tmp_path / "another" / "archive" / "2026-10.json").read_text() == "October"


def test_raw_observations_stay_behind_where_one_says_so_and_keys_that_do_not_fit_are_told(
    tmp_path: Path, elsewhere: str, settings: Any
) -> None:
    a_nation()
    file = back_up(tmp_path, "--without-observations")
    settings.FIELD_ENCRYPTION_KEYS = ["bm90LXRoZS1rZXlzLW9mLXRoZW4tMDEyMzQ1Njc4OTA="]
    with _Moved(elsewhere):
        said = command("restore", str(file))
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM services_observation")
            assert cursor.fetchone() == (0,)
            cursor.execute("SELECT count(*) FROM services_observationhour")
            assert cursor.fetchone() == (1,)
    assert "without raw observations, as it was made" in said
    assert any(line.startswith("FIELD_ENCRYPTION_KEYS do not open") for line in said)


def test_nothing_that_is_there_is_overwritten(tmp_path: Path, elsewhere: str) -> None:
    a_nation()
    file = back_up(tmp_path)
    for options in ((), ("--into-empty",)):
        with pytest.raises(CommandError, match=r"holds data \(.+\): nothing is overwritten"):
            command("restore", str(file), *options)
    with pytest.raises(CommandError, match="is there already"):
        command("backup", str(file))

    # As `migrate` leaves it.
    empty = back_up_of_nothing(tmp_path)
    with _Moved(elsewhere):
        command("restore", str(empty))
        with pytest.raises(CommandError, match="--into-empty lets them be replaced"):
            command("restore", str(file))
        assert command("restore", str(file), "--into-empty")[-1].startswith("every table")
        assert AuditEntry.objects.count() == 3


def back_up_of_nothing(folder: Path) -> Path:
    with connection.cursor() as cursor:
        tables = [name for name in backup.table_names() if name != "django_migrations"]
        cursor.execute("SET session_replication_role = replica")
        names = sql.SQL(", ").join(map(sql.Identifier, tables))
        cursor.execute(sql.SQL("TRUNCATE {}").format(names))
        cursor.execute("SET session_replication_role = DEFAULT")
    (folder / "empty").mkdir()
    return back_up(folder / "empty")


SPOILT = {
    "not a tar": "is no back-up of the portal",
    "another format": "made by another release",
    "a newer migration": "this one does not know core.0999_of_tomorrow",
    "a changed file": "is damaged: database.dump is not what was put in",
}


def spoil(file: Path, how: str) -> Path:
    spoilt = file.with_name("spoilt.tar")
    with tarfile.open(file) as whole:
        bodies = {one.name: (whole.extractfile(one) or io.BytesIO()).read() for one in whole}
    manifest = json.loads(bodies[backup.MANIFEST])
    if how == "another format":
        manifest["format"] = 2
    elif how == "a newer migration":
        manifest["migrations"].append(["core", "0999_of_tomorrow"])
    elif how == "a changed file":
        bodies[backup.DUMP] += b"x"
    bodies[backup.MANIFEST] = json.dumps(manifest).encode()
    with tarfile.open(spoilt, "w") as tar:
        for name, body in bodies.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            tar.addfile(entry, io.BytesIO(body))
    if how == "not a tar":
        spoilt.write_text("something else")
    return spoilt


def test_what_cannot_be_trusted_is_refused_before_anything_is_written(
    tmp_path: Path, elsewhere: str
) -> None:
    # One back-up for all of them: emptying the tables after each test takes longer than this.
    file = back_up(tmp_path)
    with _Moved(elsewhere):
        for how, said in SPOILT.items():
            with pytest.raises(CommandError, match=said):
                command("restore", str(spoil(file, how)))
        assert backup.table_names() == []


def test_the_last_back_up_is_told_of_and_a_failed_one_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backup.last() is None
    file, manifest = backup.make(tmp_path, with_observations=True, now=NOW)
    assert set(backup.table_names()) - set(manifest.tables) == {"django_session"}
    assert file.name == "statusportal-20261122T100000Z.tar"
    assert backup.last() == backup.Kept(NOW, file.name, file.stat().st_size, True)

    def fail(*_: object) -> None:
        raise backup.CannotBackUp("pg_dump: the disk is full")

    monkeypatch.setattr(backup, "run", fail)
    (tmp_path / "more").mkdir()
    with pytest.raises(CommandError, match="the disk is full"):
        command("backup", str(tmp_path / "more"))
    assert list((tmp_path / "more").iterdir()) == []
    assert connections["default"].in_atomic_block is False


def test_an_older_program_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(backup.CannotBackUp, match="pg_dump of PostgreSQL 99 or newer is needed"):
        backup.find_program("pg_dump", at_least=99)
