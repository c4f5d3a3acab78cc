"""Rule 7 end to end: references and targets on real sockets, a shard as the worker runs it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from core.models import Event
from services import operations, tasks
from services.models import Check, CheckState, Observation, ProberDoubt, StatusChange
from services.status.health import CheckHealth, Outcome
from services.status.observation import Reason
from tests.factories import make_channel, make_check, make_location, make_reference

NOW = datetime(2026, 11, 1, 10, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=60)


class Listener:
    """A TCP server on loopback that can be cut off and come back on the same port."""

    def __init__(self) -> None:
        self._socket = self._bind(0)
        self.port: int = self._socket.getsockname()[1]

    @staticmethod
    def _bind(port: int) -> socket.socket:
        bound = socket.create_server(("127.0.0.1", port), backlog=50)
        threading.Thread(target=Listener._serve, args=(bound,), daemon=True).start()
        return bound

    @staticmethod
    def _serve(bound: socket.socket) -> None:
        while True:
            try:
                bound.accept()[0].close()
            except OSError:
                return

    def cut(self) -> None:
        # Without the shutdown a thread that waits in accept() would still take one more.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    @property
    def is_listening(self) -> bool:
        return self._socket.fileno() != -1

    def mend(self) -> None:
        self._socket = self._bind(self.port)

    @property
    def spec(self) -> dict[str, object]:
        return {"host": "127.0.0.1", "port": self.port}


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    if listener.is_listening:
        listener.cut()


@pytest.fixture
def reference() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    if listener.is_listening:
        listener.cut()


def checked(listener: Listener, *, network: str = "internet") -> Check:
    return make_check(
        channel=make_channel(),
        kind="tcp",
        spec=listener.spec,
        interval_seconds=60,
        timeout_seconds=2,
        network=network,
    )


def probe(check: Check, turn: int) -> None:
    """The check's turn, as the worker at the main location takes it."""
    due_at = NOW + turn * INTERVAL
    with time_machine.travel(due_at, tick=True):
        tasks.probe_shard(
            location="main",
            network=check.network,
            turns=[[check.pk, due_at.isoformat()]],
        )


def outcomes(check: Check) -> list[tuple[int, int]]:
    rows = Observation.objects.filter(check_id=check.pk).order_by("due_at")
    return list(rows.values_list("outcome", "reason"))


def health(check: Check) -> CheckHealth:
    return CheckHealth(CheckState.objects.get(check_ref=check).health)


@pytest.fixture(autouse=True)
def _main_location(db: None, settings) -> None:
    make_location()
    # The demo's authority is made with its endpoints, and these are not them.
    settings.PROBE_EXTRA_CA = ""


def test_rule_7_while_references_fail_nothing_flips_and_operators_hear_once(
    listener: Listener, reference: Listener
) -> None:
    check = checked(listener)
    make_reference(spec=reference.spec)
    probe(check, 0)
    probe(check, 1)
    assert health(check) is CheckHealth.OK

    listener.cut()
    reference.cut()
    for turn in (2, 3):
        probe(check, turn)

    assert outcomes(check)[2:] == [(Outcome.PROBER_FAULT, Reason.PROBER_DOUBT)] * 2
    assert health(check) is CheckHealth.OK
    assert Event.objects.filter(kind="prober.doubt.began").count() == 1
    assert ProberDoubt.objects.filter(ended_at=None).count() == 1

    # Not seen for more than three intervals: unknown, never an outage.
    probe(check, 5)
    assert health(check) is CheckHealth.UNKNOWN
    assert list(StatusChange.objects.order_by("at").values_list("to_health", flat=True)) == [
        CheckHealth.OK,
        CheckHealth.UNKNOWN,
    ]

    listener.mend()
    reference.mend()
    probe(check, 6)
    probe(check, 7)
    assert health(check) is CheckHealth.OK
    assert Event.objects.filter(kind="prober.doubt.ended").count() == 1
    assert ProberDoubt.objects.filter(ended_at=None).count() == 0


def test_rule_7_only_the_network_whose_references_fail_doubts(
    listener: Listener, reference: Listener
) -> None:
    outside, inside = checked(listener), checked(listener, network="government")
    make_reference(spec=reference.spec, network="government")
    answering = Listener()
    make_reference(spec=answering.spec, network="internet")
    reference.cut()
    listener.cut()

    probe(outside, 0)
    probe(inside, 0)

    assert outcomes(outside) == [(Outcome.BAD, Reason.REFUSED)]
    assert outcomes(inside) == [(Outcome.PROBER_FAULT, Reason.PROBER_DOUBT)]
    assert list(ProberDoubt.objects.values_list("network", flat=True)) == ["government"]
    answering.cut()


def test_rule_7_most_references_must_fail_before_anything_is_doubted(
    listener: Listener, reference: Listener
) -> None:
    check = checked(listener)
    answering = Listener()
    make_reference(name="one", spec=reference.spec)
    make_reference(name="two", spec=answering.spec)
    reference.cut()
    listener.cut()

    probe(check, 0)

    # One of two is not more than half.
    assert outcomes(check) == [(Outcome.BAD, Reason.REFUSED)]
    assert not ProberDoubt.objects.exists()
    answering.cut()


@pytest.mark.django_db
def test_the_same_doubt_found_by_many_shards_is_one_row_and_one_event() -> None:
    turned = [
        operations.note_doubt(
            location="main",
            network="internet",
            in_doubt=True,
            now=NOW + timedelta(seconds=second),
        )
        for second in range(5)
    ]

    assert turned == [True, False, False, False, False]
    assert Event.objects.filter(kind="prober.doubt.began").count() == 1
