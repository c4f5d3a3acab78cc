"""Asking name servers themselves, for the records that connecting does not need.

Messages are dnspython's, the sockets ours: its resolvers would open their own, past the guard.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

from core.net.connect import Network
from core.net.errors import (
    ClosedEarly,
    ConnectionRefused,
    NameNotFound,
    NameTimeout,
    NetError,
    NoSocket,
    ProtocolError,
    Unreachable,
)
from core.net.trace import Trace

RECORD_TYPES = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")

_PORT = 53
_RESOLV_CONF = Path("/etc/resolv.conf")
_MAX_SYSTEM_RESOLVERS = 3  # as many as the system's own library asks
# A datagram may get lost; the last answer is waited for as long as there is time.
_SEND_AGAIN_AFTER_S: tuple[float | None, ...] = (1.0, 2.0, None)
# How long a name server may keep the next one waiting, for callers without a deadline.
_PATIENCE_S = 5.0
_UDP_PAYLOAD = 1232  # fits every path unfragmented (DNS flag day 2020)

_OURS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL, errno.EPERM}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of a name, each as `canonical` writes it, never none; and who said so."""

    records: tuple[str, ...]
    resolver: str


def canonical(record_type: str, text: str) -> str:
    """A record in the one spelling that is compared: lower case, whole names, short addresses.

    Of SOA only the primary server's name counts, as the serial number changes with every edit.
    TXT is its text without quotes. Raises ValueError for what is no record of this type.
    """
    text = text.strip()
    if not text or "\n" in text:
        raise ValueError("one line is needed")
    if record_type == "SOA":
        # The type NS holds just a name.
        record_type, text = "NS", text.partition(" ")[0]
    if record_type == "TXT" and not text.startswith('"'):
        return text.lower()
    try:
        record = dns.rdata.from_text(
            dns.rdataclass.IN,
            record_type,
            text,
            origin=dns.name.root,
            relativize=False,
            idna_codec=dns.name.IDNA_2008_UTS_46,
        )
    except (dns.exception.DNSException, UnicodeError) as error:
        raise ValueError(f"{text!r} is no {record_type} record") from error
    return _shown(record)


def _shown(record: dns.rdata.Rdata) -> str:
    if record.rdtype == dns.rdatatype.TXT:
        # One text may travel in several strings (RFC 7208, 3.3).
        return b"".join(record.strings).decode("utf-8", "replace").lower()  # type: ignore[attr-defined]
    if record.rdtype == dns.rdatatype.SOA:
        return record.mname.to_text().lower()  # type: ignore[attr-defined,no-any-return]
    return record.to_text().lower()


def system_resolvers(file: Path = _RESOLV_CONF) -> list[str]:
    """The name servers that this machine is set up with; 127.0.0.1 where it names none."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    entries = [line.split() for line in lines]
    named = [entry[1] for entry in entries if len(entry) > 1 and entry[0] == "nameserver"]
    return named[:_MAX_SYSTEM_RESOLVERS] or ["127.0.0.1"]


async def ask(
    network: Network,
    name: str,
    record_type: str,
    *,
    resolvers: Sequence[str] = (),
    port: int = _PORT,
    trace: Trace,
) -> Answer:
    """The records of type `record_type` that `name` has, aliases followed.

    `resolvers` are numeric addresses, asked in their order: the next one only where one gives no
    usable answer. Each must pass the guard before anything is sent to any. Without resolvers the
    machine's own are asked, on port 53: who runs the machine chose them, every name of every probe
    goes to them already, and they mostly stand on addresses that the guard refuses to others.

    Raises NameNotFound where the name or the record does not exist, NameTimeout where no server
    could find out, other NetErrors for the last server's failure. The trace stays in its phase of
    the name until there is an answer. Has no deadline of its own beside the trace's.
    """
    for address in resolvers:
        network.guard.check(address)
    servers = [(address, port) for address in resolvers]
    servers = servers or [(address, _PORT) for address in system_resolvers()]
    query = dns.message.make_query(name, record_type, use_edns=0, payload=_UDP_PAYLOAD)
    for left in range(len(servers), 0, -1):
        address, at_port = servers[-left]
        # As with connecting, the wait for the machine's own is not limited to a few at once:
        # names that nobody answers for would hold all places, and every other name would wait.
        async with _place(network, address, trace, limited=bool(resolvers)):
            try:
                async with asyncio.timeout(_patience(trace, left)):
                    response = await _exchange(query, address, at_port)
                records = _records(response, name, record_type, address)
            except NameNotFound:
                # Everybody would say so: the next server is for when one does not know.
                raise
            except (NetError, TimeoutError):
                if left == 1:
                    raise
                continue
        trace.resolved()
        return Answer(records, address)
    raise AssertionError("a loop over at least one resolver returns or raises")


@asynccontextmanager
async def _place(
    network: Network, address: str, trace: Trace, *, limited: bool
) -> AsyncIterator[None]:
    trace.enter_queue()
    if limited:
        await network.limits.take(address)
    try:
        trace.leave_queue()
        yield
    finally:
        if limited:
            network.limits.free(address)


def _patience(trace: Trace, left: int) -> float | None:
    """This server's share of the time, in seconds; the last of them needs no limit of its own."""
    if left == 1:
        return None
    ends_at = trace.deadline.when() if trace.deadline is not None else None
    if ends_at is None:
        return _PATIENCE_S
    return (ends_at - asyncio.get_running_loop().time()) / left


def _records(
    response: dns.message.Message, name: str, record_type: str, address: str
) -> tuple[str, ...]:
    rcode = response.rcode()
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise NameTimeout(f"{address} answers {dns.rcode.to_text(rcode)} for {name}")
    try:
        chain = response.resolve_chaining()  # type: ignore[attr-defined]
    except dns.exception.DNSException as error:
        raise ProtocolError(f"{address}: {type(error).__name__}") from error
    if rcode == dns.rcode.NXDOMAIN:
        raise NameNotFound(f"{name} does not exist")
    if chain.answer is None:
        raise NameNotFound(f"{name} has no {record_type} record")
    return tuple(sorted(_shown(record) for record in chain.answer))


async def _exchange(query: dns.message.Message, address: str, port: int) -> dns.message.Message:
    try:
        return await _by_udp(query, address, port)
    except dns.message.Truncated:
        return await _by_tcp(query, address, port)
    except OSError as error:
        raise _failed(error, address) from error


async def _by_udp(query: dns.message.Message, address: str, port: int) -> dns.message.Message:
    loop = asyncio.get_running_loop()
    # Connected, so that the kernel drops what others send and tells when nobody listens.
    transport, conversation = await loop.create_datagram_endpoint(
        lambda: _Conversation(query, loop.create_future()), remote_addr=(address, port)
    )
    try:
        for patience in _SEND_AGAIN_AFTER_S:
            transport.sendto(query.to_wire())
            # Not wait_for: an answer to the first datagram is as good as one to the second.
            done, _ = await asyncio.wait({conversation.answer}, timeout=patience)
            if done:
                break
        return conversation.answer.result()
    finally:
        transport.close()
        if not conversation.answer.cancel():
            conversation.answer.exception()  # read, or asyncio complains that nobody did


class _Conversation(asyncio.DatagramProtocol):
    """One query under way; `answer` is the first datagram that answers it."""

    def __init__(
        self, query: dns.message.Message, answer: asyncio.Future[dns.message.Message]
    ) -> None:
        self._query = query
        self.answer = answer

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self.answer.done() or data[:2] != self._query.id.to_bytes(2, "big"):
            return
        try:
            response = _read(self._query, data)
        except (ProtocolError, dns.message.Truncated) as error:
            self.answer.set_exception(error)
        else:
            self.answer.set_result(response)

    def error_received(self, exc: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(exc or ClosedEarly("the socket was closed"))


async def _by_tcp(query: dns.message.Message, address: str, port: int) -> dns.message.Message:
    """RFC 7766: the same message, with its length before it."""
    writer: asyncio.StreamWriter | None = None
    try:
        # A numeric address that the guard has seen: there is nothing left to resolve.
        reader, writer = await asyncio.open_connection(address, port)
        wire = query.to_wire()
        writer.write(len(wire).to_bytes(2, "big") + wire)
        await writer.drain()
        length = int.from_bytes(await reader.readexactly(2), "big")
        return _read(query, await reader.readexactly(length), whole=True)
    except asyncio.IncompleteReadError as error:
        raise ClosedEarly(f"{address} closed the connection before its answer") from error
    except OSError as error:
        raise _failed(error, address) from error
    finally:
        if writer is not None:
            writer.transport.abort()


def _read(query: dns.message.Message, wire: bytes, *, whole: bool = False) -> dns.message.Message:
    """Raises dns.message.Truncated unless `whole`, and ProtocolError."""
    try:
        response = dns.message.from_wire(wire, ignore_trailing=True, raise_on_truncation=not whole)
    except dns.message.Truncated:
        raise
    except (dns.exception.DNSException, ValueError) as error:
        raise ProtocolError(f"not a DNS message: {type(error).__name__}") from error
    if not query.is_response(response):
        raise ProtocolError("an answer to another question")
    return response


def _failed(error: OSError, address: str) -> NetError:
    text = f"{address}: {error.strerror or error}"
    if error.errno in _OURS:
        return NoSocket(text)
    if isinstance(error, ConnectionRefusedError):
        return ConnectionRefused(text)
    if isinstance(error, ConnectionError):
        return ClosedEarly(text)
    return Unreachable(text)
