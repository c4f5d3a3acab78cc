"""Writing one act on a window: the row, its Step, the audit entry, the Event."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from core import audit, outbox
from core.bilingual import Bilingual
from core.nudge import nudge
from maintenance.checking import Lines
from maintenance.labels import State
from maintenance.models import Step, Window, WindowService, new_ref

# What a copy of a window does not take along: it has a life of its own.
_OF_ONE_LIFE = {
    "announced_end_at": None,
    "moved_to_id": None,
    "approved_by_id": None,
    "submitted_at": None,
    "approved_at": None,
    "completed_at": None,
    "cancelled_at": None,
    "sequence": 0,
    "state": State.DRAFT,
}


def locked(window_id: int) -> Window:
    """The window under its lock, which is held until the transaction ends."""
    return Window.objects.select_for_update(of=("self",)).select_related("agency").get(pk=window_id)


def lines_of(window: Window) -> dict[int, set[int]]:
    """The services of a window with their channels, by id. 2 queries."""
    lines = window.services.prefetch_related("channels").order_by("pk")
    return {line.service_id: {channel.pk for channel in line.channels.all()} for line in lines}


def write_lines(window: Window, lines: Lines) -> None:
    """Let `window` name exactly the services and channels of `lines`; a new one is saved first."""
    if window._state.adding:
        window.save()
    window.services.all().delete()
    rows = WindowService.objects.bulk_create(
        WindowService(window=window, service_id=service_id) for service_id in lines
    )
    through = WindowService.channels.through
    through.objects.bulk_create(
        through(windowservice_id=row.pk, channel_id=channel_id)
        for row in rows
        for channel_id in lines[row.service_id]
    )


def copied(window: Window, *, starts_at: datetime, ends_at: datetime, now: datetime) -> Window:
    """A draft with what people wrote into `window`, not yet saved."""
    columns = {
        column.attname: getattr(window, column.attname)
        for column in Window._meta.concrete_fields
        if not column.primary_key
    }
    times = {"starts_at": starts_at, "ends_at": ends_at, "changed_at": now}
    return Window(**columns | _OF_ONE_LIFE | times | {"ref": new_ref()})


class Written:
    """One act of one person on one window: begin it before the row is touched."""

    def __init__(
        self, window: Window, *, actor: User, now: datetime, address: str | None = None
    ) -> None:
        self._window = window
        self._actor = actor
        self._now = now
        self._address = address
        # Nothing, for a window that is made by this act.
        self._before = {} if window._state.adding else _values(window)
        self._lines: tuple[Any, Any] | None = None

    def changed(self) -> set[str]:
        """The columns that differ from what they were."""
        now = _values(self._window)
        return {name for name in now if self._before.get(name) != now[name]}

    def lines_were(self, before: Lines, after: Lines) -> None:
        """Note that the window names other services or channels than before."""
        self._lines = (_plain(before), _plain(after))

    def save(
        self,
        act: str,
        step: Step.Kind | None = None,
        *,
        event: str | None = None,
        note: Bilingual | None = None,
        reason: str = "",
    ) -> None:
        """Write the row and everything that has to stand beside it.

        An act with an `event` is public: its step stands in the public timeline.
        """
        if not transaction.get_connection().in_atomic_block:
            raise transaction.TransactionManagementError("An act is written in one transaction.")
        window, note = self._window, note or Bilingual()
        changed = self.changed()
        window.changed_at = self._now
        window.save()
        is_public = event is not None or step == Step.Kind.APPROVED
        if step is not None:
            Step.objects.create(
                window=window,
                kind=step,
                at=self._now,
                actor=self._actor,
                is_public=is_public,
                starts_at=window.starts_at,
                ends_at=window.ends_at,
                note_ar=note.ar,
                note_en=note.en,
            )
        values = _values(window)
        before = {name: self._before.get(name) for name in sorted(changed)}
        after = {name: values[name] for name in sorted(changed)}
        if self._lines is not None:
            before["services"], after["services"] = self._lines
        audit.record(
            now=self._now,
            actor=self._actor,
            act=act,
            subject=window,
            address=self._address,
            agency_code=window.agency.code,
            before=before if self._before else None,
            after=after,
            reason=reason,
        )
        if event is not None:
            outbox.append(
                kind=event,
                key=f"{event}:{window.ref}:{window.sequence}",
                at=self._now,
                payload=payload(window, note),
            )
        if is_public:
            nudge("status changed")


def payload(window: Window, note: Bilingual | None = None) -> dict[str, Any]:
    """What an Event says of a window: its facts at that instant, services by their public ids."""
    services = window.services.order_by("service__position", "service__slug")
    said: dict[str, Any] = {
        "ref": window.ref,
        "agency": window.agency.code,
        "services": list(services.values_list("service__public_id", flat=True)),
        "kind": window.kind,
        "effect": window.effect,
        "starts_at": window.starts_at,
        "ends_at": window.ends_at,
        "announced_end_at": window.announced_end_at,
        "completed_at": window.completed_at,
        "sequence": window.sequence,
        "note_ar": note.ar if note else "",
        "note_en": note.en if note else "",
    }
    if window.moved_to is not None:
        said["moved_to"] = window.moved_to.ref
        said["moved_starts_at"] = window.moved_to.starts_at
        said["moved_ends_at"] = window.moved_to.ends_at
    return said


def _values(window: Window) -> dict[str, Any]:
    return {
        column.attname: getattr(window, column.attname)
        for column in Window._meta.concrete_fields
        # Moves with every act, and says nothing.
        if column.name != "changed_at"
    }


def _plain(lines: Lines) -> dict[str, list[int]]:
    return {str(service_id): sorted(channels) for service_id, channels in lines.items()}
