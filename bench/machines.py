"""What programs are answered, beside the home page: no path may cost more than it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from time import perf_counter

import time_machine
from django.test import Client

from bench.clock import best_s
from bench.table import Row
from statusportal.public import pages, reader
from statusportal.public.store import store

_HOST = "localhost"
_STEPS = 3
_STEP = timedelta(seconds=5)


def measure() -> Iterator[Row]:
    """Answers that were made before, answers of a new step, sizes, and what is known already."""
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
    first = _first_of_a_step(client, ["/ar/", *(path for _name, path in paths)])
    for name, path in paths:
        yield Row(
            f"{name} of a new step, of home",
            1.0,
            first[path] / first["/ar/"],
            relative=True,
            note=f"{first[path] * 1000:.0f} ms",
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
        ("feed", "/ar/feed.atom"),
        ("feed of a service", f"/ar/services/{slug}/feed.atom"),
        ("calendar", "/ar/calendar.ics"),
        ("embed", f"/embed/{slug}.json?lang=ar"),
        ("badge", f"/badge/{slug}.svg"),
        ("sitemap", "/sitemap.xml"),
    )


def _largest_agency() -> str:
    said = pages.said_now()
    assert said is not None
    return max(said.agencies.values(), key=lambda one: len(one.services)).code


def _first_of_a_step(client: Client, paths: list[str]) -> dict[str, float]:
    """Seconds that the first answer of a path takes after the clock went on; the best of a few.

    What the reader says is worked out before: each path needs it, and the bench has it alone.
    """
    began = reader.step(datetime.now(UTC))
    found: dict[str, float] = {}
    for turn in range(1, _STEPS + 1):
        for path in paths:
            with time_machine.travel(began + turn * _STEP, tick=False):
                pages.said_now()
                at = perf_counter()
                client.get(path)
                took = perf_counter() - at
            found[path] = min(took, found.get(path, took))
    return found
