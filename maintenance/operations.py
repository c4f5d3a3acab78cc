"""The life of a window: asked for, announced, changed, extended, completed, called off.

Each function takes the window's lock, decides, and writes in one transaction: the row, a Step, an
audit entry, and for what is public an Event and a nudge. All raise subclasses of
maintenance.refusals.Refused, and then nothing was written; Window.DoesNotExist where there is no
such window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import User
from core.arabic import isolate
from core.bilingual import Bilingual
from maintenance import queries
from maintenance.checking import (
    DRAFTED,
    PRIVATE,
    WEIGHED,
    WORDS,
    Lines,
    is_milder,
    requesters,
    require,
    require_approver,
    require_begun,
    require_both,
    require_complete,
    require_lines,
    require_not_begun,
    require_policy,
    require_seen,
    require_span,
    require_state,
    require_still_ahead,
    services_of,
    tidy,
)
from maintenance.labels import State
from maintenance.models import Series, Step, Window
from maintenance.recurrence import InvalidRule, occurrences
from maintenance.refusals import (
    BadRule,
    Incomplete,
    Problem,
    Refused,
    WrongState,
)
from maintenance.steps import Written, copied, lines_of, locked, write_lines
from maintenance.wording import rule_sentence

NOTHING_SAID = Bilingual()


@transaction.atomic
def save(
    *, window: Window, services: Lines, actor: User, now: datetime, address: str | None = None
) -> Window:
    """Write a draft, new or returned, with all that was typed; faults are no obstacle.

    `services` maps the id of each service to the ids of its channels; none means every channel.
    Raises NotAllowed, WrongState (it is submitted or announced), Incomplete (ends before start,
    no service, a channel of another service).
    """
    is_new = window._state.adding
    stored = window if is_new else locked(window.pk)
    require(actor, Act.REQUEST_WINDOW, stored.agency_id)
    require_state(stored, State.DRAFT, State.RETURNED)
    require_span(window.starts_at, window.ends_at)
    lines = {pk: set(services[pk]) for pk in services}
    require_lines(lines, actor)
    written = Written(stored, actor=actor, now=now, address=address)
    for name in DRAFTED:
        setattr(stored, name, getattr(window, name))
    tidy(stored)
    before = {} if is_new else lines_of(stored)
    if is_new:
        stored.requested_by = actor
        stored.changed_at = now
    elif lines == before and not written.changed():
        return stored
    if lines != before:
        write_lines(stored, lines)
        written.lines_were(before, lines)
    written.save("add" if is_new else "change")
    return stored


@transaction.atomic
def submit(*, window_id: int, actor: User, now: datetime, address: str | None = None) -> Window:
    """Ask for approval of a draft or a returned window.

    Raises NotAllowed, WrongState, Incomplete (a text is missing or names its times by hand), and
    OutsidePolicy (a fault that nothing justifies, or no justification).
    """
    window = locked(window_id)
    require(actor, Act.REQUEST_WINDOW, window.agency_id)
    require_state(window, State.DRAFT, State.RETURNED)
    written = Written(window, actor=actor, now=now, address=address)
    services = require_lines(lines_of(window), actor)
    tidy(window)
    require_complete(window)
    _request, said = queries.weighed(window, services, now)
    require_policy(window, said)
    window.state = State.SUBMITTED
    window.submitted_at = now
    written.save("submit", Step.Kind.SUBMITTED)
    return window


@transaction.atomic
def return_(
    *, window_id: int, reason: str, actor: User, now: datetime, address: str | None = None
) -> Window:
    """Hand a submitted window back with a reason; whoever asked for it may take it back too.

    Raises NotAllowed, WrongState, Incomplete (no reason).
    """
    window = locked(window_id)
    if actor.pk not in requesters(window):
        require(actor, Act.APPROVE_WINDOW, window.agency_id)
    require_state(window, State.SUBMITTED)
    if not reason.strip():
        raise Incomplete(Problem("reason", _("Say what has to be different.")))
    written = Written(window, actor=actor, now=now, address=address)
    window.state = State.RETURNED
    # In the language of whoever wrote it: colleagues read it, the public never does.
    written.save("return", Step.Kind.RETURNED, reason=reason, note=Bilingual(reason, reason))
    return window


@transaction.atomic
def approve(
    *,
    window_id: int,
    actor: User,
    now: datetime,
    seen: datetime | None = None,
    address: str | None = None,
) -> Window:
    """Announce a submitted window; its policy is weighed again, as of `now`.

    `seen` is the `changed_at` of what the person read. Raises NotAllowed, OwnRequest, WrongState,
    ChangedMeanwhile, Incomplete, OutsidePolicy.
    """
    window = locked(window_id)
    require_state(window, State.SUBMITTED)
    require_seen(window, seen)
    services = services_of(lines_of(window))
    request, said = queries.weighed(window, services, now)
    require_approver(window, request, said, actor)
    require_complete(window)
    require_policy(window, said)
    written = Written(window, actor=actor, now=now, address=address)
    window.state = State.APPROVED
    window.approved_by = actor
    window.approved_at = now
    window.announced_end_at = window.ends_at
    written.save("approve", Step.Kind.APPROVED, event="window.announced")
    return window


@transaction.atomic
def change(
    *,
    window_id: int,
    fields: Mapping[str, Any],
    actor: User,
    now: datetime,
    services: Lines | None = None,
    note: Bilingual = NOTHING_SAID,
    seen: datetime | None = None,
    address: str | None = None,
) -> Window:
    """Change an announced window, publicly. `fields` are columns of Window by name.

    Before its start, times, effect and services may change by whoever could approve the changed
    window, and the announced end follows. Once it runs only words may: its end moves by `extend`
    and `complete`. What makes the window milder keeps its announcement; anything else is weighed
    as if it were announced now. Without any difference nothing is written. Raises NotAllowed,
    OwnRequest, WrongState, ChangedMeanwhile, Incomplete, OutsidePolicy; ValueError for a column
    that cannot be changed.
    """
    if strange := set(fields) - WORDS - PRIVATE - WEIGHED:
        raise ValueError(f"Not to be changed: {', '.join(sorted(strange))}.")
    window = locked(window_id)
    require(actor, Act.APPROVE_WINDOW, window.agency_id)
    require_state(window, State.APPROVED)
    require_seen(window, seen)
    require_both(note)
    old_lines = lines_of(window)
    lines = old_lines if services is None else {pk: set(services[pk]) for pk in services}
    before = Window(starts_at=window.starts_at, ends_at=window.ends_at, effect=window.effect)
    written = Written(window, actor=actor, now=now, address=address)
    for name, value in fields.items():
        setattr(window, name, value)
    tidy(window)
    changed = written.changed()
    if lines == old_lines and not changed:
        return window

    require_span(window.starts_at, window.ends_at)
    require_complete(window)
    if lines != old_lines or changed & WEIGHED:
        require_still_ahead(before, window, now)
        rows = require_lines(lines, actor)
        if lines != old_lines or not is_milder(before, window):
            request, said = queries.weighed(window, rows, now)
            require_approver(window, request, said, actor)
            require_policy(window, said)
        window.announced_end_at = window.ends_at
    if lines != old_lines:
        write_lines(window, lines)
        written.lines_were(old_lines, lines)
    if lines == old_lines and changed <= PRIVATE:
        written.save("change")
    else:
        window.sequence += 1
        written.save("change", Step.Kind.CHANGED, event="window.changed", note=note)
    return window


@transaction.atomic
def extend(
    *,
    window_id: int,
    ends_at: datetime,
    actor: User,
    now: datetime,
    note: Bilingual = NOTHING_SAID,
    address: str | None = None,
) -> Window:
    """Promise a later end for a window that runs, or runs over (rule 16: none of it is planned).

    Raises NotAllowed, WrongState, Incomplete (the end is not later, or is past).
    """
    window = locked(window_id)
    require(actor, Act.RUN_WINDOW, window.agency_id)
    require_state(window, State.APPROVED)
    require_begun(window, now)
    require_both(note)
    if ends_at <= max(window.ends_at, now):
        raise Incomplete(
            Problem(
                "ends_at", _("Promise an end that is later than the last one, and ahead of now.")
            )
        )
    written = Written(window, actor=actor, now=now, address=address)
    window.ends_at = ends_at
    window.sequence += 1
    written.save("extend", Step.Kind.EXTENDED, event="window.extended", note=note)
    return window


@transaction.atomic
def complete(
    *,
    window_id: int,
    actor: User,
    now: datetime,
    note: Bilingual = NOTHING_SAID,
    address: str | None = None,
) -> Window:
    """Say that the work is done, early, in time or late (rule 16).

    Raises NotAllowed, WrongState, Incomplete (a note in one language).
    """
    window = locked(window_id)
    require(actor, Act.RUN_WINDOW, window.agency_id)
    require_state(window, State.APPROVED)
    require_begun(window, now)
    require_both(note)
    written = Written(window, actor=actor, now=now, address=address)
    window.state = State.COMPLETED
    window.completed_at = now
    window.sequence += 1
    written.save("complete", Step.Kind.COMPLETED, event="window.completed", note=note)
    return window


@transaction.atomic
def cancel(
    *,
    window_id: int,
    actor: User,
    now: datetime,
    note: Bilingual = NOTHING_SAID,
    address: str | None = None,
) -> Window:
    """Call a window off before it begins; public only when it had been announced.

    Raises NotAllowed, WrongState, Incomplete (a note in one language).
    """
    window = locked(window_id)
    require(actor, Act.REQUEST_WINDOW, window.agency_id)
    require_state(window, State.DRAFT, State.RETURNED, State.SUBMITTED, State.APPROVED)
    is_public = window.state == State.APPROVED
    if is_public:
        require_not_begun(window, now)
    require_both(note)
    written = Written(window, actor=actor, now=now, address=address)
    window.state = State.CANCELLED
    window.cancelled_at = now
    if is_public:
        window.sequence += 1
    event = "window.cancelled" if is_public else None
    written.save("cancel", Step.Kind.CANCELLED, event=event, note=note)
    return window


@transaction.atomic
def postpone(
    *,
    window_id: int,
    actor: User,
    now: datetime,
    starts_at: datetime | None = None,
    ends_at: datetime | None = None,
    note: Bilingual = NOTHING_SAID,
    address: str | None = None,
) -> Window:
    """Move an announced window to another time, as a new window that is announced at once.

    Returns the new window; without times the old one is postponed to a day that is not known yet,
    and is returned itself. The person must be one who could approve the new window. One Event
    tells of both. Raises NotAllowed, OwnRequest, WrongState, Incomplete, OutsidePolicy.
    """
    window = locked(window_id)
    require(actor, Act.REQUEST_WINDOW, window.agency_id)
    require_state(window, State.APPROVED)
    require_not_begun(window, now)
    require_both(note)
    if (starts_at is None) != (ends_at is None):
        field = "starts_at" if starts_at is None else "ends_at"
        raise Incomplete(Problem(field, _("Write both times, or neither.")))
    lines = lines_of(window)
    written = Written(window, actor=actor, now=now, address=address)
    moved: Window | None = None
    if starts_at is not None and ends_at is not None:
        require_span(starts_at, ends_at)
        moved = copied(window, starts_at=starts_at, ends_at=ends_at, now=now)
        request, said = queries.weighed(moved, services_of(lines), now, but=window.pk)
        require_approver(window, request, said, actor)
        require_policy(moved, said)
        moved.state = State.APPROVED
        moved.submitted_at = moved.approved_at = now
        moved.approved_by = actor
        moved.announced_end_at = ends_at
        approved = Written(moved, actor=actor, now=now, address=address)
        write_lines(moved, lines)
        approved.save("approve", Step.Kind.APPROVED)
        window.moved_to = moved
    window.state = State.POSTPONED
    window.sequence += 1
    written.save("postpone", Step.Kind.POSTPONED, event="window.postponed", note=note)
    return moved or window


@transaction.atomic
def duplicate(
    *,
    window_id: int,
    starts_at: datetime,
    ends_at: datetime,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Window:
    """A new draft of the person's own with everything of another window but its times, and the
    justification of them. Raises NotAllowed, Incomplete."""
    window = Window.objects.get(pk=window_id)
    require(actor, Act.REQUEST_WINDOW, window.agency_id)
    require_span(starts_at, ends_at)
    draft = copied(window, starts_at=starts_at, ends_at=ends_at, now=now)
    draft.requested_by = actor
    draft.justification = ""
    draft.series = None
    written = Written(draft, actor=actor, now=now, address=address)
    write_lines(draft, lines_of(window))
    written.save("duplicate", reason=window.ref)
    return draft


# --- series -------------------------------------------------------------------------------------


@transaction.atomic
def make_series(
    *, window_id: int, rule: str, actor: User, now: datetime, address: str | None = None
) -> list[Window]:
    """Let a draft repeat by an RRULE: each occurrence a draft of its own, the given one first.

    Raises NotAllowed, WrongState (not a draft, or repeated already), BadRule.
    """
    window = locked(window_id)
    require(actor, Act.REQUEST_WINDOW, window.agency_id)
    require_state(window, State.DRAFT, State.RETURNED)
    if window.series_id is not None:
        raise WrongState(Problem("rule", _("It repeats already. Duplicate it to begin anew.")))
    duration = window.ends_at - window.starts_at
    try:
        times = occurrences(rule, window.starts_at, duration, ZoneInfo(settings.TIME_ZONE))
    except InvalidRule as error:
        raise BadRule(Problem("rule", rule_sentence(error))) from error
    written = Written(window, actor=actor, now=now, address=address)
    window.series = Series.objects.create(rule=rule.strip(), created_at=now)
    written.save("repeat", reason=rule.strip())
    lines = lines_of(window)
    made = [window]
    for starts_at, ends_at in times[1:]:
        other = copied(window, starts_at=starts_at, ends_at=ends_at, now=now)
        written = Written(other, actor=actor, now=now, address=address)
        write_lines(other, lines)
        written.save("repeat", reason=window.ref)
        made.append(other)
    return made


@transaction.atomic
def submit_series(
    *, window_id: int, actor: User, now: datetime, address: str | None = None
) -> list[Window]:
    """Submit every draft and returned window of the series of `window_id`, all or none.

    Raises what `submit` raises, with the reference of the window in each sentence.
    """
    return _for_series(submit, window_id, (State.DRAFT, State.RETURNED), actor, now, address)


@transaction.atomic
def approve_series(
    *, window_id: int, actor: User, now: datetime, address: str | None = None
) -> list[Window]:
    """Approve every submitted window of the series of `window_id`, all or none.

    Raises what `approve` raises, with the reference of the window in each sentence.
    """
    return _for_series(approve, window_id, (State.SUBMITTED,), actor, now, address)


def _for_series(
    operation: Callable[..., Window],
    window_id: int,
    states: tuple[str, ...],
    actor: User,
    now: datetime,
    address: str | None,
) -> list[Window]:
    series_id = Window.objects.values_list("series_id", flat=True).get(pk=window_id)
    rows = Window.objects.filter(series=series_id) if series_id else Window.objects.filter(pk=-1)
    # In order of id: two people who act on one series wait for each other and do not deadlock.
    members = list(rows.filter(state__in=states).order_by("pk").values_list("pk", "ref"))
    if not members:
        raise WrongState(Problem(None, _("No window of this series waits for this.")))
    done = []
    for pk, ref in members:
        try:
            done.append(operation(window_id=pk, actor=actor, now=now, address=address))
        except Refused as error:
            error.problems = tuple(
                Problem(problem.field, f"{isolate(ref)}: {problem.sentence}")
                for problem in error.problems
            )
            raise
    return done
