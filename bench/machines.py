"""What programs are answered, beside the home page: no path may cost more than it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter

import msgspec
import time_machine
from django.test import Client

from bench.clock import best_s
from bench.table import Row
from services.status.health import CheckHealth
from statusportal.public import pages, reader
from statusportal.public.shape import Measure, ServiceFact, Snapshot, Truth, version_of
from statusportal.public.store import store

_HOST = "localhost"
_STEPS = 3
_STEP = timedelta(seconds=5)


def measure() -> Iterator[Row]:
    """Answers that were made before, those of a new step and of news, sizes, what is known
    already."""
    store.load()
    client = Client(headers={"host": _HOST})
    paths = _paths()
    home_s = best_s(lambda: client.get("/ar/"))
    for name, path in paths:
        client.get(path)
        took = best_s(lambda p=path: client.get(p))  # type: ignore[misc]
        yield Row(
            f"{name} again, of home",
            1.0,
            took / home_s,
            relative=True,
            note=f"{took * 1000:.1f} ms",
        )
    for what, news in (("a new step", False), ("news", True)):
        first = _first_of(client, ["/ar/", *(path for _name, path in paths)], news=news)
        for name, path in paths:
            yield Row(
                f"{name} of {what}, of home",
                1.0,
                first[path] / first["/ar/"],
                relative=True,
                note=f"{first[path] * 1000:.1f} of {first['/ar/'] * 1000:.1f} ms",
            )
    whole = client.get("/api/v2/summary.json")
    agency = client.get(f"/api/v2/summary.json?agency={_largest_agency()}")
    yield Row(
        "v2 summary of the largest agency, of the whole",
        0.1,
        len(agency.content) / len(whole.content),
        relative=True,
        note=f"{len(agency.content) / 1024:.0f} of {len(whole.content) / 1024:.0f} KB",
    )
    known = client.get("/api/v2/summary.json", headers={"if-none-match": whole["ETag"]})
    yield Row(
        "v2 summary, known already",
        0,
        len(known.content) if known.status_code == 304 else None,
        "bytes",
        note=f"answered {known.status_code}",
    )


def _paths() -> tuple[tuple[str, str], ...]:
    said = pages.said_now()
    assert said is not None
    slug = next(iter(said.services))
    return (
        ("v2 summary", "/api/v2/summary.json"),
        ("v2 components", "/api/v2/components.json?lang=ar"),
        ("v2 summary of an agency", f"/api/v2/summary.json?agency={_largest_agency()}"),
        ("v2 incidents", "/api/v2/incidents.json"),
        ("v2 planned work", "/api/v2/scheduled-maintenances.json"),
        ("feed", "/ar/feed.atom"),
        ("feed of an agency", f"/ar/agencies/{_largest_agency()}/feed.atom"),
        ("feed of a service", f"/ar/services/{slug}/feed.atom"),
        ("calendar", "/ar/calendar.ics"),
        ("calendar of an agency", f"/ar/agencies/{_largest_agency()}/calendar.ics"),
        ("embed", f"/embed/{slug}.json?lang=ar"),
        ("embed as HTML", f"/embed/{slug}.html"),
        ("badge", f"/badge/{slug}.svg"),
        ("badge of 90 days", f"/badge/{slug}.svg?kind=uptime"),
        ("sitemap", "/sitemap.xml"),
    )


def _largest_agency() -> str:
    said = pages.said_now()
    assert said is not None
    return max(said.agencies.values(), key=lambda one: len(one.services)).code


def _first_of(client: Client, paths: Iterable[str], *, news: bool) -> dict[str, float]:
    """Seconds that the first answer of a path takes after the clock went on; the best of a few.

    With `news` a service has changed at each step too. What the reader says is worked out before:
    each path needs it, and the bench has it alone.
    """
    began = reader.step(datetime.now(UTC))
    found: dict[str, float] = {}
    for turn in range(1, _STEPS + 1):
        now = began + turn * _STEP
        if news:
            _publish(turn, now)
        for path in paths:
            with time_machine.travel(now, tick=False):
                pages.said_now()
                at = perf_counter()
                client.get(path)
                took = perf_counter() - at
            found[path] = min(took, found.get(path, took))
    return found


def _publish(number: int, now: datetime) -> None:
    """The service with this number goes down, or comes back; as readers get it out of Redis."""
    published = store.current()
    assert published is not None
    snapshot = published.snapshot
    # Other objects with the same facts: what is known by being the same one is forgotten.
    truth = msgspec.json.decode(msgspec.json.encode(snapshot.truth), type=Truth)
    services = list(truth.services)
    services[-number] = _turned(services[-number], now)
    truth = msgspec.structs.replace(truth, services=tuple(services))
    store.hold(Snapshot(truth, now, snapshot.observed, version_of(truth)), published.history)


def _turned(service: ServiceFact, now: datetime) -> ServiceFact:
    channel, *others = service.channels
    (check,) = channel.checks
    (measure,) = check.measures
    is_bad = measure.health == CheckHealth.BAD
    turned = Measure(measure.location, CheckHealth.OK if is_bad else CheckHealth.BAD, now)
    check = msgspec.structs.replace(check, measures=(turned,))
    channel = msgspec.structs.replace(channel, checks=(check,))
    return msgspec.structs.replace(service, channels=(channel, *others))
