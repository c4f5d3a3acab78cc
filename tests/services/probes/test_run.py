"""A shard: many targets, one loop, and none of them the others' trouble."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from time import monotonic
from typing import Any

import pytest

from core.net import NameTimeout, Network, NetworkSettings, ThreadResolver
from services.probes import KINDS, Kind, Target
from services.probes.run import probe_all, run_shard
from services.status.health import Outcome
from services.status.observation import Observation, Reason
from tests.services.probes.conftest import Authority
from tests.services.probes.loopback import (
    answer,
    make_network,
    make_target,
    says,
    serving,
    total_ms,
)


def test_fifty_dead_names_and_a_good_one_in_one_shard() -> None:
    release = threading.Event()

    def lookup(host: str, port: int) -> list[str]:
        if host.startswith("dead"):
            release.wait(30)
            raise NameTimeout(host)
        return ["127.0.0.1"]

    async def run() -> list[Observation]:
        async with serving(answer(b"ok")) as port:
            targets = [
                make_target({"url": f"http://dead{n}.test:{port}/"}, check_id=n, timeout_s=1.0)
                for n in range(50)
            ]
            targets.append(
                make_target({"url": f"http://good.test:{port}/"}, check_id=50, timeout_s=1.0)
            )
            return await probe_all(targets, network=make_network(ThreadResolver(lookup)))

    begun = monotonic()
    try:
        observations = asyncio.run(run())
        took = monotonic() - begun
    finally:
        release.set()
    assert took < 2.0
    assert [observation.check_id for observation in observations] == list(range(51))
    assert {observation.reason for observation in observations[:50]} == {Reason.NAME_TIMEOUT}
    assert observations[50].reason is Reason.OK
    assert total_ms(observations[50]) < 500


def test_a_shard_of_everything_nasty_keeps_its_order_and_its_time(authority: Authority) -> None:
    async def silent(head: bytes, reader: Any, writer: Any) -> None:
        await asyncio.sleep(60)

    async def endless(head: bytes, reader: Any, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()

    async def run() -> list[Observation]:
        async with (
            serving(answer(b"fine")) as good,
            serving(silent) as mute,
            serving(says(b"?!")) as garbage,
            serving(endless) as huge,
            serving(answer(status="302 Go", headers=("Location: /",))) as loop,
            serving(answer(), tls=authority.server("other.test")) as tls,
        ):
            specs: list[tuple[str, dict[str, Any]]] = [
                ("http", {"url": f"http://a.test:{good}/"}),
                ("http", {"url": f"http://b.test:{mute}/"}),
                ("http", {"url": f"http://c.test:{garbage}/"}),
                ("http", {"url": f"http://d.test:{huge}/", "text_present": "y"}),
                ("http", {"url": f"http://e.test:{loop}/"}),
                ("http", {"url": f"https://f.test:{tls}/"}),
                ("http", {"url": "not a url"}),
                ("http", {}),
                ("gopher", {}),
                ("http", {"url": "http://10.0.0.5/"}),
                ("tcp", {"host": "g.test", "port": good}),
                ("http", {"url": f"http://h.test:{good}/"}),
            ]

            async def resolve(host: str, port: int) -> list[str]:
                return [host] if host[0].isdigit() else ["127.0.0.1"]

            targets = [
                make_target(spec, kind=kind, check_id=number, timeout_s=1.0)
                for number, (kind, spec) in enumerate(specs)
            ]
            network = make_network(resolve, tls=authority.trusting()())
            observations = await probe_all(targets, network=network)
            assert network.limits._places == {}
            return observations

    begun = monotonic()
    with warnings.catch_warnings(record=True) as caught:
        # a socket or transport left open would say so when it is collected
        warnings.simplefilter("always", ResourceWarning)
        observations = asyncio.run(run())
        gc.collect()
    assert [str(warning.message) for warning in caught] == []
    assert monotonic() - begun < 2.0
    assert [observation.check_id for observation in observations] == list(range(12))
    assert [observation.reason for observation in observations] == [
        Reason.OK,
        Reason.NO_ANSWER,
        Reason.PROTOCOL_ERROR,
        Reason.BODY_TOO_LARGE,
        Reason.REDIRECT_LOOP,
        Reason.TLS_WRONG_NAME,
        Reason.BAD_TARGET,
        Reason.BAD_TARGET,
        Reason.BAD_TARGET,
        Reason.ADDRESS_REFUSED,
        Reason.OK,
        Reason.OK,
    ]


async def _buggy(target: Target, network: Network) -> Observation:
    raise ZeroDivisionError("a bug")


async def _cancelling(target: Target, network: Network) -> Observation:
    raise asyncio.CancelledError


async def _endless(target: Target, network: Network) -> Observation:
    await asyncio.sleep(60)
    raise AssertionError


@pytest.mark.parametrize("broken", [_buggy, _cancelling, _endless])
def test_a_bug_in_a_probe_is_our_fault_and_its_own(broken: Any) -> None:
    async def run() -> list[Observation]:
        async with serving(answer(b"ok")) as port:
            good = make_target({"url": f"http://a.test:{port}/"}, check_id=2)
            targets = [make_target({}, kind="broken", check_id=1, timeout_s=0.1), good]
            kinds = {**KINDS, "broken": Kind(KINDS["http"].parse, broken)}
            return await probe_all(targets, network=make_network(), kinds=kinds)

    faulty, good = asyncio.run(run())
    assert (faulty.outcome, faulty.reason) == (Outcome.PROBER_FAULT, Reason.PROBER_ERROR)
    assert (faulty.check_id, good.check_id) == (1, 2)
    assert good.reason is Reason.OK


def test_a_shard_that_is_cancelled_ends() -> None:
    async def run() -> None:
        kinds = {"endless": Kind(KINDS["http"].parse, _endless)}
        shard = asyncio.create_task(
            probe_all([make_target({}, kind="endless")], network=make_network(), kinds=kinds)
        )
        await asyncio.sleep(0.01)
        shard.cancel()
        with pytest.raises(asyncio.CancelledError):
            await shard

    asyncio.run(run())


def test_a_crowded_host_is_asked_by_few_at_once_and_every_check_has_its_full_time() -> None:
    at_once = 0
    most = 0

    async def handler(head: bytes, reader: Any, writer: Any) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.1)
        at_once -= 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    async def run() -> list[Observation]:
        async with serving(handler) as port:
            target = make_target({"url": f"http://crowded.test:{port}/"}, timeout_s=1.0)
            return await probe_all([target] * 12, network=make_network(per_host=3))

    observations = asyncio.run(run())
    assert [observation.reason for observation in observations] == [Reason.OK] * 12
    assert most <= 3
    assert max(total_ms(observation) for observation in observations) < 350
    starts = sorted(observation.started_at for observation in observations)
    assert (starts[-1] - starts[0]).total_seconds() > 0.25


def test_waiting_too_long_for_a_place_is_our_fault() -> None:
    async def silent(head: bytes, reader: Any, writer: Any) -> None:
        await asyncio.sleep(60)

    async def run() -> list[Observation]:
        async with serving(silent) as port:
            url = f"http://crowded.test:{port}/"
            targets = [make_target({"url": url}, timeout_s=1.0)]
            targets += [make_target({"url": url}, timeout_s=0.2) for _ in range(3)]
            return await probe_all(targets, network=make_network(per_host=1))

    first, *others = asyncio.run(run())
    assert first.reason is Reason.NO_ANSWER
    assert {observation.reason for observation in others} == {Reason.PROBER_ERROR}
    assert {observation.outcome for observation in others} == {Outcome.PROBER_FAULT}


def test_a_worker_runs_a_shard_with_plain_settings() -> None:
    settings = NetworkSettings(allowed=("127.0.0.0/8",))
    targets = [
        make_target({"url": "http://127.0.0.1:9/"}, check_id=1),
        make_target({"url": "http://10.0.0.5/"}, check_id=2),
    ]
    for _ in range(2):
        refused, guarded = run_shard(targets, network_settings=settings).observations
        assert (refused.check_id, refused.reason) == (1, Reason.REFUSED)
        assert (guarded.check_id, guarded.reason) == (2, Reason.ADDRESS_REFUSED)


@pytest.mark.parametrize(
    "settings",
    [NetworkSettings(allowed=("office",)), NetworkSettings(extra_ca_file="/nowhere/ca.pem")],
)
def test_settings_that_cannot_be_used_say_nothing_about_the_services(
    settings: NetworkSettings,
) -> None:
    observations = run_shard(
        [make_target({"url": "http://a.test/"})] * 2, network_settings=settings
    ).observations
    assert [observation.reason for observation in observations] == [Reason.PROBER_ERROR] * 2


def test_an_empty_shard_is_done() -> None:
    assert run_shard([], network_settings=NetworkSettings()).observations == []
