"""Building: what the snapshot holds, what its version depends on, and at what price."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.bilingual import Bilingual
from services.models import CheckState, Location
from services.status.health import CheckHealth
from services.status.observation import Reason
from statusportal.public import snapshot
from tests.factories import (
    make_agency,
    make_category,
    make_channel,
    make_check,
    make_edge,
    make_location,
    make_service,
)

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def a_service(slug: str, **fields: Any):
    """A service with a web channel, one check, and a fresh state at the main location."""
    service = make_service(
        slug=slug, agency=make_agency(), category=make_category(), aliases_ar="أ\n\n ب ", **fields
    )
    check = make_check(
        channel=make_channel(service=service), interval_seconds=60, timeout_seconds=10
    )
    CheckState.objects.create(
        check_ref=check,
        location=make_location(),
        health=CheckHealth.BAD,
        since=NOW - timedelta(minutes=5),
        reason=Reason.REFUSED,
        last_started_at=NOW - timedelta(seconds=20),
    )
    return service, check


def test_it_holds_facts_and_instants() -> None:
    service, check = a_service("passport", tier=1)
    upstream, _check = a_service("login", is_shared=True, visibility="agencies")
    make_edge(upstream=upstream, dependant=service, kind="soft", alternative_ar="بديل")

    built = snapshot.build(now=NOW)

    (fact,) = [fact for fact in built.truth.services if fact.slug == "passport"]
    assert (fact.id, fact.tier, fact.aliases_ar) == (service.public_id, 1, ("أ", "ب"))
    (channel,) = fact.channels
    (measured,) = channel.checks
    assert (measured.id, measured.essential, measured.fresh_for) == (check.pk, True, 190.0)
    (measure,) = measured.measures
    assert (measure.location, measure.health) == ("main", CheckHealth.BAD)
    assert (measure.since, measure.reason) == (NOW - timedelta(minutes=5), Reason.REFUSED)
    assert built.observed[check.pk] == (NOW - timedelta(seconds=20),)
    (edge,) = built.truth.edges
    assert (edge.upstream, edge.dependant) == (upstream.public_id, service.public_id)
    assert (edge.kind, edge.alternative) == ("soft", Bilingual("بديل", ""))


def test_a_new_observation_moves_the_freshness_and_not_the_version() -> None:
    _service, check = a_service("passport")
    before = snapshot.build(now=NOW)

    CheckState.objects.update(last_started_at=NOW)
    after = snapshot.build(now=NOW + timedelta(seconds=1))

    assert after.version == before.version
    assert after.observed[check.pk] == (NOW,)


def test_a_changed_word_or_state_moves_the_version() -> None:
    service, _check = a_service("passport")
    versions = {snapshot.build(now=NOW).version}

    service.name_ar = "اسم جديد"
    service.save()
    versions.add(snapshot.build(now=NOW).version)
    CheckState.objects.update(health=CheckHealth.OK)
    versions.add(snapshot.build(now=NOW).version)

    assert len(versions) == 3


def test_a_disabled_location_and_a_disabled_check_are_not_in_it() -> None:
    service, _check = a_service("passport")
    make_check(channel=service.channels.get(), is_enabled=False)
    Location.objects.create(code="old", is_enabled=False)

    built = snapshot.build(now=NOW)

    assert built.truth.locations == ("main",)
    assert [len(channel.checks) for channel in built.truth.services[0].channels] == [1]


@pytest.mark.parametrize("number", [1, 3])
def test_it_takes_eleven_statements_however_many_services(
    number: int, django_assert_num_queries
) -> None:
    upstream, _check = a_service("login")
    for name in range(number):
        dependant, _check = a_service(f"service-{name}")
        make_edge(upstream=upstream, dependant=dependant)

    with django_assert_num_queries(11):
        snapshot.build(now=NOW)
