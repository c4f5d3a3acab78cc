"""Whoever asks core.net for a connection, against every address that nobody may be led to.

A row for each kind of probe and each other caller; a new caller without a row fails by name.
"""

from __future__ import annotations

import ast
import asyncio
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.test import override_settings

import core.net.connect
import core.net.dns
from accounts.sso import conversation
from accounts.sso.failures import ProviderDown
from core.net import (
    AddressRefused,
    BadAddress,
    ConnectionRefused,
    NameNotFound,
    NetError,
    Network,
    NetworkSettings,
    ThreadResolver,
)
from services import heartbeats
from services.probes import KINDS
from services.status.observation import Reason
from statusportal import deadman
from tests.services.probes.loopback import make_target

ROOT = Path(__file__).resolve().parents[2]
ABROAD = "8.8.8.8"


# --- the callers ------------------------------------------------------------------------------


def _probe(kind: str, spec: dict[str, Any], allowed: tuple[str, ...]) -> str:
    async def run() -> str:
        network = Network.from_settings(NetworkSettings(allowed=allowed))
        seen = await KINDS[kind].probe(make_target(spec, kind=kind, timeout_s=5), network)
        return seen.reason.name.lower()

    return asyncio.run(run())


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _http(host: str, port: int, allowed: tuple[str, ...]) -> str:
    return _probe("http", {"url": f"http://{_in_url(host)}:{port}/"}, allowed)


def _tcp(host: str, port: int, allowed: tuple[str, ...]) -> str:
    return _probe("tcp", {"host": host, "port": port}, allowed)


def _tls(host: str, port: int, allowed: tuple[str, ...]) -> str:
    return _probe("tls", {"host": host, "port": port}, allowed)


def _dns(host: str, port: int, allowed: tuple[str, ...]) -> str:
    return _probe("dns", {"domain": "a.test", "resolvers": [host], "port": port}, allowed)


def _own_door(host: str, port: int, allowed: tuple[str, ...]) -> str:
    address = f"http://{_in_url(host)}:{port}"
    with override_settings(HEARTBEAT_SELF_URL=address, HEARTBEAT_SELF_NETWORKS=list(allowed)):
        try:
            return str(asyncio.run(heartbeats.knock("/x")))
        except (NetError, BadAddress, httpx.InvalidURL) as error:
            return _reason(error)


def _single_sign_on(host: str, port: int, allowed: tuple[str, ...]) -> str:
    issuer = f"http://{_in_url(host)}:{port}"
    with override_settings(SSO_ISSUER=issuer, SSO_ALLOWED_NETWORKS=list(allowed), SSO_EXTRA_CA=""):
        try:
            conversation.look_up()
        except ProviderDown as error:
            return _reason(error.__cause__) if error.__cause__ else str(error)
    return "answered"


def _dead_man(host: str, port: int, allowed: tuple[str, ...]) -> str:
    try:
        return str(asyncio.run(deadman._get(f"http://{_in_url(host)}:{port}/", list(allowed))))
    except (NetError, BadAddress, httpx.InvalidURL) as error:
        return _reason(error)


def _reason(error: BaseException) -> str:
    names: dict[type[BaseException], Reason] = {
        AddressRefused: Reason.ADDRESS_REFUSED,
        BadAddress: Reason.BAD_TARGET,
        httpx.InvalidURL: Reason.BAD_TARGET,
        ConnectionRefused: Reason.REFUSED,
        NameNotFound: Reason.NAME_NOT_FOUND,
    }
    return names[type(error)].name.lower()


Caller = Callable[[str, int, tuple[str, ...]], str]
CALLERS: dict[str, Caller] = {
    "http": _http,
    "tcp": _tcp,
    "tls": _tls,
    "dns": _dns,
    "own door": _own_door,
    "dead man": _dead_man,
    "single sign-on": _single_sign_on,
}
# Who knows a name of core.net by which a connection could be had, and which row shows it.
KNOWN = {
    "services/probes/http.py": "http",
    "services/probes/tcp.py": "tcp",
    "services/probes/tls.py": "tls",
    "services/probes/dns.py": "dns",
    "services/probes/heartbeat.py": "(connects to nobody: a test below)",
    "services/probes/__init__.py": "(hands the network on to the kinds)",
    "services/probes/run.py": "(makes the network that the kinds are given)",
    "services/queries.py": "(makes the settings of that network)",
    "services/heartbeats.py": "own door",
    "statusportal/deadman.py": "dead man",
    "accounts/sso/conversation.py": "single sign-on",
}
OPENERS = {"Network", "NetworkSettings", "async_client", "send", "ask", "ThreadResolver"}
APPS = ("accounts", "services", "maintenance", "incidents", "reports", "notifications")


def callers_of_the_door() -> set[str]:
    found = set()
    for app in (*APPS, "statusportal", "core"):
        for path in (ROOT / app).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if name.startswith("core/net/"):
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core.net"):
                    taken = {alias.name for alias in node.names}
                elif isinstance(node, ast.Import):
                    # The whole module: anything could be had from it.
                    taken = {"Network" for a in node.names if a.name.startswith("core.net")}
                else:
                    continue
                if taken & OPENERS:
                    found.add(name)
    return found


def test_every_caller_of_the_door_stands_here() -> None:
    assert callers_of_the_door() == set(KNOWN)
    assert {row for row in KNOWN.values() if not row.startswith("(")} == set(CALLERS)
    assert set(KINDS) - set(CALLERS) == {"heartbeat"}


# --- the network that they meet ---------------------------------------------------------------


@dataclass
class World:
    """Names that resolve as they are told to, and a list of everybody who was called."""

    names: dict[str, Iterator[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    real: ThreadResolver = field(default_factory=ThreadResolver)

    async def resolve(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        told = self.names.get(host.removesuffix("."))
        # The machine's own resolver reads 0x7f.1 and 2130706433 as addresses.
        return await self.real(host, port) if told is None else next(told)

    async def connect(self, address: str, port: int) -> Any:
        self.called.append(address)
        raise ConnectionRefused(address)

    async def exchange(self, query: object, address: str, port: int) -> Any:
        self.called.append(address)
        raise ConnectionRefused(address)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(core.net.connect, "shared_resolver", lambda: made.resolve)
    monkeypatch.setattr(core.net.connect, "_connect_to", made.connect)
    monkeypatch.setattr(core.net.dns, "_exchange", made.exchange)
    return made


def always(*addresses: str) -> Iterator[list[str]]:
    while True:
        yield list(addresses)


# --- addresses, however they are written ------------------------------------------------------

NUMERIC = [
    "0.0.0.0",
    "10.0.0.5",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.9",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "192.168.1.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "ff02::1",
]
SPELLED = [
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.1",
    "127.0.1",
    "0",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "localhost",
]
UNICODE = ["１２７.0.0.1", "①②⑦.0.0.1", "127。0。0。1"]
# What has three dots and is no plain IPv4 address stands in no URL.
NO_URL = ["0177.0.0.1", "0251.0376.0251.0376", "１２７.0.0.1", "①②⑦.0.0.1"]
# A dot at the end makes a name of it, which nobody has.
DOTTED = ["127.0.0.1.", "0x7f000001.", "2130706433."]
REFUSED, BAD, UNKNOWN = "address_refused", "bad_target", "name_not_found"


@pytest.mark.parametrize("caller", sorted(CALLERS))
def test_no_spelling_of_an_inner_address_is_called(caller: str, world: World) -> None:
    ask = CALLERS[caller]
    found = {host: ask(host, 8443, ()) for host in (*NUMERIC, *SPELLED, *UNICODE)}
    expected = dict.fromkeys(found, REFUSED)
    if caller == "dns":
        # Name servers are numeric addresses; there is nothing to be spelled.
        expected |= dict.fromkeys((*SPELLED, *UNICODE), BAD)
    elif caller in {"http", "own door", "single sign-on", "dead man"}:
        expected |= dict.fromkeys(NO_URL, BAD)
    assert found == expected
    assert world.called == []


@pytest.mark.parametrize("caller", sorted(set(CALLERS) - {"dns"}))
def test_a_dot_at_the_end_leads_nowhere(caller: str, world: World) -> None:
    assert {CALLERS[caller](host, 8443, ()) for host in DOTTED} <= {REFUSED, UNKNOWN, BAD}
    assert world.called == []


# --- names ------------------------------------------------------------------------------------

BY_NAME = sorted(set(CALLERS) - {"dns"})


@pytest.mark.parametrize("caller", BY_NAME)
def test_no_name_of_an_inner_address_is_called(caller: str, world: World) -> None:
    answers = {f"name{number}.test": [address] for number, address in enumerate(NUMERIC)}
    # One inner address among public ones is enough, wherever it stands.
    answers |= {"first.test": ["127.0.0.1", ABROAD], "last.test": [ABROAD, "fd00:ec2::254"]}
    world.names = {name: always(*addresses) for name, addresses in answers.items()}
    found = {name: CALLERS[caller](name, 8443, ()) for name in (*answers, "name0.test.")}
    assert found == dict.fromkeys(found, REFUSED)
    assert world.called == []


@pytest.mark.parametrize("caller", BY_NAME)
def test_a_name_that_changes_after_the_check_gains_nothing(caller: str, world: World) -> None:
    world.names["flips.test"] = iter([[ABROAD], ["127.0.0.1"], ["127.0.0.1"]])
    assert CALLERS[caller]("flips.test", 8443, ()) == "refused"
    # Asked once, and called where the guard had looked.
    assert (world.asked, world.called) == (["flips.test"], [ABROAD])
    assert CALLERS[caller]("flips.test", 8443, ()) == REFUSED
    assert world.called == [ABROAD]


@pytest.mark.parametrize("caller", sorted(CALLERS))
def test_a_network_that_the_deployment_names_is_opened_and_no_other(
    caller: str, world: World
) -> None:
    allowed = ("10.20.0.0/16", "169.254.0.0/16")
    ask = CALLERS[caller]
    found = {
        host: ask(host, 8443, allowed)
        for host in ("10.20.3.4", "10.21.3.4", "127.0.0.1", "169.254.169.254", "::ffff:a9fe:a9fe")
    }
    assert found == {**dict.fromkeys(found, REFUSED), "10.20.3.4": "refused"}
    assert world.called == ["10.20.3.4"]


# --- redirects --------------------------------------------------------------------------------


@pytest.fixture
def leading_astray() -> Iterator[Callable[[str], tuple[int, list[str]]]]:
    """A server on loopback that sends everybody to an address of one's choice."""
    heard: list[str] = []
    target: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(307)
            self.send_header("Location", target[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()

    def lead(to: str) -> tuple[int, list[str]]:
        target[:] = [to]
        heard.clear()
        return server.server_port, heard

    yield lead
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("caller", "outcome"),
    # All but the first follow nobody anywhere.
    [
        ("http", REFUSED),
        ("own door", "307"),
        ("single sign-on", "/.well-known"),
        ("dead man", "307"),
    ],
)
def test_a_redirect_leads_nobody_inside(
    caller: str, outcome: str, leading_astray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    connect_to = core.net.connect._connect_to

    async def watched(address: str, port: int) -> Any:
        called.append(address)
        return await connect_to(address, port)

    monkeypatch.setattr(core.net.connect, "_connect_to", watched)
    for to in (
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::ffff:10.0.0.5]/",
        "//10.0.0.5/",
    ):
        port, heard = leading_astray(to)
        # Only the server's own address is open, spelled as it is.
        found = CALLERS[caller]("127.0.0.1", port, ("127.0.0.1/32",))
        if "2130706433" in to or "0x7f" in to:
            # That very address in another spelling, on a port where nobody listens.
            assert found.startswith(("refused", outcome)), to
        else:
            assert found.startswith(outcome), to
        assert len(heard) == 1, to
    assert set(called) == {"127.0.0.1"}


# --- whoever goes nowhere ---------------------------------------------------------------------


def test_a_heartbeat_connects_to_nobody(world: World) -> None:
    now = datetime.now(UTC).isoformat()
    target = make_target({"expect_every_seconds": 60, "asked_at": now}, kind="heartbeat")

    async def run() -> None:
        await KINDS["heartbeat"].probe(target, Network.from_settings(NetworkSettings()))

    asyncio.run(run())
    assert (world.asked, world.called) == ([], [])


def test_outside_the_demo_no_private_network_is_open_unasked() -> None:
    # The tests run as the demo does, which opens loopback to its own endpoints alone.
    assert settings.PROBE_ALLOWED_NETWORKS == ["127.0.0.0/8"]
    assert settings.SSO_ALLOWED_NETWORKS == []
