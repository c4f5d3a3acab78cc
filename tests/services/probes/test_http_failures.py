"""Each nasty thing that can happen to an http probe is an observation with its own reason."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.net import ConnectTimeout, NameNotFound, NameTimeout, Network, NoSocket
from services.probes import KINDS
from services.status.health import Outcome
from services.status.observation import Observation, Reason
from tests.services.probes.conftest import Authority
from tests.services.probes.loopback import (
    Handler,
    answer,
    make_network,
    make_target,
    probe,
    says,
    serving,
    total_ms,
)


def probe_url(
    url: str, network: Callable[[], Network] = make_network, **fields: Any
) -> Observation:
    async def run() -> Observation:
        return await KINDS["http"].probe(make_target({"url": url}, **fields), network())

    return asyncio.run(run())


def raising(error: Exception) -> Callable[[], Network]:
    async def resolve(host: str, port: int) -> list[str]:
        raise error

    return lambda: make_network(resolve)


@pytest.mark.parametrize(
    ("error", "reason", "outcome"),
    [
        (NameNotFound("no such name"), Reason.NAME_NOT_FOUND, Outcome.BAD),
        (NameTimeout("no name server"), Reason.NAME_TIMEOUT, Outcome.BAD),
        (ConnectTimeout("silence"), Reason.CONNECT_TIMEOUT, Outcome.BAD),
        (NoSocket("no descriptors"), Reason.PROBER_ERROR, Outcome.PROBER_FAULT),
        (ZeroDivisionError("a bug"), Reason.PROBER_ERROR, Outcome.PROBER_FAULT),
    ],
)
def test_a_cause_becomes_its_reason(error: Exception, reason: Reason, outcome: Outcome) -> None:
    observation = probe_url("http://service.test/", raising(error))
    assert (observation.reason, observation.outcome) == (reason, outcome)
    assert observation.timings.connect_ms is None
    assert observation.timings.total_ms is not None


def test_a_name_that_does_not_answer_ends_at_the_timeout() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    observation = probe_url("http://dead.test/", lambda: make_network(resolve), timeout_s=0.2)
    assert observation.reason is Reason.NAME_TIMEOUT
    assert 190 <= total_ms(observation) < 600


def test_a_name_without_addresses_is_not_found() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return []

    observation = probe_url("http://empty.test/", lambda: make_network(resolve))
    assert observation.reason is Reason.NAME_NOT_FOUND


def test_nothing_listening_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    observation = probe_url(f"http://service.test:{port}/")
    assert (observation.outcome, observation.reason) == (Outcome.BAD, Reason.REFUSED)


def test_an_attempt_to_connect_that_nobody_answers_ends_at_the_timeout() -> None:
    # A listener whose queue is full drops further attempts, as a firewall would.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(address)
            observation = probe_url(f"http://service.test:{address[1]}/", timeout_s=0.3)
        finally:
            for filler in fillers:
                filler.close()
    assert observation.reason is Reason.CONNECT_TIMEOUT
    assert observation.timings.dns_ms is not None
    assert observation.timings.connect_ms is None


def test_a_second_address_is_tried_when_the_first_does_not_answer() -> None:
    async def run() -> Observation:
        async def resolve(host: str, port: int) -> list[str]:
            return ["127.0.0.2", "127.0.0.1"]  # nothing listens on the first

        async with serving(answer(b"here")) as port:
            target = make_target({"url": f"http://two.test:{port}/"})
            return await KINDS["http"].probe(target, make_network(resolve))

    assert asyncio.run(run()).reason is Reason.OK


def drips(seconds: float, head: bytes = b"") -> Handler:
    """A server that sends a byte every `seconds`."""

    async def handler(request: bytes, reader: Any, writer: Any) -> None:
        writer.write(head)
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello":
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(seconds)

    return handler


@pytest.mark.parametrize(
    "handler",
    [
        drips(0.05),
        drips(0.05, b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"),
        drips(60),
    ],
    ids=["in its head", "in its body", "after a byte"],
)
def test_a_server_that_drips_ends_at_the_total_timeout(handler: Handler) -> None:
    observation = probe(handler, timeout_s=0.4)
    assert (observation.outcome, observation.reason) == (Outcome.BAD, Reason.NO_ANSWER)
    assert 390 <= total_ms(observation) < 900
    assert observation.timings.connect_ms is not None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.CLOSED_EARLY),
        (b"HTTP/1.1 200 OK\r\nContent-", Reason.CLOSED_EARLY),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello", Reason.CLOSED_EARLY),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", Reason.CLOSED_EARLY),
        (b"SSH-2.0-OpenSSH_9.9\r\n", Reason.PROTOCOL_ERROR),
        (b"HT", Reason.CLOSED_EARLY),
        (b"\x15\x03\x01\x00\x02\x02\x46", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 abc\r\n\r\n", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n", Reason.PROTOCOL_ERROR),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", Reason.PROTOCOL_ERROR),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
            Reason.PROTOCOL_ERROR,
        ),
    ],
)
def test_answers_that_are_none(data: bytes, reason: Reason) -> None:
    observation = probe(says(data))
    assert (observation.outcome, observation.reason) == (Outcome.BAD, reason)


def test_a_server_that_greets_and_waits_does_not_speak_http() -> None:
    async def handler(head: bytes, reader: Any, writer: Any) -> None:
        writer.write(b"220 mail.test ESMTP\r\n")
        await asyncio.sleep(60)

    observation = probe(handler)
    assert observation.reason is Reason.PROTOCOL_ERROR
    assert total_ms(observation) < 2000


def test_a_reset_connection_is_closed_early() -> None:
    async def handler(head: bytes, reader: Any, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        writer.transport.abort()

    assert probe(handler).reason is Reason.CLOSED_EARLY


def tls_probe(
    authority: Authority, name: str = "service.test", *, trusted: bool = True, **options: Any
) -> Observation:
    certified = options.pop("ends_in", timedelta(days=30, hours=1))
    context = authority.trusting()() if trusted else None
    return probe(
        answer(b"secured"),
        scheme="https",
        server_tls=authority.server(name, ends_in=certified),
        network=lambda: make_network(tls=context),
        **options,
    )


def test_tls_in_order_has_its_timing_and_the_days_left(authority: Authority) -> None:
    observation = tls_probe(authority)
    assert observation.reason is Reason.OK
    assert observation.certificate_days == 30
    assert observation.timings.tls_ms is not None


def test_few_days_left_are_not_bad(authority: Authority) -> None:
    observation = tls_probe(
        authority, ends_in=timedelta(hours=5), spec={"certificate_warning_days": 21}
    )
    assert (observation.outcome, observation.certificate_days) == (Outcome.OK, 0)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ends_in": timedelta(days=-2)}, Reason.TLS_EXPIRED),
        ({"name": "other.test"}, Reason.TLS_WRONG_NAME),
        ({"trusted": False}, Reason.TLS_UNTRUSTED),
        ({"host": "127.0.0.1"}, Reason.TLS_WRONG_NAME),
    ],
)
def test_each_fault_of_a_certificate_has_its_reason(
    authority: Authority, options: dict[str, Any], reason: Reason
) -> None:
    observation = tls_probe(authority, **options)
    assert (observation.outcome, observation.reason) == (Outcome.BAD, reason)
    assert observation.timings.connect_ms is not None
    assert observation.detail != ""


def test_a_server_without_tls_fails_the_handshake() -> None:
    async def run() -> Observation:
        async with serving(says(b"HTTP/1.1 400 No\r\n\r\n"), reads_head=False) as port:
            target = make_target({"url": f"https://service.test:{port}/"})
            return await KINDS["http"].probe(target, make_network())

    assert asyncio.run(run()).reason is Reason.TLS_FAILED


def test_a_handshake_that_is_not_answered_is_no_answer() -> None:
    async def silent(head: bytes, reader: Any, writer: Any) -> None:
        await asyncio.sleep(60)

    async def run() -> Observation:
        async with serving(silent, reads_head=False) as port:
            target = make_target({"url": f"https://service.test:{port}/"}, timeout_s=0.3)
            return await KINDS["http"].probe(target, make_network())

    assert asyncio.run(run()).reason is Reason.NO_ANSWER


@pytest.mark.parametrize(
    "url",
    [
        "",
        "service.test",
        "//service.test/",
        "ftp://service.test/",
        "file:///etc/passwd",
        "http://",
        "http:///path",
        "http://[::1",
        "http://a b/",
        "http://a..b/",
        "http://service.test:0/",
        "http://service.test:99999/",
        "http://service.test:abc/",
        "http://user:secret@service.test/",
        "http://service.test/\x00",
        "http://0177.0.0.1/",
        "http://" + "a" * 64 + ".test/",
    ],
)
def test_a_malformed_url_is_our_fault(url: str) -> None:
    observation = probe_url(url)
    assert (observation.outcome, observation.reason) == (Outcome.PROBER_FAULT, Reason.BAD_TARGET)
    assert "secret" not in observation.detail


def test_text_that_a_database_cannot_hold_stays_out_of_the_detail() -> None:
    observation = probe(answer(headers=("Content-Encoding: a\x7fb" + "c" * 500,)))
    assert observation.reason is Reason.BAD_ENCODING
    assert "\0" not in observation.detail
    assert len(observation.detail) <= 200


def test_a_closed_tls_connection_lets_go_of_its_socket_at_once(authority: Authority) -> None:
    async def silent(head: bytes, reader: Any, writer: Any) -> None:
        await asyncio.sleep(60)

    async def run() -> int:
        tls = authority.server()
        async with serving(silent, tls=tls, reads_head=False) as port:
            network = make_network(tls=authority.trusting()())
            connection = await network.open("service.test", port, secure=True)
            held = connection.get_extra_info("socket")
            assert held.fileno() > 0
            connection.close()
            await asyncio.sleep(0)
            return int(held.fileno())

    assert asyncio.run(run()) == -1
