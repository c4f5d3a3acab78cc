"""The hand-over upward: told once, in order, with the fact itself."""

from datetime import UTC, datetime

import pytest
from django.db import transaction

from core import outbox
from core.outbox import Event

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_an_event_keeps_what_happened_and_when():
    outbox.append(kind="prober.doubt", key="main:internet", at=NOW, payload={"since": NOW})
    (event,) = Event.objects.all()
    assert (event.kind, event.key, event.at) == ("prober.doubt", "main:internet", NOW)
    assert event.payload == {"since": "2026-11-22T09:00:00Z"}


def test_the_same_fact_told_twice_is_one_event_and_the_first_telling_stays():
    outbox.append(kind="prober.doubt", key="main", at=NOW, payload={"told": 1})
    outbox.append(kind="prober.doubt", key="main", at=NOW, payload={"told": 2})
    assert Event.objects.get().payload == {"told": 1}


def test_events_of_a_kind_are_followed_in_the_order_of_their_ids():
    for key in ("b", "a", "c"):
        outbox.append(kind="prober.doubt", key=key, at=NOW, payload={})
    assert list(Event.objects.order_by("id").values_list("key", flat=True)) == ["b", "a", "c"]


def test_an_event_falls_with_the_fact_that_it_tells():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.append(kind="prober.doubt", key="main", at=NOW, payload={})
        raise ZeroDivisionError
    assert not Event.objects.exists()
