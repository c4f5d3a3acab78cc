"""Names to addresses, in threads of our own.

`loop.getaddrinfo` runs in the loop's default executor: a handful of names that do not answer
holds all its threads, every other look-up waits behind them, and `asyncio.run` waits for them
again at its end. Here a name that does not answer holds one daemon thread, whoever waits for it
may leave at any time, and nothing is waited for at the end.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from functools import lru_cache
from ipaddress import ip_address

import idna

from core.net.errors import (
    BadAddress,
    NameNotFound,
    NameTimeout,
    NetError,
    NoSocket,
    ResolverBusy,
)

# Host and port to numeric addresses, best first. Both raise NetError.
Lookup = Callable[[str, int], list[str]]
Resolve = Callable[[str, int], Awaitable[list[str]]]

_MAX_THREADS = 256
# How long a look-up may wait for a free thread before it is our fault and not the name's.
_QUEUE_PATIENCE_S = 1.0
_IDLE_S = 30.0


def ascii_host(host: str) -> str:
    """`host` as it goes to the resolver: lower case, international names in their xn-- form.

    Raises BadAddress for what can be no host.
    """
    host = host.strip().lower()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    try:
        ip_address(host)
        return host
    except ValueError:
        pass
    if not host or len(host) > 253 or any(character in host for character in " /\\@?#%[]:\0"):
        raise BadAddress(f"{host!r} is not a host name")
    if host.isascii():
        if any(not label or len(label) > 63 for label in host.removesuffix(".").split(".")):
            raise BadAddress(f"{host!r} is not a host name")
        return host
    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError:
        raise BadAddress(f"{host!r} is not a host name") from None


def system_lookup(host: str, port: int) -> list[str]:
    """Ask the operating system; blocks for as long as its resolver wants to."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno == socket.EAI_AGAIN:
            raise NameTimeout(f"the name servers did not answer for {host}") from None
        if error.errno in (socket.EAI_MEMORY, socket.EAI_SYSTEM):
            raise NoSocket(f"could not ask for {host}: {error.strerror}") from None
        raise NameNotFound(f"{host} has no address") from None
    except UnicodeError:
        raise NameNotFound(f"{host!r} is not a name") from None
    except OSError as error:
        raise NoSocket(f"could not ask for {host}: {error.strerror}") from None
    # dict: the order of RFC 6724 that the system chose stays, repetitions go.
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Question:
    """One question under way and everyone who waits for its answer."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.begun = False
        self.waiters: list[asyncio.Future[list[str]]] = []


class ThreadResolver:
    """Resolves names in daemon threads that are made on demand, at most `max_threads`.

    Equal questions under way share one thread, so a name that does not answer holds one at most,
    however many checks ask for it. Answers are not kept: a probe sees what a citizen would see.
    """

    def __init__(
        self,
        lookup: Lookup = system_lookup,
        *,
        max_threads: int = _MAX_THREADS,
        queue_patience_s: float = _QUEUE_PATIENCE_S,
    ) -> None:
        self._lookup = lookup
        self._max_threads = max_threads
        self._queue_patience_s = queue_patience_s
        self._changed = threading.Condition()
        self._queue: deque[_Question] = deque()
        self._under_way: dict[tuple[str, int], _Question] = {}
        self._threads = 0
        self._idle = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        """Numeric addresses of `host`, best first. Raises NetError; has no deadline of its own."""
        try:
            return [str(ip_address(host))]
        except ValueError:
            pass
        loop = asyncio.get_running_loop()
        future: asyncio.Future[list[str]] = loop.create_future()
        with self._changed:
            asked = self._under_way.get((host, port))
            if asked is None:
                asked = self._under_way[host, port] = _Question(host, port)
                self._queue.append(asked)
                self._put_to_work(asked)
            asked.waiters.append(future)
            crowded = not asked.begun and self._threads >= self._max_threads
        if crowded:
            loop.call_later(self._queue_patience_s, _give_up, asked, future)
        return await future

    def _put_to_work(self, asked: _Question) -> None:
        if len(self._queue) > self._idle and self._threads < self._max_threads:
            thread = threading.Thread(target=self._work, name="resolver", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The system gives no more threads: the question waits for one that exists.
                if not self._threads:
                    self._queue.remove(asked)
                    del self._under_way[asked.host, asked.port]
                    raise ResolverBusy("no thread to be had") from None
                return
            self._threads += 1
        else:
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._queue:
                    self._idle += 1
                    woken = self._changed.wait(_IDLE_S)
                    self._idle -= 1
                    if not woken and not self._queue:
                        self._threads -= 1
                        return
                asked = self._queue.popleft()
                asked.begun = True
            addresses: list[str] = []
            error: NetError | None = None
            try:
                addresses = self._lookup(asked.host, asked.port)
                if not addresses:
                    error = NameNotFound(f"{asked.host} has no address")
            except NetError as raised:
                error = raised
            except Exception as raised:
                error = NoSocket(f"the resolver failed: {raised!r}")
            with self._changed:
                del self._under_way[asked.host, asked.port]
                waiters = asked.waiters
            for future in waiters:
                try:
                    future.get_loop().call_soon_threadsafe(_settle, future, addresses, error)
                except RuntimeError:
                    # That loop ended long ago; its probe has already been reported as timed out.
                    continue


def _settle(
    future: asyncio.Future[list[str]], addresses: list[str], error: NetError | None
) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(list(addresses))
    else:
        # Several may wait for one answer, and an exception collects a traceback where it is raised.
        future.set_exception(type(error)(str(error)))


def _give_up(asked: _Question, future: asyncio.Future[list[str]]) -> None:
    if not asked.begun and not future.done():
        future.set_exception(ResolverBusy(f"no free thread to ask for {asked.host}"))


@lru_cache(maxsize=1)
def shared_resolver() -> ThreadResolver:
    """The process's resolver; its threads serve one event loop after the other."""
    return ThreadResolver()


# Threads do not survive a fork, but the count of them would.
os.register_at_fork(after_in_child=shared_resolver.cache_clear)
