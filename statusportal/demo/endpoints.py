"""The demo nation's systems: real HTTP, TLS and TCP on loopback, in one process.

Each endpoint has a port of its own, so that it can refuse, hang or lie without the others.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import ssl
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zlib import crc32

from core.net import NetError
from services import heartbeats
from services.labels import Network
from statusportal.demo import certificates, faults, nation, pages
from statusportal.demo.faults import CannotBreak, Fault, Faults, How
from statusportal.demo.nation import Endpoint, Speech
from statusportal.demo.plan import (
    BEAT_EVERY_S,
    HOST,
    KEY_HEADER,
    PATHS,
    SLOW_ANSWER_S,
    Plan,
    PlanError,
    listening,
    reserve,
    taken,
)

_HEAD_BYTES = 16 * 1024
_HEAD_TIMEOUT_S = 5.0
# Longer than any probe waits; shorter than for ever, so that idle connections do not pile up.
_SILENCE_S = 60.0
_BACKLOG = 64
# How a conversation may end without anybody minding: clients break off as they like, in the
# middle of TLS too, and those that hang are cancelled when the process ends (asyncio would report
# a cancelled conversation as a bug of ours).
_ENDINGS = (
    OSError,
    TimeoutError,
    asyncio.IncompleteReadError,
    asyncio.LimitOverrunError,
    asyncio.CancelledError,
)


def latency_s(key: str) -> float:
    """How long this endpoint usually takes: 5 to 60 ms, always the same."""
    return (5 + crc32(key.encode()) % 56) / 1000


class System:
    """One endpoint with its port: listens, answers, fails as it is told."""

    def __init__(self, endpoint: Endpoint, plan: Plan, broken: Faults) -> None:
        self.endpoint = endpoint
        self._port = plan.port(endpoint)
        self._api_key = plan.api_key
        self._faults = broken
        self._latency_s = latency_s(endpoint.key)
        self._path = PATHS.get(endpoint.speech)
        self._good = pages.good(endpoint)
        self._wrong = pages.wrong(endpoint)
        self._error = pages.error(endpoint)
        self._tls = self._context(plan.folder) if endpoint.tls else None
        self._server: asyncio.Server | None = None
        self._held = reserve(self._port)

    async def listen(self) -> None:
        """Open the port, unless it is meant to refuse. Raises PlanError where it is taken."""
        fault = self._faults[self.endpoint.key]
        if self._server is None and (fault is None or fault.how is not How.REFUSED):
            try:
                self._server = await asyncio.start_server(
                    self._serve,
                    sock=self._held,
                    ssl=self._tls,
                    limit=_HEAD_BYTES,
                    backlog=_BACKLOG,
                )
            except OSError:
                # A port that is held but not listened on can still be taken from under us.
                raise taken(self._port) from None

    async def follow_fault(self) -> None:
        """Close or open the port as the faults now have it."""
        fault = self._faults[self.endpoint.key]
        if fault is None or fault.how is not How.REFUSED:
            await self.listen()
        elif self._server is not None:
            self._server.close()
            self._server = None
            # Bound but not listening: the kernel refuses, and gives the port to nobody who asks
            # for any free one.
            self._held = reserve(self._port)

    def close(self) -> None:
        """Free the port."""
        if self._server is not None:
            self._server.close()
        else:
            self._held.close()

    def _context(self, folder: Path) -> ssl.SSLContext:
        good = _server_context(folder / certificates.LEAF)
        bad = {
            How.TLS: _server_context(folder / certificates.EXPIRED),
            How.TLS_NAME: _server_context(folder / certificates.WRONG_NAME),
        }

        def choose(connection: ssl.SSLObject, _name: str | None, _context: object) -> None:
            how = self._faults.strike(self.endpoint.key, in_handshake=True)
            if how is not None:
                connection.context = bad[how]

        # Called for every handshake, also when the client names no host.
        good.sni_callback = choose
        return good

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*_ENDINGS):
            try:
                await self._answer(reader, writer)
            finally:
                writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = b""
        if self.endpoint.speech is not Speech.GREETING:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_TIMEOUT_S)
        how = self._faults.strike(self.endpoint.key, in_handshake=False)
        if how is How.TIMEOUT:
            await asyncio.wait_for(reader.read(), _SILENCE_S)
            return
        await asyncio.sleep(SLOW_ANSWER_S if how is How.SLOW else self._latency_s)
        writer.write(self._said(how, head))
        await writer.drain()

    def _said(self, how: How | None, head: bytes) -> bytes:
        if how is How.ERROR:
            return self._error
        if how is How.TEXT:
            return self._wrong
        if self.endpoint.speech is Speech.GREETING:
            return self._good
        return self._refusal(head) or self._good

    def _refusal(self, head: bytes) -> bytes | None:
        """What is said to who asks for something else, or without the key."""
        request, *fields = head.decode("latin-1").split("\r\n")
        method, _, rest = request.partition(" ")
        if method not in {"GET", "HEAD"}:
            return pages.response(HTTPStatus.METHOD_NOT_ALLOWED, b"", "text/plain")
        if rest.partition(" ")[0].partition("?")[0] != self._path:
            return pages.response(HTTPStatus.NOT_FOUND, b"not here\n", "text/plain")
        if self.endpoint.speech is Speech.KEYED_STATE and not self._has_key(fields):
            return pages.response(HTTPStatus.UNAUTHORIZED, b"a key is needed\n", "text/plain")
        if method == "HEAD":
            return self._good.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        return None

    def _has_key(self, fields: Sequence[str]) -> bool:
        for line in fields:
            name, _, value = line.partition(":")
            if name.strip().lower() == KEY_HEADER.lower():
                return hmac.compare_digest(value.strip().encode(), self._api_key.encode())
        return False


class Nation:
    """All systems, and the control port through which they are broken and mended."""

    def __init__(self, plan: Plan, endpoints: Sequence[Endpoint] | None = None) -> None:
        """Serve `endpoints`, or everything that listens. Raises PlanError for a taken port."""
        self._plan = plan
        self.faults = Faults(plan.folder / "faults.json")
        self._control: asyncio.Server | None = None
        self._held = reserve(plan.control_port)
        self._systems: dict[str, System] = {}
        try:
            for endpoint in listening() if endpoints is None else endpoints:
                self._systems[endpoint.key] = System(endpoint, plan, self.faults)
        except BaseException:
            self.close()
            raise

    async def open(self) -> int:
        """Listen everywhere; returns the number of endpoints."""
        for system in self._systems.values():
            await system.listen()
        self._control = await asyncio.start_server(self._obey, sock=self._held)
        return len(self._systems)

    def close(self) -> None:
        """Free every port."""
        for system in self._systems.values():
            system.close()
        if self._control is not None:
            self._control.close()
        else:
            self._held.close()

    async def order(self, order: dict[str, Any]) -> list[str]:
        """Carry out one order and say what was done, a sentence each.

        Raises CannotBreak, and PlanError where a port that was closed is taken by now.
        """
        act = order.get("act")
        if act == "break":
            return await self._break(order)
        if act == "mend":
            return await self._mend(order)
        if act == "cut":
            return await self._cut(Network(order["network"]))
        if act == "list":
            lines = [_described(key, fault) for key, fault in self.faults.items()]
            return lines or ["Nothing is broken."]
        raise CannotBreak(f"Nobody knows how to {act!r}.")

    async def _break(self, order: dict[str, Any]) -> list[str]:
        how, times = How(order["how"]), order.get("times")
        endpoints = faults.chosen(order["slug"], channel=order.get("channel"), how=how, times=times)
        keys = [one.key for one in endpoints if one.key in self._systems or not one.listens]
        self.faults.put(keys, Fault(how, times))
        for key in keys:
            if key in self._systems:
                await self._systems[key].follow_fault()
        return [_described(key, Fault(how, times)) for key in keys]

    async def _cut(self, network: Network) -> list[str]:
        fault = Fault(How.REFUSED)
        self.faults.put([str(network)], fault)
        # What shows that the network is whole goes first, or a shard on its way would find a
        # silent service between two references that answer.
        for system in reversed(self._systems.values()):
            await system.follow_fault()
        return [_described(str(network), fault)]

    async def _mend(self, order: dict[str, Any]) -> list[str]:
        if order.get("slug") is None:
            keys = [key for key, _fault in self.faults.items()]
        elif order["slug"] in set(Network):
            keys = [order["slug"]]
        else:
            endpoints = faults.chosen(order["slug"], channel=order.get("channel"))
            keys = [endpoint.key for endpoint in endpoints]
        mended = self.faults.drop(keys)
        # The references come last here, for the same reason for which they go first.
        for system in self._systems.values():
            await system.follow_fault()
        return [f"{key}: mended" for key in mended] or ["Nothing was broken there."]

    async def _obey(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(*_ENDINGS, ValueError):
            try:
                line = await asyncio.wait_for(reader.readline(), _HEAD_TIMEOUT_S)
                writer.write(json.dumps(await self._reply(json.loads(line))).encode() + b"\n")
                await writer.drain()
            finally:
                writer.close()

    async def _reply(self, order: dict[str, Any]) -> dict[str, Any]:
        token = str(order.get("token", ""))
        if not hmac.compare_digest(token.encode(), self._plan.control_token.encode()):
            return {"refused": "These endpoints belong to another demo: the token is wrong."}
        try:
            return {"done": await self.order(order)}
        except (CannotBreak, PlanError) as refusal:
            return {"refused": str(refusal)}


async def serve(plan: Plan, stop: asyncio.Event, *, say: Any = print) -> None:
    """Serve everything until `stop` is set. Raises PlanError where a port is taken."""
    systems = Nation(plan)
    callers: list[asyncio.Task[None]] = []
    try:
        number = await systems.open()
        callers += [
            asyncio.create_task(keep_calling(endpoint, plan, systems.faults))
            for endpoint in nation.endpoints()
            if not endpoint.listens
        ]
        say(f"{number} endpoints of the demo nation answer on {HOST}.")
        await stop.wait()
    finally:
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        systems.close()


async def keep_calling(
    endpoint: Endpoint, plan: Plan, broken: Faults, *, every_s: float = BEAT_EVERY_S
) -> None:
    """Call the portal as this system does when its job is done, until cancelled.

    `error` makes it tell of a failure; every other fault, and a cut network, silences it.
    """
    while True:
        how = broken.strike(endpoint.key, in_handshake=False)
        file = plan.token_file(endpoint)
        if how in {None, How.ERROR} and file.exists():
            path = f"{heartbeats.DOOR}{file.read_text(encoding='utf-8')}/"
            # The portal starts later than we do, and is stopped now and then.
            with suppress(NetError, TimeoutError):
                await heartbeats.knock(path if how is None else f"{path}?status=fail")
        await asyncio.sleep(every_s)


def _server_context(file: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def _described(key: str, fault: Fault) -> str:
    if key in set(Network):
        return f"{key}: cut until mended"
    if fault.answers_left is None:
        return f"{key}: {fault.how} until mended"
    answers = "answer" if fault.answers_left == 1 else "answers"
    return f"{key}: {fault.how} for {fault.answers_left} {answers}"
