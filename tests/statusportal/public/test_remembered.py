"""What is kept from one step of the clock to the next is what would be made anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings
from django.utils import translation
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from core.bilingual import Bilingual
from statusportal.public import api, api_shape, calendar_feed, feed_entries, feeds
from statusportal.public.remembered import Remembered
from statusportal.public.shape import IncidentFact, Snapshot, StepFact, Truth, WindowFact
from statusportal.public.store import store
from tests.statusportal.public import everything as whole
from tests.statusportal.public import planned
from tests.statusportal.public.everything import everything
from tests.statusportal.public.incidents import DAY, HOUR, TROUBLED, update, with_incidents
from tests.statusportal.public.reading import get
from tests.statusportal.public.snapshots import BAD, NOW, SLOW, Measured, nation_behind_login

# --- the memory itself --------------------------------------------------------------------------


def test_what_is_made_of_the_same_is_made_once() -> None:
    kept: Remembered[list[str]] = Remembered(2)

    first = kept.of("a", ("words", 1), lambda: ["made"])

    assert kept.of("a", ("words", 1), lambda: ["made again"]) is first
    assert kept.of("a", ("words", 2), lambda: ["made of others"]) == ["made of others"]
    # One thing a name: what it said before is forgotten.
    assert kept.of("a", ("words", 1), lambda: ["made anew"]) == ["made anew"]
    assert kept.of("b", ("words", 1), lambda: ["another"]) == ["another"]


def test_what_was_not_asked_for_longest_goes_first() -> None:
    kept: Remembered[str] = Remembered(2)
    for name in ("a", "b", "a", "c"):
        kept.of(name, None, lambda: "made")

    found = [kept.of(name, None, lambda: "anew") for name in ("a", "c", "b")]

    assert found == ["made", "made", "anew"]


def test_of_equals_the_newer_one_is_held() -> None:
    # What was overtaken has to go, or each step would leave its truth in memory.
    kept: Remembered[str] = Remembered(2)
    compared: list[str] = []

    class Told:
        def __init__(self, name: str) -> None:
            self.name = name

        def __eq__(self, other: object) -> bool:
            compared.append(self.name)
            return isinstance(other, Told)

        __hash__ = None  # type: ignore[assignment]

    for name in ("first", "second", "third"):
        kept.of("a", Told(name), lambda: "made")

    assert compared == ["first", "second"]


def test_what_cannot_be_made_is_not_kept() -> None:
    kept: Remembered[str] = Remembered(2)

    with pytest.raises(ZeroDivisionError):
        kept.of("a", None, lambda: str(1 / 0))

    assert kept.of("a", None, lambda: "made") == "made"


# --- the same with it and without ---------------------------------------------------------------

SITES = (
    {"PUBLIC_URL": "https://status.gov.example", "TIME_ZONE": "Asia/Bahrain", "DIGITS": "latn"},
    {"PUBLIC_URL": "https://other.gov.example", "TIME_ZONE": "Asia/Bahrain", "DIGITS": "latn"},
    {"PUBLIC_URL": "https://status.gov.example", "TIME_ZONE": "Africa/Cairo", "DIGITS": "arab"},
)
V2 = (
    "summary.json",
    "incidents.json",
    "scheduled-maintenances.json",
    "summary.json?agency=MOI",
    "incidents.json?agency=MOI",
)
BELOW: Sequence[tuple[str, Callable[..., HttpResponse], dict[str, str]]] = (
    ("calendar.ics", calendar_feed.everything, {}),
    ("services/fines/calendar.ics", calendar_feed.service, {"slug": "fines"}),
    ("agencies/MOI/calendar.ics", calendar_feed.agency, {"code": "MOI"}),
    ("feed.atom", feeds.everything, {}),
    ("services/visa/feed.atom", feeds.service, {"slug": "visa"}),
)


OTHER = Bilingual("اسم آخر", "Another name")


@dataclass(frozen=True)
class Step:
    """What of the nation is changed or gone at one instant, and how it is asked for."""

    after: timedelta
    language: str
    site: dict[str, str]
    left_out: int
    notices: list[str]
    windows: list[str]
    measured: Measured
    # A service by its slug, or an agency by its code.
    renamed: str
    hidden: str
    is_seen: bool
    is_read_again: bool

    @property
    def now(self) -> datetime:
        return NOW + self.after

    def snapshot(self) -> Snapshot:
        changed = zip(whole.NOTICES, cycle(self.notices), strict=False)
        announced = zip(whole.WINDOWS, cycle(self.windows), strict=False)
        built = with_incidents(
            *[changed_notice(*one) for one in changed][self.left_out :],
            measured=self.measured,
            windows=tuple(changed_window(*one) for one in announced)[self.left_out :],
            seen_at=self.now if self.is_seen else NOW,
        )
        agencies = tuple(
            msgspec.structs.replace(one, name=OTHER) if one.code == self.renamed else one
            for one in built.truth.agencies
        )
        facts = tuple(
            msgspec.structs.replace(
                one,
                name=OTHER if one.slug == self.renamed else one.name,
                visibility="hidden" if one.slug == self.hidden else one.visibility,
            )
            for one in built.truth.services
        )
        truth = msgspec.structs.replace(built.truth, services=facts, agencies=agencies)
        return msgspec.structs.replace(
            built, truth=travelled(truth) if self.is_read_again else truth
        )


def answers(step: Step) -> dict[str, tuple[bytes, str]]:
    """Path → body and tag, as they are made for what the reader says now."""
    ask = RequestFactory()
    # Held again: what was answered at once before is not to be had.
    store.hold(step.snapshot())
    found: dict[str, HttpResponse] = {}
    for path in V2:
        request = ask.get(f"/api/v2/{path}", {"lang": step.language} | _query(path))
        found[path] = api.document(request, path=path.partition("?")[0])
    with translation.override(step.language):
        for path, view, named in BELOW:
            found[path] = view(ask.get(f"/{step.language}/{path}"), **named)
    return {path: (one.content, one["ETag"]) for path, one in found.items()}


def _query(path: str) -> dict[str, str]:
    name, _, value = path.partition("?")[2].partition("=")
    return {name: value} if name else {}


def anew(_self: Any, _name: Any, _made_of: Any, make: Callable[[], Any]) -> Any:
    return make()


def without_memory(step: Step) -> dict[str, tuple[bytes, str]]:
    with patch.object(Remembered, "of", anew):
        return answers(step)


def changed_notice(fact: IncidentFact, change: str, at: datetime = NOW) -> IncidentFact:
    number = len(fact.updates) + 1
    match change:
        case "a text":
            news = update(number, "monitoring", at, "أُصلحت.", "Mended.")
            return msgspec.structs.replace(fact, updates=(*fact.updates, news), changed_at=at)
        case "a title":
            return msgspec.structs.replace(fact, title=Bilingual("عنوان آخر", "Another title"))
        case "the end":
            return msgspec.structs.replace(
                fact, phase="resolved", resolved_at=fact.resolved_at or at, changed_at=at
            )
        case "an agency":
            return msgspec.structs.replace(fact, agency="MOI", severity="P3")
        case _:
            return fact


def changed_window(fact: WindowFact, change: str, at: datetime = NOW) -> WindowFact:
    match change:
        case "a text":
            return msgspec.structs.replace(fact, text=Bilingual("أعمال.", "Work."))
        case "the end":
            return msgspec.structs.replace(
                fact, state="completed", completed_at=at, changed_at=at, sequence=7
            )
        case "later":
            return msgspec.structs.replace(
                fact, starts_at=fact.starts_at + HOUR, ends_at=fact.ends_at + HOUR
            )
        case "longer":
            later = max(fact.ends_at, at) + HOUR
            longer = StepFact("extended", at, fact.starts_at, later)
            return msgspec.structs.replace(
                fact, ends_at=later, steps=(*fact.steps, longer), changed_at=at, sequence=8
            )
        case "off":
            return msgspec.structs.replace(
                fact, state="cancelled", cancelled_at=at, changed_at=at, sequence=9
            )
        case _:
            return fact


def travelled(truth: Truth) -> Truth:
    """The same facts as other objects, as they come out of Redis."""
    return msgspec.json.decode(msgspec.json.encode(truth), type=Truth)


AS_IT_IS = Step(
    after=timedelta(),
    language="en",
    site=SITES[0],
    left_out=0,
    notices=[""],
    windows=[""],
    measured=TROUBLED,
    renamed="",
    hidden="",
    is_seen=True,
    is_read_again=False,
)
CHANGES = ("a text", "a title", "the end", "an agency", "later", "longer", "off")
ALL_OF_IT = len(whole.WINDOWS) + len(whole.NOTICES)
# Each differs from AS_IT_IS in one thing, and so from the one before it in two at most.
LADDER: Sequence[dict[str, Any]] = (
    {},
    {"is_read_again": True},
    {"language": "ar"},
    {"site": SITES[1]},
    {"site": SITES[2]},
    {"language": "ar", "site": SITES[2]},
    {"language": "ar"},
    {"after": timedelta(seconds=5)},
    # Windows begin, run over and are forgotten; calendars forget what is off.
    *({"after": after} for after in (-HOUR, HOUR, 2 * HOUR, 3 * HOUR, 29 * DAY, 31 * DAY)),
    {"after": 2 * HOUR, "is_seen": False},
    *({"notices": [change]} for change in CHANGES[:4]),
    *({"windows": [change]} for change in CHANGES),
    # One alone, which another was moved to.
    {},
    {"windows": ["later" if one is planned.AHEAD else "" for one in whole.WINDOWS]},
    *({"measured": {slug: SLOW}} for slug in ("login", "fines", "visa")),
    *({"renamed": name} for name in ("login", "visa", "fines", "sms-gate", "MOI")),
    *({"hidden": slug} for slug in ("login", "passport")),
    {"left_out": 1},
    # Nobody names them: without checks they are not monitored. First the last service of an
    # agency, then all of it, which gives its place to the next one.
    {"left_out": ALL_OF_IT},
    {"left_out": ALL_OF_IT, "measured": TROUBLED | {"fines": None}},
    {
        "left_out": ALL_OF_IT,
        "measured": TROUBLED | dict.fromkeys(("passport", "visa", "fines")),
    },
)


def test_with_memory_each_change_is_told_as_without() -> None:
    for change in LADDER:
        step = replace(AS_IT_IS, **change)
        with override_settings(**step.site), time_machine.travel(step.now, tick=False):
            assert answers(step) == without_memory(step), change


changes = st.sampled_from(("", *CHANGES))
steps = st.builds(
    Step,
    after=st.builds(
        lambda hours, ticks: hours * HOUR + ticks * timedelta(seconds=5),
        st.sampled_from((-2, -1, 0, 0, 1, 3, 30, 24 * 29, 24 * 31)),
        st.integers(0, 3),
    ),
    language=st.sampled_from(("ar", "en")),
    # Mostly one: with other settings nothing is taken from memory.
    site=st.sampled_from((SITES[0], SITES[0], *SITES)),
    left_out=st.integers(0, 2),
    notices=st.lists(changes, min_size=1, max_size=4),
    windows=st.lists(changes, min_size=1, max_size=4),
    measured=st.dictionaries(
        st.sampled_from(("login", "sms-gate", "passport", "visa", "fines")),
        st.sampled_from((BAD, SLOW)),
        max_size=3,
    ),
    renamed=st.sampled_from(("", "", "login", "visa", "MOI")),
    # None of those whose feeds and calendars are asked for.
    hidden=st.sampled_from(("", "", "login", "passport")),
    is_seen=st.booleans(),
    is_read_again=st.booleans(),
)


# To look for the smallest failure would take the two cores for minutes.
@settings(max_examples=4, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(steps, min_size=2, max_size=3))
def test_with_memory_many_changes_at_once_are_told_as_without(ladder: list[Step]) -> None:
    # The first once more at the end: what is kept of it was overtaken in between.
    for step in [*ladder, ladder[0]]:
        with override_settings(**step.site), time_machine.travel(step.now, tick=False):
            assert answers(step) == without_memory(step)


# --- and nothing is made twice ------------------------------------------------------------------


@contextmanager
def counted(*makers: tuple[Any, str]) -> Iterator[list[str]]:
    """The names of `makers`, as often as each is called."""
    called: list[str] = []
    with ExitStack() as patches:
        for where, name in makers:
            patches.enter_context(patch.object(where, name, _telling(where, name, called)))
        yield called


def _telling(where: Any, name: str, called: list[str]) -> Callable[..., Any]:
    real = getattr(where, name)

    def tell(*args: Any, **named: Any) -> Any:
        called.append(name)
        return real(*args, **named)

    return tell


WRITERS = (
    (api_shape.Source, "_new_component"),
    (api_shape.Source, "_group"),
    (api_shape.Source, "_new_incident"),
    (api_shape.Source, "_new_maintenance"),
    (calendar_feed, "calendar_of"),
    (feed_entries, "of_notice"),
    (feed_entries, "of_window"),
)
PATHS = ("/api/v2/summary.json", "/en/calendar.ics", "/en/feed.atom")


@pytest.mark.usefixtures("at_one_o_clock")
def test_a_new_step_of_the_clock_writes_nothing_anew(client: Client) -> None:
    store.hold(everything())
    for path in PATHS:
        get(client, path)

    later = NOW + timedelta(seconds=5)
    with time_machine.travel(later, tick=False), counted(*WRITERS) as written:
        # Out of Redis, a moment later, all of it seen again.
        seen = everything(now_seen=timedelta(seconds=5))
        store.hold(msgspec.structs.replace(seen, truth=travelled(seen.truth)))
        for path in PATHS:
            assert get(client, path).status_code == 200

    assert written == []


@pytest.mark.usefixtures("at_one_o_clock")
def test_news_of_one_service_writes_its_component_and_its_agency_alone(client: Client) -> None:
    store.hold(nation_behind_login(50))
    get(client, PATHS[0])
    built = nation_behind_login(50)
    *others, last = built.truth.services
    renamed = msgspec.structs.replace(last, name=Bilingual("اسم آخر", "Another name"))
    truth = msgspec.structs.replace(built.truth, services=(*others, renamed))

    with counted(*WRITERS) as written:
        store.hold(msgspec.structs.replace(built, truth=truth, version="another"))
        assert b'"Another name"' in get(client, PATHS[0]).content

    assert written == ["_new_component", "_group"]
