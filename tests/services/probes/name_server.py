"""Name servers on loopback that answer by UDP and by TCP; each ends with its test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import dns.message
import dns.rcode
import dns.rrset

# From the query and whether it came by TCP to the bytes of the answer; None: silence.
Zone = Callable[[dns.message.Message, bool], bytes | None]

NAME = "service.test."


def holds(*records: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR) -> Zone:
    """A zone that answers everything with `records`, each "owner type data"."""

    def answer(query: dns.message.Message, by_tcp: bool) -> bytes:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        for record in records:
            owner, record_type, data = record.split(" ", 2)
            response.answer.append(dns.rrset.from_text(owner, 300, "IN", record_type, data))
        return response.to_wire(max_size=65_535)

    return answer


def fails(rcode: dns.rcode.Rcode) -> Zone:
    return holds(rcode=rcode)


def silence(query: dns.message.Message, by_tcp: bool) -> None:
    return None


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        answer = self._zone(dns.message.from_wire(data), False)
        if answer is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def name_server(zone: Zone, address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """The port at which `zone` answers, by UDP and by TCP."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            length = int.from_bytes(await reader.readexactly(2), "big")
            query = dns.message.from_wire(await reader.readexactly(length))
            answer = zone(query, True)
            if answer is not None:
                writer.write(len(answer).to_bytes(2, "big") + answer)
                await writer.drain()
        finally:
            writer.close()

    server = await asyncio.start_server(serve, address, port)
    port = server.sockets[0].getsockname()[1]
    try:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Udp(zone), local_addr=(address, port)
        )
        try:
            yield port
        finally:
            transport.close()
    finally:
        server.close()
        await asyncio.sleep(0)  # in which the transports let go of their sockets
