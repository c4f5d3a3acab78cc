"""Acts to be linked, and what somebody does to the record who has the database in hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection

from core.audit import AuditLink, record
from core.chain import Kind
from core.chaining import verify
from tests.factories import make_agency

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def act(now: datetime = NOW, **fields: Any) -> int:
    """The id of an entry; each is an act of the portal on an agency."""
    return record(now=now, actor=None, act="change", subject=make_agency(), **fields).pk


def chained() -> list[int]:
    """The ids of the entries in the order of the chain."""
    return list(AuditLink.objects.order_by("position").values_list("entry", flat=True))


def faults(**how: Any) -> list[tuple[Kind, int | None]]:
    return [(fault.kind, fault.entry_id) for fault in verify(**how).faults]


@contextmanager
def tampering() -> Iterator[Any]:
    """As somebody who has taken the triggers away, foreign keys included."""
    with connection.cursor() as cursor:
        as_if_committed(cursor)
        cursor.execute("SET session_replication_role = replica")
        yield cursor
        cursor.execute("SET session_replication_role = DEFAULT")


def as_if_committed(cursor: Any) -> None:
    """Foreign keys are checked at the end of a transaction, which in most tests never comes."""
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def forge_entry(cursor: Any, entry_id: int, at: datetime = NOW) -> None:
    """A row that nobody's act has written."""
    cursor.execute(
        "INSERT INTO core_auditentry (id, at, actor_name, act, subject_kind, subject_id,"
        " subject_name, agency_code, reason)"
        " VALUES (%s, %s, 'portal', 'approve', 'accounts.agency', '1', 'Interior', '', '')",
        [entry_id, at],
    )


def forge_link(cursor: Any, position: int, entry_id: int) -> None:
    """A link that stands where it should and holds nothing."""
    cursor.execute(
        "INSERT INTO core_auditlink (position, entry_id, linked_at, xid, previous, digest)"
        " SELECT %s, %s, linked_at, xid, digest, repeat('e', 64) FROM core_auditlink"
        " ORDER BY position DESC LIMIT 1",
        [position, entry_id],
    )
