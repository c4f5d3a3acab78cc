"""Real servers on loopback, as unfriendly as servers get; every one ends with its test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_network
from typing import Any

from core.net import Guard, Network, Resolve
from services.probes import KINDS, Target
from services.status.observation import Observation

Handler = Callable[[bytes, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

DUE_AT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


def answer(body: bytes = b"", status: str = "200 OK", *, headers: tuple[str, ...] = ()) -> Handler:
    """A server that answers every request with the same."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]

    async def handler(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)

    return handler


def says(data: bytes) -> Handler:
    """A server that sends `data` whatever it is asked, and closes."""

    async def handler(
        head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(data)

    return handler


@asynccontextmanager
async def serving(
    handler: Handler,
    *,
    tls: ssl.SSLContext | None = None,
    reads_head: bool = True,
    port: int = 0,
) -> AsyncIterator[int]:
    """The port on 127.0.0.1 where `handler` serves; connections are dropped at the end."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            head = await reader.readuntil(b"\r\n\r\n") if reads_head else b""
            await handler(head, reader, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", port, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # in which the transports let go of their sockets


def make_target(
    spec: Mapping[str, Any], *, kind: str = "http", check_id: int = 7, **fields: Any
) -> Target:
    """A target with a short timeout, due at a fixed instant."""
    fields.setdefault("timeout_s", 5.0)
    return Target(check_id=check_id, location_id=1, kind=kind, spec=spec, due_at=DUE_AT, **fields)


def make_network(resolve: Resolve | None = None, **options: Any) -> Network:
    """A network that may go to loopback."""
    return Network(guard=Guard(LOOPBACK), resolve=resolve or to_loopback, **options)


async def to_loopback(host: str, port: int) -> list[str]:
    """Every name is this machine."""
    return ["127.0.0.1"]


def probe(
    handler: Handler,
    spec: Mapping[str, Any] | None = None,
    *,
    path: str = "/",
    scheme: str = "http",
    host: str = "service.test",
    server_tls: ssl.SSLContext | None = None,
    network: Callable[[], Network] = make_network,
    **fields: Any,
) -> Observation:
    """What the http probe makes of a server with `handler`."""

    async def run() -> Observation:
        async with serving(handler, tls=server_tls) as port:
            url = f"{scheme}://{host}:{port}{path}"
            target = make_target({"url": url, **(spec or {})}, **fields)
            return await KINDS["http"].probe(target, network())

    return asyncio.run(run())


def total_ms(observation: Observation) -> int:
    """How long the probe took, which every observation says."""
    assert observation.timings.total_ms is not None
    return observation.timings.total_ms
