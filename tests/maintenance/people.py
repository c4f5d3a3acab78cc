"""People and acts on windows, for the tests of what acts leave behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Role, User
from core.bilingual import Bilingual
from core.outbox import Event
from maintenance import operations
from maintenance.models import Window
from maintenance.refusals import Refused
from tests.factories import make_user
from tests.maintenance.rows import ENDS, NOW, STARTS, make_window

NOTE = Bilingual("تأخرت الأعمال.", "The work is late.")
HOUR = timedelta(hours=1)


def publisher(window: Window) -> User:
    return make_user(Role.AGENCY_PUBLISHER, window.agency)


def staff(window: Window) -> User:
    return make_user(Role.AGENCY_STAFF, window.agency)


def supervisor() -> User:
    return make_user(Role.SUPERVISOR)


def submitted(**fields: Any) -> Window:
    return make_window(state="submitted", submitted_at=NOW - HOUR, **fields)


def fields_of(refused: pytest.ExceptionInfo[Refused]) -> list[str | None]:
    return [problem.field for problem in refused.value.problems]


def told() -> list[tuple[str, str]]:
    return [(event.kind, event.key) for event in Event.objects.order_by("id")]


# Each act: a state in which it is open, the operation, and what it asks besides.
ACTS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "submit": ("draft", operations.submit, {}),
    "return": ("submitted", operations.return_, {"reason": "x"}),
    "approve": ("submitted", operations.approve, {}),
    "change": ("approved", operations.change, {"fields": {"payments": "safe"}}),
    "extend": ("approved", operations.extend, {"ends_at": ENDS + HOUR}),
    "complete": ("approved", operations.complete, {}),
    "cancel": ("approved", operations.cancel, {}),
    "postpone": ("approved", operations.postpone, {}),
    "duplicate": ("draft", operations.duplicate, {"starts_at": STARTS, "ends_at": ENDS}),
    "make_series": ("draft", operations.make_series, {"rule": "FREQ=WEEKLY;COUNT=2"}),
}
