"""Names in threads of their own, places at a host, several addresses, and the plain client."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from time import monotonic

import httpx
import pytest

from core.net import (
    AddressRefused,
    BadAddress,
    ConnectionRefused,
    ConnectTimeout,
    Guard,
    HostLimits,
    NameNotFound,
    NameTimeout,
    NetError,
    Network,
    NetworkSettings,
    NoAnswer,
    NoSocket,
    Phase,
    ResolverBusy,
    ThreadResolver,
    Trace,
    async_client,
    ssl_context,
)
from tests.services.probes.loopback import serving

LOOPBACK = Guard(["127.0.0.0/8", "::1/128"])


async def hold(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Keep the connection until the other side ends it."""
    await reader.read()


class SlowNames:
    """A blocking look-up that answers at once for good names, and for others when released."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        if host.startswith("dead"):
            self.release.wait(20)
            raise NameTimeout(host)
        return ["127.0.0.1"]


def test_fifty_dead_names_delay_neither_a_good_one_nor_the_end() -> None:
    names = SlowNames()
    resolver = ThreadResolver(names)

    async def run() -> float:
        dead = [asyncio.create_task(resolver(f"dead{n}.test", 80)) for n in range(50)]
        await asyncio.sleep(0)
        begun = monotonic()
        assert await resolver("good.test", 80) == ["127.0.0.1"]
        took = monotonic() - begun
        assert not any(task.done() for task in dead)
        return took

    begun = monotonic()
    try:
        assert asyncio.run(run()) < 0.5
        assert monotonic() - begun < 1.5
    finally:
        names.release.set()


def test_one_dead_name_holds_one_thread_however_many_ask() -> None:
    names = SlowNames()
    resolver = ThreadResolver(names)

    async def run() -> list[object]:
        asking = [asyncio.create_task(resolver("dead.test", 80)) for _ in range(30)]
        await asyncio.sleep(0.05)
        asking[0].cancel()
        names.release.set()
        return list(await asyncio.gather(*asking, return_exceptions=True))

    ended = asyncio.run(run())
    assert names.asked == ["dead.test"]
    assert isinstance(ended[0], asyncio.CancelledError)
    assert [type(error) for error in ended[1:]] == [NameTimeout] * 29
    assert len({id(error) for error in ended[1:]}) == 29


def test_an_answer_is_not_kept() -> None:
    names = SlowNames()
    resolver = ThreadResolver(names)

    async def run() -> None:
        await resolver("good.test", 80)
        await resolver("good.test", 80)

    asyncio.run(run())
    assert names.asked == ["good.test", "good.test"]


def test_without_a_free_thread_it_is_our_fault_and_not_the_names() -> None:
    names = SlowNames()
    resolver = ThreadResolver(names, max_threads=2, queue_patience_s=0.05)

    async def run() -> None:
        dead = [asyncio.create_task(resolver(f"dead{n}.test", 80)) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(ResolverBusy):
            await resolver("good.test", 80)
        names.release.set()
        await asyncio.gather(*dead, return_exceptions=True)
        assert await resolver("good.test", 80) == ["127.0.0.1"]

    asyncio.run(run())


def test_a_loop_that_has_ended_does_not_disturb_the_next() -> None:
    names = SlowNames()
    resolver = ThreadResolver(names, max_threads=1)

    async def leave() -> None:
        asyncio.get_running_loop().create_task(resolver("dead.test", 80))
        await asyncio.sleep(0.02)

    async def stay() -> list[str]:
        return await resolver("good.test", 80)

    asyncio.run(leave())
    names.release.set()
    assert asyncio.run(stay()) == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("errno", "error"),
    [
        (socket.EAI_NONAME, NameNotFound),
        (socket.EAI_FAIL, NameNotFound),
        (socket.EAI_AGAIN, NameTimeout),
        (socket.EAI_MEMORY, NoSocket),
    ],
)
def test_each_answer_of_the_systems_resolver_has_its_error(
    monkeypatch: pytest.MonkeyPatch, errno: int, error: type[NetError]
) -> None:
    def getaddrinfo(*args: object, **options: object) -> None:
        raise socket.gaierror(errno, "so it says")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    async def run() -> None:
        await ThreadResolver()("service.test", 80)

    with pytest.raises(error):
        asyncio.run(run())


def test_a_look_up_that_breaks_leaves_the_thread_alive() -> None:
    def lookup(host: str, port: int) -> list[str]:
        if host == "odd.test":
            raise ZeroDivisionError
        return ["127.0.0.1"]

    resolver = ThreadResolver(lookup, max_threads=1)

    async def run() -> None:
        with pytest.raises(NoSocket):
            await resolver("odd.test", 80)
        assert await resolver("good.test", 80) == ["127.0.0.1"]

    asyncio.run(run())


def test_no_more_than_the_limit_at_once_at_one_host() -> None:
    async def run() -> None:
        limits = HostLimits(2)
        at_once = 0
        most = 0

        async def errand(host: str) -> None:
            nonlocal at_once, most
            await limits.take(host)
            at_once += host == "busy.test"
            most = max(most, at_once)
            await asyncio.sleep(0.01)
            at_once -= host == "busy.test"
            limits.free(host)

        crowd = [asyncio.create_task(errand("busy.test")) for _ in range(10)]
        await asyncio.sleep(0)
        begun = monotonic()
        await errand("other.test")
        assert monotonic() - begun < 0.04
        # whoever leaves the queue takes nothing with him
        crowd[5].cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        assert most == 2
        assert limits._places == {}

    asyncio.run(run())


def test_waiting_for_a_place_is_not_the_hosts_time() -> None:
    async def run() -> None:
        async with serving(hold, reads_head=False) as port:
            network = Network(guard=LOOPBACK, per_host=1)
            first = await network.open("127.0.0.1", port)
            asyncio.get_running_loop().call_later(0.2, first.close)
            async with asyncio.timeout(0.3) as deadline:
                trace = Trace(deadline)
                due = deadline.when()
                begun_at = trace.started_at
                second = await network.open("127.0.0.1", port, trace=trace)
                assert trace.phase is Phase.ANSWER
                assert trace.total_ms < 150
                assert (trace.started_at - begun_at).total_seconds() >= 0.15
                moved = deadline.when()
                assert due is not None
                assert moved is not None
                assert 0.15 < moved - due < 0.3
            second.close()
            second.close()
            assert network.limits._places == {}

    asyncio.run(run())


@pytest.mark.parametrize(
    ("addresses", "reached"),
    [
        (["127.0.0.2", "127.0.0.1"], True),
        (["127.0.0.1", "127.0.0.2"], True),
        (["127.0.0.2", "127.0.0.3"], False),
    ],
)
def test_one_address_that_answers_is_enough(addresses: list[str], reached: bool) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return addresses

    async def run() -> None:
        async with serving(hold, reads_head=False) as port:
            network = Network(guard=LOOPBACK, resolve=resolve)
            connection = await network.open("several.test", port)
            assert connection.get_extra_info("peername") == ("127.0.0.1", port)
            connection.close()

    if reached:
        asyncio.run(run())
    else:
        with pytest.raises(ConnectionRefused):
            asyncio.run(run())


def test_a_silent_address_is_not_waited_for() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.2", 0))
        silent.listen(0)
        port = silent.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.2", port))

        async def resolve(host: str, port: int) -> list[str]:
            return ["127.0.0.2", "127.0.0.1"]

        async def run() -> float:
            async with serving(hold, reads_head=False, port=port):
                begun = monotonic()
                connection = await Network(guard=LOOPBACK, resolve=resolve).open("half.test", port)
                took = monotonic() - begun
                connection.close()
                return took

        try:
            assert 0.2 < asyncio.run(run()) < 1
        finally:
            for filler in fillers:
                filler.close()


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_a_port_that_is_none_is_a_bad_address(port: int) -> None:
    async def run() -> None:
        await Network(guard=LOOPBACK).open("127.0.0.1", port)

    with pytest.raises(BadAddress):
        asyncio.run(run())


def test_a_context_is_made_once() -> None:
    assert ssl_context() is ssl_context()
    assert ssl_context().verify_mode is ssl.CERT_REQUIRED
    assert ssl_context().check_hostname is True


def test_settings_make_a_network() -> None:
    network = Network.from_settings(NetworkSettings(allowed=("10.0.0.0/8",), user_agent="Me/1"))
    network.guard.check("10.1.2.3")
    assert network.user_agent == "Me/1"
    assert network.tls is ssl_context()
    with pytest.raises(ValueError, match="office"):
        Network.from_settings(NetworkSettings(allowed=("office",)))
    with pytest.raises(OSError, match="No such file"):
        Network.from_settings(NetworkSettings(extra_ca_file="/nowhere/authority.pem"))


async def greet(head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    asked = head.decode()
    if "/away" in asked:
        writer.write(b"HTTP/1.1 302 Go\r\nLocation: http://10.0.0.5/\r\nContent-Length: 0\r\n\r\n")
    elif "/slow" in asked:
        await reader.read()
    else:
        agent = asked.split("User-Agent: ")[1].split("\r\n")[0].encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(agent), agent))


def test_the_plain_client_goes_through_the_same_door(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")

    async def run() -> None:
        network = Network(guard=LOOPBACK, user_agent="Me/1")
        async with serving(greet) as port, async_client(network, timeout=0.3) as client:
            url = f"http://127.0.0.1:{port}"
            assert (await client.get(url)).text == "Me/1"
            assert (await client.post(url, json={"a": 1})).status_code == 200
            assert (await client.get(f"{url}/away")).status_code == 302
            with pytest.raises(AddressRefused):
                await client.get(f"{url}/away", follow_redirects=True)
            with pytest.raises(NoAnswer):
                await client.get(f"{url}/slow")
            with pytest.raises(httpx.TransportError):
                await client.get("http://192.168.0.1/")
        assert network.limits._places == {}

    asyncio.run(run())


def test_the_plain_clients_connect_timeout_covers_the_name() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    async def run() -> None:
        network = Network(guard=LOOPBACK, resolve=resolve)
        async with async_client(network, timeout=0.1) as client:
            await client.get("http://dead.test/")

    with pytest.raises(ConnectTimeout):
        asyncio.run(run())
