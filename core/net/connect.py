"""Opening connections: resolve, check every address, connect to a checked one, then TLS."""

from __future__ import annotations

import asyncio
import errno
import math
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import certifi
import httpcore

from core.net.errors import (
    BadAddress,
    CertificateExpired,
    CertificateUntrusted,
    CertificateWrongName,
    ClosedEarly,
    ConnectionRefused,
    ConnectTimeout,
    NameNotFound,
    NetError,
    NoAnswer,
    NoSocket,
    TlsFailed,
    Unreachable,
)
from core.net.guard import Guard
from core.net.names import Resolve, ascii_host, shared_resolver
from core.net.trace import Phase, Trace

# RFC 8305, section 5: how long one address may stay silent before the next is tried beside it.
_NEXT_ADDRESS_AFTER_S = 0.25
_MAX_ADDRESSES = 4

_OURS = frozenset(
    {
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOBUFS,
        errno.ENOMEM,
        errno.EADDRNOTAVAIL,
        errno.EACCES,
        errno.EPERM,
        errno.EAFNOSUPPORT,
    }
)

# X509_V_ERR_…, which the ssl module hands over as bare numbers.
_CERT_HAS_EXPIRED = 10
_HOSTNAME_MISMATCH = 62
_IP_ADDRESS_MISMATCH = 64


class HostLimits:
    """At most `limit` connections at once to one host, whoever opens them.

    Belongs to one event loop. Places are given in the order in which they were asked for.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._places: dict[str, tuple[asyncio.Semaphore, list[None]]] = {}

    async def take(self, host: str) -> None:
        """Wait for a place at `host`; whoever got one gives it back with `free`."""
        semaphore, users = self._places.setdefault(host, (asyncio.Semaphore(self._limit), []))
        users.append(None)
        try:
            await semaphore.acquire()
        except BaseException:
            self._leave(host)
            raise

    def free(self, host: str) -> None:
        """Give a place back."""
        self._places[host][0].release()
        self._leave(host)

    def _leave(self, host: str) -> None:
        users = self._places[host][1]
        users.pop()
        if not users:
            del self._places[host]


def ssl_context(extra_ca_file: str | None = None) -> ssl.SSLContext:
    """The process's context for this choice of authorities; making one costs some 35 ms.

    Trusts certifi's list and, beside it, `extra_ca_file` (PEM), e.g. the government's own
    authority. Raises OSError or ssl.SSLError when the file cannot be used.
    """
    # The cache tells an argument left out from the same one given.
    return _ssl_context(extra_ca_file)


@lru_cache(maxsize=8)
def _ssl_context(extra_ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=certifi.where())
    if extra_ca_file:
        context.load_verify_locations(cafile=extra_ca_file)
    return context


class Connection(httpcore.AsyncNetworkStream):
    """An open connection; close it with `aclose`, which is also what gives its place back."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        trace: Trace,
        limits: HostLimits,
        host: str,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._trace = trace
        self._limits = limits
        self._host = host
        # Asked now: a connection that the peer has closed no longer tells.
        self._secure = writer.get_extra_info("ssl_object") is not None
        self._closed = False

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,
    ) -> bytes:
        """What has arrived, at most `max_bytes`; b"" when the peer sends no more.

        Raises NoAnswer after `timeout` seconds, ClosedEarly when the connection was reset.
        """
        try:
            if timeout is None:
                data = await self._reader.read(max_bytes)
            else:
                async with asyncio.timeout(timeout):
                    data = await self._reader.read(max_bytes)
        except (TimeoutError, OSError) as error:
            raise _broken(error) from error
        if data:
            self._trace.first_byte()
        return data

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,
    ) -> None:
        """Send `buffer`. Raises httpcore.WriteError, as a server may answer without listening."""
        try:
            self._writer.write(buffer)
            async with asyncio.timeout(timeout):
                await self._writer.drain()
        except TimeoutError as error:
            raise NoAnswer("the peer takes nothing") from error
        except OSError as error:
            # httpcore swallows this one and goes on to read what the server had to say.
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        """Say good-bye and let go at once; closing twice is harmless."""
        if self._closed:
            return
        self._closed = True
        self._limits.free(self._host)
        transport = self._writer.transport
        if not transport.is_closing():
            transport.close()
        if self._secure:
            # `close` has handed TLS's good-bye to the kernel; waiting for the peer's would keep
            # the socket of a silent server for another 30 seconds.
            transport.abort()

    def get_extra_info(self, info: str) -> Any:
        return self._writer.get_extra_info(info)

    def certificate_days(self, now: datetime) -> int | None:
        """Whole days from `now` until the peer's certificate ends; None without TLS."""
        secured: ssl.SSLObject | None = self._writer.get_extra_info("ssl_object")
        certificate = secured.getpeercert() if secured is not None else None
        if not certificate:
            return None
        ends_at = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
        return math.floor((ends_at - now.timestamp()) / 86_400)


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What a deployment says about its network; plain values, so that a task can carry them."""

    allowed: tuple[str, ...] = ()
    extra_ca_file: str | None = None
    user_agent: str = "StatusPortal-Probe/1.0"
    per_host: int = 8


class Network:
    """Everything that a connection needs; one for each event loop."""

    def __init__(
        self,
        *,
        guard: Guard,
        resolve: Resolve | None = None,
        tls: ssl.SSLContext | None = None,
        per_host: int = 8,
        user_agent: str = "StatusPortal-Probe/1.0",
    ) -> None:
        self.guard = guard
        self.resolve: Resolve = resolve or shared_resolver()
        self.tls = tls or ssl_context()
        self.limits = HostLimits(per_host)
        self.user_agent = user_agent

    @classmethod
    def from_settings(cls, settings: NetworkSettings) -> Network:
        """Raises ValueError, OSError or ssl.SSLError when the settings cannot be used."""
        return cls(
            guard=Guard(settings.allowed),
            tls=ssl_context(settings.extra_ca_file),
            per_host=settings.per_host,
            user_agent=settings.user_agent,
        )

    async def open(
        self,
        host: str,
        port: int,
        *,
        secure: bool = False,
        trace: Trace | None = None,
        tls: ssl.SSLContext | None = None,
        server_name: str | None = None,
    ) -> Connection:
        """A connection to `host`, with TLS when `secure`.

        TLS asks for, and insists on, a certificate in `server_name`, which is the host's own name
        where none is given. Every address that the host has must pass the guard; the connection
        goes to one of those very addresses. Raises NetError, or BadAddress for what can be no
        host and port. Has no deadline of its own.
        """
        host = ascii_host(host)
        certified = ascii_host(server_name) if server_name else host
        if not 0 < port < 65_536:
            raise BadAddress(f"{port} is not a port")
        trace = trace or Trace()
        trace.enter_queue()
        await self.limits.take(host)
        try:
            trace.leave_queue()
            addresses = await self.resolve(host, port)
            if not addresses:
                raise NameNotFound(f"{host} has no address")
            for address in addresses:
                self.guard.check(address)
            trace.resolved()
            connected = await _connect(addresses[:_MAX_ADDRESSES], port)
            trace.connected(Phase.TLS if secure else Phase.ANSWER)
            # From here on the socket is the transport's, which closes it when the handshake fails.
            reader, writer = await _streams(
                connected, certified.rstrip("."), (tls or self.tls) if secure else None
            )
            connection = Connection(reader, writer, trace=trace, limits=self.limits, host=host)
        except BaseException:
            self.limits.free(host)
            raise
        if secure:
            trace.secured()
            days = connection.certificate_days(trace.started_at)
            if days is not None:
                known = trace.certificate_days
                trace.certificate_days = days if known is None else min(days, known)
        return connection


async def _connect(addresses: list[str], port: int) -> socket.socket:
    """A connected socket to the first of `addresses` that answers (RFC 8305)."""
    if len(addresses) == 1:
        return await _connect_to(addresses[0], port)
    waiting = list(addresses)
    attempts: set[asyncio.Task[socket.socket]] = set()
    errors: list[NetError] = []
    try:
        while waiting or attempts:
            if waiting:
                attempts.add(asyncio.create_task(_connect_to(waiting.pop(0), port)))
            done, attempts = await asyncio.wait(
                attempts,
                timeout=_NEXT_ADDRESS_AFTER_S if waiting else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            winner: socket.socket | None = None
            for attempt in done:
                error = attempt.exception()
                if error is None:
                    if winner is None:
                        winner = attempt.result()
                    else:
                        attempt.result().close()
                elif isinstance(error, NetError):
                    errors.append(error)
                else:
                    raise error
            if winner is not None:
                return winner
    finally:
        for attempt in attempts:
            attempt.cancel()
        # A cancelled attempt closes its socket itself; one that had just won is closed here.
        for ended in await asyncio.gather(*attempts, return_exceptions=True):
            if isinstance(ended, socket.socket):
                ended.close()
    # What the host itself said tells more than that one family of addresses has no route here.
    raise min(errors, key=_telling)


def _telling(error: NetError) -> int:
    order: tuple[type[NetError], ...] = (ConnectionRefused, ConnectTimeout, Unreachable)
    return next((place for place, kind in enumerate(order) if isinstance(error, kind)), 9)


async def _connect_to(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ip_address(address).version == 6 else socket.AF_INET
    try:
        connecting = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _not_connected(error, address) from error
    try:
        connecting.setblocking(False)
        connecting.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(connecting, (address, port))
    except OSError as error:
        connecting.close()
        raise _not_connected(error, address) from error
    except BaseException:
        connecting.close()
        raise
    return connecting


def _not_connected(error: OSError, address: str) -> NetError:
    text = f"{address}: {error.strerror or error}"
    if error.errno in _OURS:
        return NoSocket(text)
    if isinstance(error, ConnectionRefusedError):
        return ConnectionRefused(text)
    if isinstance(error, TimeoutError):
        return ConnectTimeout(text)
    if isinstance(error, ConnectionError):
        return ClosedEarly(text)
    return Unreachable(text)


def _broken(error: Exception) -> NetError:
    if isinstance(error, ssl.SSLError):
        return TlsFailed(error.reason or str(error))
    if isinstance(error, TimeoutError):
        return NoAnswer("nothing arrived in time")
    return ClosedEarly(str(error))


async def _streams(
    connected: socket.socket, server_name: str, tls: ssl.SSLContext | None
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    try:
        transport, _ = await loop.create_connection(
            lambda: protocol,
            sock=connected,
            ssl=tls,
            server_hostname=server_name if tls else None,
        )
    except ssl.SSLCertVerificationError as error:
        raise _untrusted(error) from error
    except ssl.SSLError as error:
        raise TlsFailed(error.reason or str(error)) from error
    except OSError as error:
        raise TlsFailed(f"the connection ended during the handshake: {error}") from error
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _untrusted(error: ssl.SSLCertVerificationError) -> TlsFailed:
    if error.verify_code == _CERT_HAS_EXPIRED:
        return CertificateExpired(error.verify_message)
    if error.verify_code in (_HOSTNAME_MISMATCH, _IP_ADDRESS_MISMATCH):
        return CertificateWrongName(error.verify_message)
    return CertificateUntrusted(error.verify_message)
