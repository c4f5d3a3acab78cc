"""What the clock makes happen to windows, as Events: nobody has to be there for it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from core import outbox
from core.outbox import Event
from maintenance.labels import State
from maintenance.models import Window
from maintenance.queries import facts_of, policy
from maintenance.steps import payload
from maintenance.windows import Due, Policy, due


@transaction.atomic
def sweep(*, now: datetime) -> int:
    """Append the Events that are due of announced windows, once each; how many were new.

    Kinds: window.due_soon, window.started, window.running_over, and window.overdue, which alarms
    a supervisor (rule 16). Pages need none of them: they read the clock themselves (rule 20).
    """
    numbers = policy()
    soonest = now + max(numbers.reminders)
    announced = Window.objects.filter(state=State.APPROVED)
    found = _due(announced.filter(starts_at__lte=soonest), numbers, now)
    # Asked first: a conflict would use up an id at every turn, for as long as a window runs.
    told = set(Event.objects.filter(key__in=found).values_list("key", flat=True))
    waiting = {window.pk for key, (window, _item) in found.items() if key not in told}
    if not waiting:
        return 0
    # Looked at again under their locks: nobody is reminded of what was cancelled a moment ago.
    rows = announced.filter(pk__in=waiting).select_for_update(of=("self",)).order_by("pk")
    fresh = {key: value for key, value in _due(rows, numbers, now).items() if key not in told}
    for key, (window, item) in fresh.items():
        outbox.append(kind=item.kind.value, key=key, at=item.at, payload=payload(window))
    return len(fresh)


def _due(rows: Iterable[Window], numbers: Policy, now: datetime) -> dict[str, tuple[Window, Due]]:
    """What is due of `rows`, by the key of its Event."""
    return {
        ":".join(filter(None, (item.kind.value, window.ref, item.occasion))): (window, item)
        for window in rows
        for item in due(facts_of(window), numbers, now)
    }
