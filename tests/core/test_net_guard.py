"""The address guard: a table of every address that must not be reached, however it is written."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.net import AddressRefused, BadAddress, Guard, Network, ascii_host, parse_url

REFUSED = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.5",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.0.2.7",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.5",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "64:ff9b::10.0.0.5",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::8.8.8.8",
    "100::1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "2002:a00:5::1",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456:789a::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "5f00::1",
    "",
    "localhost",
    "2130706433",
    "0x7f.1",
    "0177.0.0.1",
    "127.1",
    "127.0.0.1 ",
]

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "2606:4700:4700::1111",
    "2a00:1450:4009::200e",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_it_refuses(address: str) -> None:
    with pytest.raises(AddressRefused):
        Guard().check(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_it_lets_public_addresses_through(address: str) -> None:
    Guard().check(address)


@given(st.integers(0, 2**32 - 1))
def test_hiding_an_address_in_ipv6_makes_it_no_better(number: int) -> None:
    plain = IPv4Address(number)
    hidden = [
        f"::ffff:{plain}",
        f"64:ff9b::{plain}",
        str(IPv6Address((0x2002 << 112) | (number << 80) | 1)),
        str(IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF))),
        f"::{plain}",
    ]
    if _refused(str(plain)):
        assert [address for address in hidden if not _refused(address)] == []


def _refused(address: str) -> bool:
    try:
        Guard().check(address)
    except AddressRefused:
        return True
    return False


@pytest.mark.parametrize(
    ("allowed", "address", "passes"),
    [
        ("127.0.0.0/8", "127.0.0.1", True),
        ("127.0.0.0/8", "127.1.2.3", True),
        ("127.0.0.0/8", "::ffff:127.0.0.1", True),
        ("127.0.0.0/8", "64:ff9b::127.0.0.1", True),
        ("127.0.0.0/8", "::1", False),
        ("127.0.0.0/8", "10.0.0.1", False),
        ("::1/128", "::1", True),
        ("10.20.0.0/16", "10.20.3.4", True),
        ("10.20.0.0/16", "10.21.3.4", False),
        ("fd00:1::/32", "fd00:1::7", True),
        # a wide entry does not open the hypervisor's door, an entry of its own does
        ("169.254.0.0/16", "169.254.1.1", True),
        ("169.254.0.0/16", "169.254.169.254", False),
        ("0.0.0.0/0", "169.254.169.254", False),
        ("fd00::/8", "fd00:ec2::254", False),
        ("100.64.0.0/10", "100.100.100.200", False),
        ("169.254.169.254/32", "169.254.169.254", True),
        ("fd00:ec2::254/128", "fd00:ec2::254", True),
        ("0.0.0.0/0", "::ffff:169.254.169.254", False),
        ("::/0", "::ffff:169.254.169.254", False),
        ("::/0", "::ffff:10.0.0.5", False),
        ("::ffff:0:0/96", "10.0.0.5", False),
        ("169.254.169.254/32", "::ffff:169.254.169.254", True),
        ("::/0", "64:ff9b::169.254.169.254", False),
    ],
)
def test_the_allow_list_names_networks(allowed: str, address: str, passes: bool) -> None:
    guard = Guard([ip_network(allowed)])
    if passes:
        guard.check(address)
    else:
        with pytest.raises(AddressRefused):
            guard.check(address)


def test_an_allow_list_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"10\.0\.0\.1/8"):
        Guard(["10.0.0.1/8"])


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "0", "[::1]", "::1"]
)
def test_every_spelling_of_this_machine_ends_at_the_guard(host: str) -> None:
    async def run() -> None:
        await Network(guard=Guard()).open(host, 80)

    with pytest.raises(AddressRefused):
        asyncio.run(run())


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "fd00:ec2::254", "::ffff:10.0.0.5"]
)
def test_one_refused_address_among_several_is_enough(address: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["8.8.8.8", address]

    async def run() -> None:
        await Network(guard=Guard(), resolve=resolve).open("mixed.test", 80)

    with pytest.raises(AddressRefused):
        asyncio.run(run())


def test_a_name_that_changes_after_the_check_gains_nothing() -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.99"]])
    asked: list[str] = []
    peers: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peers.append(writer.get_extra_info("sockname")[0])
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(accept, "0.0.0.0", 0)
        port = server.sockets[0].getsockname()[1]
        network = Network(guard=Guard(["127.0.0.1/32"]), resolve=resolve)
        connection = await network.open("flips.test", port)
        assert await connection.read(1) == b""
        connection.close()
        # One connection, one question, and the socket went where the guard had looked.
        assert asked == ["flips.test"]
        assert peers == ["127.0.0.1"]
        with pytest.raises(AddressRefused):
            await network.open("flips.test", port)
        assert peers == ["127.0.0.1"]
        server.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("written", "host"),
    [
        ("Service.Test", "service.test"),
        ("service.test.", "service.test."),
        ("_sip.service.test", "_sip.service.test"),
        ("موقع.مصر", "xn--4gbrim.xn--wgbh1c"),
        ("[::1]", "::1"),
        ("127.0.0.1", "127.0.0.1"),
    ],
)
def test_hosts_are_written_in_ascii(written: str, host: str) -> None:
    assert ascii_host(written) == host


@pytest.mark.parametrize(
    "host", ["", " ", "a b", "a..b", ".", "a/b", "a:80", "a@b", "a%20b", "-\u0640-", "x" * 254]
)
def test_what_can_be_no_host_is_said_so(host: str) -> None:
    with pytest.raises(BadAddress):
        ascii_host(host)


def test_a_relative_url_is_joined() -> None:
    base = parse_url("https://service.test/a/b")
    assert str(parse_url("../c?d", base=base)) == "https://service.test/c?d"
