"""The tls probe."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import timedelta
from typing import Any

import pytest

from core.net import Guard, Network, ssl_context
from services.probes import KINDS, InvalidSpec
from services.probes.tls import Spec, parse
from services.status.health import Outcome
from services.status.observation import Observation, Reason
from tests.services.probes.conftest import Authority
from tests.services.probes.loopback import make_network, make_target, says, serving


def probe(
    server: ssl.SSLContext | None,
    client: ssl.SSLContext | None = None,
    *,
    reads_head: bool = True,
    **spec: Any,
) -> Observation:
    """What the probe makes of a server on loopback; without a context it speaks no TLS."""

    async def run() -> Observation:
        async with serving(says(b"hello\r\n"), tls=server, reads_head=reads_head) as port:
            target = make_target(
                {"host": "service.test", "port": port, **spec}, kind="tls", timeout_s=2.0
            )
            return await KINDS["tls"].probe(target, make_network(tls=client))

    return asyncio.run(run())


def test_it_tells_the_days_left_of_a_certificate_that_all_is_well_with(
    authority: Authority,
) -> None:
    seen = probe(authority.server(), authority.trusting()())
    assert (seen.outcome, seen.reason) == (Outcome.OK, Reason.OK)
    assert seen.certificate_days == 30
    assert seen.detail == "TLSv1.3, 30 days left"
    assert seen.timings.tls_ms is not None
    assert seen.timings.first_byte_ms is None


def test_few_days_left_change_no_observation_by_rule_6(authority: Authority) -> None:
    ends_soon = authority.server(ends_in=timedelta(hours=20))
    seen = probe(ends_soon, authority.trusting()(), certificate_warning_days=30)
    assert (seen.outcome, seen.certificate_days) == (Outcome.OK, 0)


def test_an_expired_certificate_is_bad(authority: Authority) -> None:
    seen = probe(authority.server(ends_in=timedelta(days=-1)), authority.trusting()())
    assert (seen.outcome, seen.reason) == (Outcome.BAD, Reason.TLS_EXPIRED)


def test_a_certificate_for_another_name_is_bad(authority: Authority) -> None:
    seen = probe(authority.server("other.test"), authority.trusting()())
    assert (seen.outcome, seen.reason) == (Outcome.BAD, Reason.TLS_WRONG_NAME)


def test_an_authority_that_nobody_knows_is_bad(authority: Authority) -> None:
    seen = probe(authority.server())
    assert (seen.outcome, seen.reason) == (Outcome.BAD, Reason.TLS_UNTRUSTED)


def test_the_authority_that_the_deployment_adds_is_trusted(authority: Authority) -> None:
    assert probe(authority.server(), ssl_context(str(authority.file))).reason is Reason.OK


@pytest.mark.parametrize(
    ("certified", "server_name", "reason"),
    [
        ("shared.test", "shared.test", Reason.OK),
        ("shared.test", "SHARED.test.", Reason.OK),
        ("service.test", "shared.test", Reason.TLS_WRONG_NAME),
        ("service.test", "", Reason.OK),
    ],
)
def test_the_name_asked_for_may_be_another_than_the_hosts(
    authority: Authority, certified: str, server_name: str, reason: Reason
) -> None:
    seen = probe(authority.server(certified), authority.trusting()(), server_name=server_name)
    assert seen.reason is reason


def test_the_server_is_told_which_name_is_meant(authority: Authority) -> None:
    told: list[str | None] = []
    server = authority.server("shared.test")
    server.sni_callback = lambda _socket, name, _context: told.append(name)
    probe(server, authority.trusting()(), server_name="shared.test")
    assert told == ["shared.test"]


def test_a_server_that_speaks_no_tls_fails_the_handshake() -> None:
    assert probe(None, reads_head=False).reason is Reason.TLS_FAILED


def test_a_server_that_only_knows_ancient_versions_fails_the_handshake(
    authority: Authority,
) -> None:
    modern_only = authority.trusting()()
    modern_only.minimum_version = ssl.TLSVersion.TLSv1_3
    ancient = authority.server()
    ancient.maximum_version = ssl.TLSVersion.TLSv1_2
    assert probe(ancient, modern_only).reason is Reason.TLS_FAILED


def test_a_handshake_that_never_ends_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        spec = {"host": "service.test", "port": silent.getsockname()[1]}
        target = make_target(spec, kind="tls", timeout_s=0.3)

        async def run() -> Observation:
            return await KINDS["tls"].probe(target, make_network())

        seen = asyncio.run(run())
    assert (seen.outcome, seen.reason) == (Outcome.BAD, Reason.NO_ANSWER)


def test_nothing_listening_is_refused() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    async def run() -> Observation:
        target = make_target({"host": "service.test", "port": port}, kind="tls")
        return await KINDS["tls"].probe(target, make_network())

    assert asyncio.run(run()).reason is Reason.REFUSED


# However an address is written: decimal, octal, hexadecimal, shortened, mapped into IPv6.
REFUSED_HOSTS = [
    "127.0.0.1",
    "2130706433",
    "0177.0.0.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "127.1",
    "10.0.0.5",
    "::1",
    "[::1]",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "fe80::1",
    "169.254.0.9",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "fd00:ec2::254",
    "100.100.100.200",
]


@pytest.mark.parametrize("kind", ["tcp", "tls"])
@pytest.mark.parametrize("host", REFUSED_HOSTS)
def test_no_spelling_of_an_inner_address_gets_past_the_guard(kind: str, host: str) -> None:
    async def run() -> Observation:
        # The machine's own resolver: it is what reads 0x7f.1 as an address.
        target = make_target({"host": host, "port": 443}, kind=kind)
        return await KINDS[kind].probe(target, Network(guard=Guard()))

    seen = asyncio.run(run())
    assert (seen.outcome, seen.reason) == (Outcome.PROBER_FAULT, Reason.ADDRESS_REFUSED)


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_a_name_with_one_inner_address_among_public_ones_is_refused(kind: str) -> None:
    async def mixed(host: str, port: int) -> list[str]:
        return ["1.1.1.1", "169.254.169.254"]

    async def run() -> Observation:
        target = make_target({"host": "service.test", "port": 443}, kind=kind)
        return await KINDS[kind].probe(target, Network(guard=Guard(), resolve=mixed))

    assert asyncio.run(run()).reason is Reason.ADDRESS_REFUSED


def test_a_host_is_enough_and_the_rest_has_defaults() -> None:
    assert parse({"host": "service.test"}) == Spec(host="service.test")
    assert Spec(host="service.test").port == 443
    left_empty = {"port": None, "server_name": "", "certificate_warning_days": None}
    assert parse({"host": " Service.Test ", **left_empty}) == Spec(host="service.test")


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("host", {"host": None}),
        ("host", {"host": "https://service.test/"}),
        ("host", {"host": ""}),
        ("port", {"port": 0}),
        ("port", {"port": 65_536}),
        ("port", {"port": "443"}),
        ("port", {"port": True}),
        ("server_name", {"server_name": "a b"}),
        ("server_name", {"server_name": 7}),
        ("certificate_warning_days", {"certificate_warning_days": 0}),
        ("certificate_warning_days", {"certificate_warning_days": True}),
        ("certificate_warning_days", {"certificate_warning_days": "30"}),
    ],
)
def test_tls_names_the_field_at_fault(field: str, spec: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse({"host": "service.test", **spec})
    assert caught.value.field == field
    assert caught.value.message.endswith(".")
