"""What is wrong now, told by its origins."""

from __future__ import annotations

from datetime import timedelta

from services.status.health import CheckHealth, Health
from statusportal.public import reader
from statusportal.public.troubles import silent, troubles
from tests.statusportal.public.snapshots import ALL_WELL, BAD, NOW, SLOW, Measured, snapshot

Told = list[tuple[str | None, Health, list[str]]]


def told(measured: Measured) -> Told:
    """(slug of the origin, its state, slugs of what it explains), in the order of the page."""
    return [
        (
            trouble.service.slug if trouble.service else None,
            trouble.health,
            [service.slug for service in trouble.affected],
        )
        for trouble in troubles(reader.read(snapshot(measured), NOW))
    ]


def test_it_is_empty_when_all_is_well() -> None:
    assert told(ALL_WELL) == []


def test_an_upstream_stands_once_with_what_it_explains() -> None:
    assert told({"login": BAD}) == [("login", Health.MAJOR_OUTAGE, ["passport"])]


def test_a_dependant_that_fails_together_with_its_upstream_is_explained() -> None:
    assert told({"login": BAD, "passport": BAD}) == [
        ("login", Health.MAJOR_OUTAGE, ["passport"]),
    ]


def test_a_dependant_that_is_worse_than_its_upstream_stands_by_itself() -> None:
    assert told({"login": SLOW, "passport": BAD}) == [
        ("passport", Health.MAJOR_OUTAGE, []),
        ("login", Health.DEGRADED, []),
    ]


def test_what_reaches_furthest_comes_first_then_the_worst() -> None:
    assert told({"fines": SLOW, "login": BAD, "visa": BAD}) == [
        ("login", Health.MAJOR_OUTAGE, ["passport"]),
        ("visa", Health.MAJOR_OUTAGE, []),
        ("fines", Health.DEGRADED, []),
    ]


def test_an_upstream_that_is_not_public_has_no_name() -> None:
    assert told({"sms-gate": BAD}) == [(None, Health.MAJOR_OUTAGE, ["visa"])]


def test_services_without_news_are_silent_and_no_trouble() -> None:
    old = reader.read(snapshot(ALL_WELL, observed_at=NOW - timedelta(hours=1)), NOW)
    unknown = reader.read(snapshot({"fines": (CheckHealth.UNKNOWN, BAD[1])}), NOW)

    assert troubles(old) == ()
    assert [s.slug for s in silent(old.services.values())] == ["login", "passport", "visa", "fines"]
    assert [s.slug for s in silent(unknown.services.values())] == ["fines"]
