"""Carrying out an import: one transaction, all of it or nothing, and a record of each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db import connection, models, transaction

from core.audit import AuditEntry
from core.bilingual import Bilingual
from services.catalogue import host_of, lock_edges, spread
from services.exchange.files import CatalogueFile
from services.exchange.plan import Item, Plan, make_plan
from services.exchange.present import MODELS, Loaded, load
from services.exchange.records import Key, Record, Value
from services.models import Check, CheckState, Location

_BATCH = 1000
# An UPDATE of many rows names each of them in each column: slower by the square of this.
_UPDATE_BATCH = 250
# (rows written, rows to write)
Progress = Callable[[int, int], None]


class NotCarriedOut(Exception):
    """Nothing was changed; `plan` says why, or what would be done now."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(type(self).__name__)
        self.plan = plan


class Unsound(NotCarriedOut):
    """The file has faults; they are in `plan`."""


class MovedOn(NotCarriedOut):
    """The catalogue has changed since the plan was shown: `plan` is what would be done now."""


def preview(file: CatalogueFile) -> Plan:
    """What importing `file` would do; writes nothing."""
    return make_plan(file.read(), load().present)


def import_catalogue(
    *,
    file: CatalogueFile,
    actor: Any,
    now: datetime,
    address: str | None = None,
    reason: str = "",
    shown: str | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Import `file` whole, and say what was done; a file that changes nothing leaves no trace.

    `actor` is the user, or None for the command line; `shown` the digest of the plan that they
    agreed to. New checks fall due within their interval, spread over it (as
    services.catalogue.schedule_check does). Leaves an audit entry for the file and one for each
    row. Secrets stay as they are. Raises Unsound or MovedOn, and then nothing has changed.
    """
    document = file.read()
    with transaction.atomic():
        _lock()
        loaded = load()
        plan = make_plan(document, loaded.present)
        if plan.faults:
            raise Unsound(plan)
        if shown is not None and plan.digest() != shown:
            raise MovedOn(plan)
        if not plan.is_empty:
            writing = _Writing(plan, loaded, now, progress)
            writing.rows()
            entry = _Entry(actor, now, address, reason or file.name)
            _record(plan, writing, entry, file)
            # Last: dispatch passes over checks that somebody is writing.
            writing.checks_that_change()
    return plan


def _lock() -> None:
    """Let nobody else write the catalogue until the end of the transaction; reading goes on.

    Edges first, as the form of a service does. Checks are left out: dispatch moves them on every
    second, and no two rows of theirs can collide.
    """
    tables = ", ".join(
        connection.ops.quote_name(model._meta.db_table)
        for model in MODELS.values()
        if model is not Check
    )
    lock_edges()
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")


# --- Rows -----------------------------------------------------------------------------------

# Columns that name another row: (attribute, the columns that make its key).
_POINTERS: Mapping[Record, Mapping[str, tuple[str, Record, tuple[str, ...]]]] = {
    Record.AGENCY: {},
    Record.CATEGORY: {},
    Record.SERVICE: {
        "agency": ("agency", Record.AGENCY, ("agency",)),
        "category": ("category", Record.CATEGORY, ("category",)),
    },
    Record.CHANNEL: {"service": ("service", Record.SERVICE, ("service",))},
    Record.CHECK: {"channel": ("channel", Record.CHANNEL, ("service", "channel"))},
    Record.EDGE: {
        "upstream": ("upstream", Record.SERVICE, ("upstream",)),
        "dependant": ("dependant", Record.SERVICE, ("dependant",)),
        "channel": ("channel", Record.CHANNEL, ("dependant", "channel")),
    },
}
_RENAMED: Mapping[Record, Mapping[str, str | None]] = {
    Record.CHANNEL: {"channel": "kind"},
    # Its channel says it.
    Record.CHECK: {"service": None},
}
_SCHEDULED = """
    UPDATE services_check SET next_due_at = scheduled.due_at, is_fast = false
      FROM unnest(%s::bigint[], %s::timestamptz[]) AS scheduled (id, due_at)
     WHERE services_check.id = scheduled.id
"""
_SCHEDULE = frozenset({"is_enabled", "interval_seconds"})


@dataclass
class _Writing:
    """The rows of a plan on their way into the tables; `ids` grows with them."""

    plan: Plan
    loaded: Loaded
    now: datetime
    progress: Progress | None
    ids: dict[Key, int] = field(init=False)
    written: int = 0

    def __post_init__(self) -> None:
        self.ids = dict(self.loaded.ids)

    def rows(self) -> None:
        """Everything but changes of checks; new checks are scheduled."""
        for record in Record:
            new = [item for item in self.plan.creates if item.record is record]
            for batch in _batches(new, _BATCH):
                rows = MODELS[record]._default_manager.bulk_create(
                    MODELS[record](**self._attributes(item)) for item in batch
                )
                self.ids |= {item.key: row.pk for item, row in zip(batch, rows, strict=True)}
                self._tell(len(batch))
            if record is not Record.CHECK:
                self._update(record)
        self._schedule(item for item in self.plan.creates if item.record is Record.CHECK)

    def checks_that_change(self) -> None:
        """What was left for the end."""
        self._update(Record.CHECK)
        self._schedule(
            item
            for item in self.plan.changes
            if item.record is Record.CHECK and _SCHEDULE & set(item.values)
        )

    def _attributes(self, item: Item) -> dict[str, Any]:
        """The attributes of a row, without those that it makes itself."""
        found: dict[str, Any] = {}
        pointers = _POINTERS[item.record]
        for name, value in item.values.items():
            if name in pointers:
                attribute, record, columns = pointers[name]
                parts = [item.values[column] for column in columns]
                found[f"{attribute}_id"] = (
                    self.ids[(record.value, *map(str, parts))] if value else None
                )
                continue
            attribute_name = _RENAMED.get(item.record, {}).get(name, name)
            if attribute_name is not None:
                found[attribute_name] = list(value) if isinstance(value, tuple) else value
        if found.get("public_id") == "":
            del found["public_id"]
        if "spec" in found:
            found["host"] = host_of(found["spec"])
        return found

    def _update(self, record: Record) -> None:
        """Write what changes of each row and nothing else: others may write beside it."""
        alike: dict[tuple[str, ...], list[models.Model]] = defaultdict(list)
        for item in self.plan.changes:
            if item.record is record:
                found = self._attributes(item)
                alike[tuple(sorted(found))].append(MODELS[record](pk=self.ids[item.key], **found))
        for names, rows in alike.items():
            columns = [name.removesuffix("_id") if name in _FOREIGN else name for name in names]
            for batch in _batches(rows, _UPDATE_BATCH):
                MODELS[record]._default_manager.bulk_update(batch, columns)
                self._tell(len(batch))

    def _schedule(self, items: Iterable[Item]) -> None:
        """As services.catalogue.schedule_check, for many at once."""
        locations = list(Location.objects.filter(is_enabled=True))
        for ids in _batches([self.ids[item.key] for item in items], _BATCH):
            checks = list(Check.objects.filter(pk__in=ids).select_related("channel__service"))
            due = [
                self.now + check.interval() * spread(check.pk) if check.is_enabled else None
                for check in checks
            ]
            with connection.cursor() as cursor:
                # An UPDATE by rows would hold them, and so their turns, ten times as long.
                cursor.execute(_SCHEDULED, [[check.pk for check in checks], due])
            CheckState.objects.bulk_create(
                (
                    CheckState(check_ref=check, location=location)
                    for check in checks
                    if check.is_enabled
                    for location in locations
                ),
                batch_size=_BATCH,
                ignore_conflicts=True,
            )

    def _tell(self, count: int) -> None:
        self.written += count
        if self.progress is not None:
            self.progress(self.written, len(self.plan.creates) + len(self.plan.changes))


_FOREIGN = frozenset({"agency_id", "category_id"})


_T = TypeVar("_T")


def _batches(rows: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


# --- The record of it -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Entry:
    """What all entries of one import share."""

    actor: Any
    now: datetime
    address: str | None
    reason: str

    def make(self, **about: Any) -> AuditEntry:
        """An entry that is not written yet."""
        return AuditEntry(
            at=self.now,
            actor=self.actor,
            actor_name=str(self.actor) if self.actor is not None else "portal",
            address=self.address,
            reason=self.reason,
            **about,
        )


def _record(plan: Plan, writing: _Writing, entry: _Entry, file: CatalogueFile) -> None:
    """One entry for the file, and one for each row as the admin writes them."""
    counts: dict[str, int] = {}
    for record, (added, changed) in plan.counts().items():
        counts |= {f"{record.value} added": added, f"{record.value} changed": changed}
    file_entry = entry.make(
        act="import",
        subject_kind="services.catalogue",
        # Room for 60 characters; the whole of it stands below.
        subject_id=file.sha256[:60],
        subject_name=file.name[:300],
        after={
            "sha256": file.sha256,
            **{name: str(count) for name, count in counts.items() if count},
            "unchanged": str(plan.unchanged),
        },
    )
    file_entry.save()
    names = _Names(plan, writing.loaded)
    for batch in _batches([*plan.creates, *plan.changes], _BATCH):
        AuditEntry.objects.bulk_create(
            entry.make(
                act="add" if item.before is None else "change",
                subject_kind=MODELS[item.record]._meta.label_lower,
                subject_id=str(writing.ids[item.key]),
                subject_name=names.of(item.key)[:300],
                agency_code=names.agency_of(item.key),
                **_texts(item),
            )
            for item in batch
        )


def _texts(item: Item) -> dict[str, Any]:
    found = item.differences()
    before = {name: was for name, was, _becomes in found}
    after = {name: becomes for name, _was, becomes in found}
    return {"before": None if item.before is None else before, "after": after}


class _Names:
    """What rows are called, and whose they are, before and after an import."""

    def __init__(self, plan: Plan, loaded: Loaded) -> None:
        self._new = {item.key: item.values for item in (*plan.creates, *plan.changes)}
        self._old = loaded.present.rows

    def of(self, key: Key) -> str:
        """As the admin names the row."""
        if key[0] in (Record.AGENCY, Record.CATEGORY, Record.SERVICE):
            ar, en = (str(self._value(key, f"name_{each}") or "") for each in ("ar", "en"))
            return str(Bilingual(ar, en))
        if key[0] == Record.EDGE:
            upstream, dependant = (self.of((Record.SERVICE.value, slug)) for slug in key[1:3])
            return f"{dependant} · {upstream}"
        return " · ".join([self.of((Record.SERVICE.value, key[1])), *filter(None, key[2:])])

    def agency_of(self, key: Key) -> str:
        """The code of the agency under which a row is filed; empty for a category."""
        if key[0] == Record.CATEGORY:
            return ""
        if key[0] == Record.AGENCY:
            return key[1]
        slug = key[2] if key[0] == Record.EDGE else key[1]
        return str(self._value((Record.SERVICE.value, slug), "agency") or "")

    def _value(self, key: Key, name: str) -> Value:
        new = self._new.get(key, {})
        return new[name] if name in new else self._old.get(key, {}).get(name)
