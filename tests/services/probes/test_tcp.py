"""The tcp probe."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from services.probes import KINDS
from services.status.health import Outcome
from services.status.observation import Observation, Reason
from tests.services.probes.loopback import Handler, make_network, make_target, says, serving


def probe(handler: Handler, banner: str | None = None, **fields: Any) -> Observation:
    async def run() -> Observation:
        async with serving(handler, reads_head=False) as port:
            spec = {"host": "service.test", "port": port, "expect_banner": banner}
            return await KINDS["tcp"].probe(make_target(spec, kind="tcp", **fields), make_network())

    return asyncio.run(run())


async def line_by_line(head: bytes, reader: Any, writer: Any) -> None:
    writer.write(b"220-mail.test\r\n")
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.write(b"220 ready\r\n")
    await writer.drain()
    await asyncio.sleep(60)


async def silent(head: bytes, reader: Any, writer: Any) -> None:
    await asyncio.sleep(60)


async def talkative(head: bytes, reader: Any, writer: Any) -> None:
    while True:
        writer.write(b"blah " * 1000)
        await writer.drain()


@pytest.mark.parametrize(
    ("handler", "banner", "reason"),
    [
        (silent, None, Reason.OK),
        (says(b"220 ready\r\n"), "220", Reason.OK),
        (line_by_line, "220 ready", Reason.OK),
        (line_by_line, "SSH-2.0", Reason.TEXT_MISSING),
        (says(b"220 ready\r\n"), "SSH-2.0", Reason.TEXT_MISSING),
        (talkative, "SSH-2.0", Reason.TEXT_MISSING),
        (says(b""), "220", Reason.CLOSED_EARLY),
    ],
)
def test_it_connects_and_reads_the_greeting(
    handler: Handler, banner: str | None, reason: Reason
) -> None:
    assert probe(handler, banner).reason is reason


def test_a_greeting_that_does_not_come_is_no_answer() -> None:
    assert probe(silent, "220", timeout_s=0.3).reason is Reason.NO_ANSWER


def test_nothing_listening_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    target = make_target({"host": "127.0.0.1", "port": port}, kind="tcp")

    async def run() -> Observation:
        return await KINDS["tcp"].probe(target, make_network())

    observation = asyncio.run(run())
    assert (observation.outcome, observation.reason) == (Outcome.BAD, Reason.REFUSED)
