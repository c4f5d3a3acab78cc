"""Linking the record's entries into a chain, and reading the chain against the entries."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection, transaction
from django.db.models import OuterRef, Subquery
from django.db.models.expressions import RawSQL

from core.audit import AuditEntry, AuditLink
from core.chain import COLUMNS, Facts, Fault, Head, Link, examine, examine_unlinked, linked

logger = logging.getLogger(__name__)

# One chainer at a time; the number is only this module's own.
_LOCK = 0x4155444C
_BATCH = 2000
# A transaction number: what transactions before it wrote, this process has linked. Only saves
# work: a process that has just started looks through all entries once.
_linked_before: int | None = None


def chain(*, now: datetime) -> int:
    """Link every entry that is in no link yet, in order of their ids; say how many.

    All in one transaction, so that the time of a link says: by then nothing else was there. An
    entry that commits late, after one with a higher id, is linked by the next call, however late
    it is. An entry that was inserted under an id that had been passed is left out and stays a
    fault. While another process is at it, nothing is done.
    """
    global _linked_before
    with transaction.atomic():
        if not _ours():
            return 0
        newest = _newest()
        # Before the look at what waits: what has ended by now is seen by it.
        oldest = _oldest_under_way()
        waiting = [found.entry_id for found in _unlinked(_settled_id()) if not found.was_passed]
        if waiting:
            newest = _link_all(waiting, newest, now)
    _linked_before = oldest
    if waiting and newest is not None:
        # Where logs are kept apart from the database, each such line is a head written down.
        logger.info("The chain of the record reaches %s:%s", newest.position, newest.digest)
    return len(waiting)


def _ours() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        (ours,) = cursor.fetchone()
    return bool(ours)


def _link_all(ids: Sequence[int], newest: Link | None, now: datetime) -> Link | None:
    """The last of the new links."""
    # Taken only now: an entry with a lower id than these that was not seen among them has its
    # transaction's number already, because an act writes its own row before its entry.
    xid = _own_number()
    for start in range(0, len(ids), _BATCH):
        made: list[AuditLink] = []
        for entry in AuditEntry.objects.filter(pk__in=ids[start : start + _BATCH]).order_by("pk"):
            newest = linked(after=newest, entry=facts_of(entry), linked_at=now, xid=xid)
            made.append(
                AuditLink(
                    position=newest.position,
                    entry_id=newest.entry_id,
                    linked_at=newest.linked_at,
                    xid=newest.xid,
                    previous=newest.previous,
                    digest=newest.digest,
                )
            )
        AuditLink.objects.bulk_create(made)
    return newest


def facts_of(entry: AuditEntry) -> Facts:
    """Every column of an entry that was read from the database."""
    return {name: getattr(entry, name) for name in COLUMNS}


def _newest() -> Link | None:
    row = AuditLink.objects.order_by("-position").first()
    return _plain(row) if row is not None else None


def _plain(row: AuditLink) -> Link:
    return Link(row.position, row.entry_id, row.linked_at, row.xid, row.previous, row.digest)


# --- Transactions and the ids that they took ------------------------------------------------------


def _number(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({sql})::text::bigint")
        (number,) = cursor.fetchone()
    return int(number)


def _own_number() -> int:
    return _number("pg_current_xact_id()")


def _oldest_under_way() -> int:
    """Every transaction with a lower number has ended."""
    return _number("pg_snapshot_xmin(pg_current_snapshot())")


def _newest_ended() -> int:
    """No transaction whose rows are seen has a higher number, our own included."""
    return _number(
        "greatest(pg_snapshot_xmax(pg_current_snapshot()), pg_current_xact_id_if_assigned())"
    )


def whole_number(short: int, near: int) -> int:
    """The transaction number of which a row keeps the last 32 bits, nearest to `near`."""
    return near + (short - near + 2**31) % 2**32 - 2**31


def _settled_id() -> int | None:
    """The id up to which this process has linked whatever there may ever be; None for none."""
    if _linked_before is None:
        return None
    settled = AuditLink.objects.filter(xid__lte=_linked_before).order_by("-entry")
    return settled.values_list("entry", flat=True).first()


@dataclass(frozen=True, slots=True)
class _Unlinked:
    entry_id: int
    at: datetime
    xid: int
    passed_by: int | None

    @property
    def was_passed(self) -> bool:
        return self.fault(None) is not None

    def fault(self, swept_at: datetime | None) -> Fault | None:
        return examine_unlinked(
            entry_id=self.entry_id,
            at=self.at,
            xid=self.xid,
            passed_by=self.passed_by,
            swept_at=swept_at,
        )


def _unlinked(settled_id: int | None = None) -> list[_Unlinked]:
    """The entries above `settled_id` that are in no link, in order of their ids."""
    entries = AuditEntry.objects.filter(link=None)
    if settled_id is not None:
        # There may be years of it.
        entries = entries.filter(pk__gt=settled_id)
    later = AuditLink.objects.filter(entry__gt=OuterRef("pk")).order_by("entry")
    rows = entries.order_by("pk").values_list(
        "pk",
        "at",
        RawSQL("core_auditentry.xmin::text::bigint", ()),
        Subquery(later.values("xid")[:1]),
    )
    found = list(rows)
    ended = _newest_ended()
    return [
        # A link from the future was made before the database moved to a server that counts its
        # transactions from the start again: all that was written here came after it.
        _Unlinked(pk, at, whole_number(xid, ended), 0 if by is not None and by > ended else by)
        for pk, at, xid, by in found
    ]


# --- Verifying ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verified:
    """What the record and its chain say of each other."""

    entries: int
    linked: int
    waiting: int
    # What the oldest entry that waits gives as its time.
    waiting_since: datetime | None
    head: Head | None
    faults: list[Fault] = field(default_factory=list)


def verify(*, written_down: Sequence[Head] = ()) -> Verified:
    """Hold every entry against its link, and every link against the one before it.

    `written_down` are heads that were printed before. Reads in batches and changes nothing; the
    sweep and people may go on meanwhile.
    """
    newest: Link | None = None
    present = 0

    def counted() -> Iterator[tuple[Link, Facts | None]]:
        nonlocal newest, present
        for newest, entry in _chain():
            present += entry is not None
            yield newest, entry

    faults = list(examine(counted(), written_down))
    swept_at = newest.linked_at if newest is not None else None
    unlinked = _unlinked()
    waiting: list[_Unlinked] = []
    for found in unlinked:
        fault = found.fault(swept_at)
        if fault is None:
            waiting.append(found)
        else:
            faults.append(fault)
    return Verified(
        entries=present + len(unlinked),
        linked=present,
        waiting=len(waiting),
        waiting_since=min((found.at for found in waiting), default=None),
        head=Head(newest.position, newest.digest) if newest is not None else None,
        faults=faults,
    )


def _chain() -> Iterator[tuple[Link, Facts | None]]:
    """Every link with its entry, or with None where that is gone."""
    links = AuditLink.objects.order_by("position")
    rows = list(links[:_BATCH])
    while rows:
        entries = AuditEntry.objects.in_bulk([row.entry_id for row in rows])
        for row in rows:
            entry = entries.get(row.entry_id)
            yield _plain(row), None if entry is None else facts_of(entry)
        rows = list(links.filter(position__gt=rows[-1].position)[:_BATCH])
