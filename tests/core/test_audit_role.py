"""The record as a deployment holds it: owned by a role as whom nobody signs in (docs/audit.md)."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, transaction

from core import chaining
from core.audit import AuditEntry, record
from core.chaining import chain, verify
from tests.factories import make_agency

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = (ROOT / "docker" / "postgres" / "hold-audit.sql").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
# Roles belong to the whole server, which several processes of the tests share.
PORTAL, RECORD = f"portal_{os.getpid()}", f"portal_record_{os.getpid()}"

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_the_portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Signed in as an ordinary role, after the script of the deployment; all is rolled back."""
    monkeypatch.setattr(chaining, "_linked_before", None)
    script = re.sub(r"\bstatusportal\b", PORTAL, SCRIPT).replace("portal_record", RECORD)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {PORTAL} LOGIN")
        cursor.execute(f"GRANT USAGE, CREATE ON SCHEMA public TO {PORTAL}")
        # What its own migrations would have made.
        cursor.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {PORTAL}")
        cursor.execute(f"GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {PORTAL}")
        # Twice, as after each start: the second time changes nothing and fails at nothing.
        cursor.execute(script)
        cursor.execute(script)
        cursor.execute(f"SET SESSION AUTHORIZATION {PORTAL}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("RESET SESSION AUTHORIZATION")


def refused(statement: str) -> str | None:
    """What the database says to `statement`; None where it does it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
            if statement.startswith("SET"):
                return None
            transaction.set_rollback(True)
    except DatabaseError as error:
        return str(error).splitlines()[0]
    return None


TABLES = ("core_auditentry", "core_auditlink")


@pytest.mark.usefixtures("as_the_portal")
def test_the_portal_writes_chains_and_verifies_its_record() -> None:
    record(now=NOW, actor=None, act="change", subject=make_agency(code="MOI"))
    assert chain(now=NOW) == 1
    found = verify()
    assert (found.entries, found.linked, found.faults) == (1, 1, [])


@pytest.mark.usefixtures("as_the_portal")
@pytest.mark.parametrize("table", TABLES)
def test_the_portal_has_two_rights_of_it_and_can_give_itself_no_third(table: str) -> None:
    with connection.cursor() as cursor:
        # The server warns that this grants nothing.
        cursor.execute(f"GRANT ALL ON {table} TO {PORTAL}")
        cursor.execute(
            "SELECT privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = %s AND table_name = %s ORDER BY 1",
            [PORTAL, table],
        )
        assert [name for (name,) in cursor.fetchall()] == ["INSERT", "SELECT"]


@pytest.mark.usefixtures("as_the_portal")
def test_the_portal_can_change_nothing_of_it() -> None:
    record(now=NOW, actor=None, act="change", subject=make_agency(code="MOI"), reason="Why")
    chain(now=NOW)
    statements = {
        "UPDATE core_auditentry SET reason = 'else'": "permission denied",
        "UPDATE core_auditlink SET digest = ''": "permission denied",
        "DELETE FROM core_auditentry": "permission denied",
        "DELETE FROM core_auditlink": "permission denied",
        **{f"TRUNCATE {table} CASCADE": "permission denied" for table in TABLES},
        **{f"ALTER TABLE {table} DISABLE TRIGGER ALL": "must be owner" for table in TABLES},
        **{f"ALTER TABLE {table} OWNER TO {PORTAL}": "must be owner" for table in TABLES},
        **{f"DROP TABLE {table} CASCADE": "must be owner" for table in TABLES},
        **{f"CREATE RULE r AS ON INSERT TO {table} DO INSTEAD NOTHING": "must be owner"
           for table in TABLES},
        **{f"CREATE TRIGGER t BEFORE INSERT ON {table} EXECUTE FUNCTION core_refuse_change()":
           "permission denied" for table in TABLES},
        "DROP FUNCTION core_refuse_change() CASCADE": "must be owner",
        "CREATE OR REPLACE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql"
        " AS 'BEGIN RETURN NEW; END'": "must be owner",
        "SET session_replication_role = replica": "permission denied",
        f"SET ROLE {RECORD}": "permission denied",
        f"GRANT {RECORD} TO {PORTAL}": "permission denied",
        "DROP SCHEMA public CASCADE": "must be owner",
    }  # fmt: skip
    said = {statement: refused(statement) for statement in statements}
    wrong = {
        statement: answer
        for statement, answer in said.items()
        if answer is None or not answer.startswith(statements[statement])
    }
    assert wrong == {}
    assert AuditEntry.objects.get().reason == "Why"


def test_the_paper_and_the_script_say_the_same() -> None:
    paper = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```sql\n(.*?)```", paper, re.DOTALL)
    statements = re.sub(r"(?m)^--.*\n", "", SCRIPT)
    assert block == statements
