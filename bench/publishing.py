"""From rows to what readers hold: the snapshot, its history, and what the reader makes of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.clock import best_s
from bench.table import Row
from services.models import Check, CheckState, Service
from services.status.health import CheckHealth
from statusportal.public import publishing, reader, search, snapshot
from statusportal.public.shape import Snapshot, Truth
from statusportal.public.store import Store


def statements(*, now: datetime) -> int:
    """How many SQL statements one snapshot takes."""
    with CaptureQueriesContext(connection) as asked:
        snapshot.build(now=now)
    return len(asked)


def publish() -> None:
    """What is there, for those who read it."""
    publishing.publish_snapshot(now=datetime.now(UTC))


def few(*, now: datetime) -> Iterator[Row]:
    """With the first few hundred services."""
    services = Service.objects.count()
    yield Row(
        f"snapshot of {services:,} services", 0.5, best_s(lambda: snapshot.build(now=now)), "s"
    )


def many(*, now: datetime, statements_before: int) -> Iterator[Row]:
    """With all of them and their past."""
    services = Service.objects.count()
    built = snapshot.build(now=now)
    yield Row(
        f"snapshot of {services:,} services", 5.0, best_s(lambda: snapshot.build(now=now)), "s"
    )
    yield Row(
        "its SQL statements, whatever it holds",
        # Where notices stand, what belongs to them is asked for: by then no more comes.
        statements_before,
        statements(now=now),
        exact=True,
    )
    store = Store()
    yield Row("committed change → what readers hold", 5.0, _change_to_reader(store), "s")
    yield from _reading(built)
    yield from _searching(built)


def _change_to_reader(store: Store) -> float:
    """Once with the history of 90 days, which is not counted, and then a change."""
    publishing.publish_snapshot(now=datetime.now(UTC))
    store.look()
    check = Check.objects.order_by("-id")[0]
    healths = (CheckHealth.BAD, CheckHealth.OK)

    def once() -> None:
        current = CheckState.objects.get(check_ref=check).health
        wanted = healths[0] if current != healths[0] else healths[1]
        CheckState.objects.filter(check_ref=check).update(health=wanted)
        now = datetime.now(UTC)
        if not publishing.publish_snapshot(now=now) or not store.look():
            raise RuntimeError("Nothing was published.")
        store.said(reader.step(now))

    return best_s(once)


def _reading(built: Snapshot) -> Iterator[Row]:
    now = reader.step(built.built_at)
    yield Row("reading it for the first time", 1.5, best_s(lambda: reader.read(built, now)), "s")
    remembering = reader.Reader()
    remembering.read(built, now)
    chance = random.Random(1)
    ids = list(built.observed)
    later = built

    def step() -> None:
        nonlocal now, later
        now += reader.STEP
        # A twelfth of the checks are seen in 5 of 60 seconds.
        seen = {pk: (now - timedelta(seconds=1),) for pk in chance.sample(ids, len(ids) // 12)}
        later = msgspec.structs.replace(later, observed=later.observed | seen, built_at=now)
        remembering.read(later, now)

    yield Row("reading it again at the next step", 0.3, best_s(step), "s")
    truth = msgspec.json.decode(msgspec.json.encode(later.truth), type=Truth)
    flipped = msgspec.structs.replace(later, truth=_flipped(truth), version="other")
    yield Row(
        "reading it when a state changed",
        0.5,
        best_s(lambda: remembering.read(flipped, now), times=1),
        "s",
    )


def _flipped(truth: Truth) -> Truth:
    """The same nation with its last check down."""
    services = list(truth.services)
    place = next(n for n in reversed(range(len(services))) if services[n].channels[0].checks)
    service = services[place]
    channel, *rest = service.channels
    check = channel.checks[0]
    measure = msgspec.structs.replace(check.measures[0], health=CheckHealth.BAD.value)
    check = msgspec.structs.replace(check, measures=(measure,))
    channel = msgspec.structs.replace(channel, checks=(check,))
    services[place] = msgspec.structs.replace(service, channels=(channel, *rest))
    return msgspec.structs.replace(truth, services=tuple(services))


# As typed, a start, run together, two letters wrong, in the letters of the other language, a
# sentence, and a word that nearly everything has.
QUERIES = (
    "تجديد جواز السفر للطلبة",
    "جوا",
    "جوازالسفر",
    "تجديد رخصه القياده",
    "pasport renewal",
    "jawaz",
    "كيف أجدد رخصة القيادة للمقيمين في الهيئة 12",
    "خدمة",
    "الهيئة",
    "nothing that is there",
    "service-00777",
)


def _searching(built: Snapshot) -> Iterator[Row]:
    search.prepare(built.truth, "bench")
    said = reader.read(built, reader.step(built.built_at))
    took = {
        query: best_s(lambda q=query: search.find(said, search.Wanted(q=q), "ar"))  # type: ignore[misc]
        for query in QUERIES
    }
    slowest = max(took, key=lambda query: took[query])
    yield Row(
        f"search among {len(said.services):,}, the slowest spelling",
        10,
        took[slowest] * 1000,
        "ms",
        note=f"«{slowest}», of {len(QUERIES)} spellings",
    )
