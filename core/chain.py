"""The chain over the record: what a link is, and what a broken one tells. Pure.

Each link holds the SHA-256 of an entry and of the link before it, so that whoever changes, removes
or inserts something has to rewrite every later link, and the digest that somebody wrote down.
There is no key: an auditor needs nothing but the rows to check them, and a key in the workers'
environment would be in the hands of whoever could rewrite the rows (docs/audit.md).
"""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

# Every column of an entry. One that is added later must be left out of the digest where it is
# null, or every digest that was made before it would be wrong.
COLUMNS = (
    "id",
    "at",
    "actor_id",
    "actor_name",
    "address",
    "act",
    "subject_kind",
    "subject_id",
    "subject_name",
    "agency_code",
    "before",
    "after",
    "reason",
)
# What stands before the first link.
NOTHING = "0" * 64
# From the instant that an entry gives to its commit: a request, a large import, clocks that differ.
LONGEST_ACT = timedelta(hours=1)

Facts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """One link; positions count from 1 and leave none out.

    `xid` is the number of the transaction that made the link, taken when all that it linked had
    been found: what a transaction with a higher number wrote was not there then.
    """

    position: int
    entry_id: int
    linked_at: datetime
    xid: int
    previous: str
    digest: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last link, or one that was the last when somebody wrote it down."""

    position: int
    digest: str

    def __str__(self) -> str:
        return f"{self.position}:{self.digest}"


def head_from(text: str) -> Head:
    """The head that `str` of it wrote. Raises ValueError where `text` is none."""
    position, _colon, digest = text.partition(":")
    # Raises ValueError too; what is too short would match nothing and look like tampering.
    if len(bytes.fromhex(digest)) != hashlib.sha256().digest_size or int(position) < 1:
        raise ValueError("A head is a position, a colon and 64 hexadecimal digits.")
    return Head(int(position), digest.lower())


def digest_of(*, position: int, linked_at: datetime, xid: int, previous: str, entry: Facts) -> str:
    """The SHA-256, in hexadecimal digits, of an entry in its place in the chain."""
    facts = {
        "position": position,
        "linked_at": linked_at,
        "xid": xid,
        "previous": previous,
        "entry": {name: entry[name] for name in COLUMNS},
    }
    return hashlib.sha256(canonical(facts)).hexdigest()


def canonical(facts: Facts) -> bytes:
    """`facts` as the one JSON text that stands for them: UTF-8, keys sorted, no spaces.

    Instants are in UTC with six digits of the second. Raises TypeError for what JSON lacks.
    """
    return json.dumps(
        facts,
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
        allow_nan=False,
        default=_plain,
    ).encode()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    raise TypeError(f"{type(value).__name__} has no place in the record.")


def linked(*, after: Link | None, entry: Facts, linked_at: datetime, xid: int) -> Link:
    """The link of `entry` behind the link `after`; None where it is the first."""
    position, previous = (after.position + 1, after.digest) if after else (1, NOTHING)
    if after is not None:
        # A clock that was set back must not look like somebody who moved links about.
        linked_at = max(linked_at, after.linked_at)
    made = digest_of(
        position=position,
        linked_at=linked_at,
        xid=xid,
        previous=previous,
        entry=entry,
    )
    return Link(position, entry["id"], linked_at, xid, previous, made)


# --- What a broken chain tells ------------------------------------------------------------------


class Kind(enum.StrEnum):
    """What somebody did to the record."""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    # A link that is gone, with or without its entry.
    LINKS_MISSING = "links missing"
    # Whoever rewrote a link and did not rewrite all that follow.
    BROKEN = "broken"
    # The chain is whole, and it is another one.
    OTHER_HEAD = "other head"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong, in a sentence for operators, in English."""

    kind: Kind
    said: str
    entry_id: int | None = None


def examine(
    chain: Iterable[tuple[Link, Facts | None]], written_down: Iterable[Head] = ()
) -> Iterator[Fault]:
    """Everything that is wrong with `chain`: links by position, each with its entry or None.

    `written_down` are heads that were printed at some time: only they show that the end was cut
    off, or that everything was rewritten.
    """
    awaited: dict[int, set[str]] = {}
    for head in written_down:
        awaited.setdefault(head.position, set()).add(head.digest)
    before: Link | None = None
    # When the sweep before the one that made this link had linked all that there was.
    swept_at: datetime | None = None
    for link, entry in chain:
        if before is not None and link.linked_at > before.linked_at:
            swept_at = before.linked_at
        yield from _place(before, link)
        yield from _entry(link, entry)
        if entry is not None and _too_old(entry["at"], swept_at):
            yield inserted(link.entry_id, entry["at"], swept_at)
        if awaited.pop(link.position, {link.digest}) != {link.digest}:
            yield Fault(Kind.OTHER_HEAD, f"link {link.position} is not the one written down")
        before = link
    for position in sorted(awaited):
        yield Fault(Kind.OTHER_HEAD, f"link {position}, written down as the last, is not there")


def _place(before: Link | None, link: Link) -> Iterator[Fault]:
    """What is wrong between two neighbours."""
    wanted = before.position + 1 if before else 1
    if link.position != wanted:
        last = link.position - 1
        links = f"link {wanted} is" if wanted == last else f"links {wanted} to {last} are"
        ahead = f"after entry {before.entry_id} and " if before else ""
        yield Fault(Kind.LINKS_MISSING, f"{links} missing, {ahead}before entry {link.entry_id}")
    elif link.previous != (before.digest if before else NOTHING):
        yield Fault(
            Kind.BROKEN,
            f"link {link.position} does not follow from the one before it: one was rewritten",
            link.entry_id,
        )
    if before is not None and link.linked_at < before.linked_at:
        yield Fault(
            Kind.BROKEN,
            f"link {link.position} says that it is older than the one before it",
            link.entry_id,
        )


def _entry(link: Link, entry: Facts | None) -> Iterator[Fault]:
    """What is wrong between a link and its entry."""
    if entry is None:
        said = f"entry {link.entry_id} is missing (link {link.position})"
        yield Fault(Kind.MISSING, said, link.entry_id)
        return
    made = digest_of(
        position=link.position,
        linked_at=link.linked_at,
        xid=link.xid,
        previous=link.previous,
        entry=entry,
    )
    if made != link.digest:
        said = f"entry {link.entry_id} or its link has been changed (link {link.position})"
        yield Fault(Kind.CHANGED, said, link.entry_id)


def _too_old(at: datetime, swept_at: datetime | None) -> bool:
    """Whether an entry that a sweep at `swept_at` did not find claims to be older than that."""
    return swept_at is not None and at < swept_at - LONGEST_ACT


def examine_unlinked(
    *, entry_id: int, at: datetime, xid: int, passed_by: int | None, swept_at: datetime | None
) -> Fault | None:
    """What is wrong with an entry that is in no link; None where it only waits for the sweep.

    `xid` is the transaction that wrote it, `passed_by` the one that linked an entry with a higher
    id, None where nobody has: ids are given out in order, and an entry that takes its id before
    another's is linked is written by a transaction with a lower number.
    """
    if passed_by is not None and xid >= passed_by:
        said = f"entry {entry_id} was inserted, or lost its link: later ones are linked"
        return Fault(Kind.INSERTED, said, entry_id)
    return inserted(entry_id, at, swept_at) if _too_old(at, swept_at) else None


def inserted(entry_id: int, at: datetime, swept_at: datetime | None) -> Fault:
    """An entry that says that it is older than a sweep which did not find it.

    Or one that was found, lost its link, and was linked again.
    """
    said = f"entry {entry_id} was inserted, or lost its link: it says {_shown(at)}"
    return Fault(Kind.INSERTED, f"{said}, and was in no link at {_shown(swept_at)}", entry_id)


def _shown(at: datetime | None) -> str:
    return "no time" if at is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
