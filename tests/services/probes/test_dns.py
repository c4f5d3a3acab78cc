"""The dns probe, on name servers of our own."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

import core.net.dns
from core.net import AddressRefused, Guard, Network, Trace
from core.net.dns import RECORD_TYPES, ask, canonical, system_resolvers
from services.probes import KINDS, InvalidSpec
from services.probes.dns import Spec, as_expected, parse
from services.probes.run import probe_all
from services.status.health import Outcome
from services.status.observation import Observation, Reason
from tests.services.probes.loopback import make_network, make_target
from tests.services.probes.name_server import NAME, Zone, fails, holds, name_server, silence
from tests.services.probes.test_tls import REFUSED_HOSTS


def probe(
    zone: Zone, *, timeout_s: float = 5.0, second: Zone | None = None, **spec: Any
) -> Observation:
    """What the probe makes of `zone`, and of `second` where there is a second name server."""

    async def run() -> Observation:
        async with name_server(zone) as port:
            addresses = ["127.0.0.1"] if second is None else ["127.0.0.1", "127.0.0.2"]
            target = make_target(
                {"domain": "service.test", "resolvers": addresses, "port": port, **spec},
                kind="dns",
                timeout_s=timeout_s,
            )
            if second is None:
                return await KINDS["dns"].probe(target, make_network())
            async with name_server(second, "127.0.0.2", port):
                return await KINDS["dns"].probe(target, make_network())

    return asyncio.run(run())


def unused_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


TWO_ADDRESSES = holds(f"{NAME} A 192.0.2.1", f"{NAME} A 192.0.2.2")


@pytest.mark.parametrize(
    ("expected", "match", "reason"),
    [
        ([], "all", Reason.OK),
        ([], "exact", Reason.OK),
        (["192.0.2.1"], "all", Reason.OK),
        (["192.0.2.2", "192.0.2.1"], "all", Reason.OK),
        (["192.0.2.1", "192.0.2.9"], "all", Reason.DNS_MISMATCH),
        (["192.0.2.1", "192.0.2.9"], "any", Reason.OK),
        (["192.0.2.8", "192.0.2.9"], "any", Reason.DNS_MISMATCH),
        (["192.0.2.2", "192.0.2.1"], "exact", Reason.OK),
        (["192.0.2.1"], "exact", Reason.DNS_MISMATCH),
        (["192.0.2.1", "192.0.2.2", "192.0.2.9"], "exact", Reason.DNS_MISMATCH),
    ],
)
def test_it_compares_the_answers_in_any_order(
    expected: list[str], match: str, reason: Reason
) -> None:
    assert probe(TWO_ADDRESSES, expected=expected, match=match).reason is reason


def test_a_mismatch_is_bad_and_staff_read_what_was_there_instead() -> None:
    seen = probe(TWO_ADDRESSES, expected=["192.0.2.9"])
    assert (seen.outcome, seen.reason) == (Outcome.BAD, Reason.DNS_MISMATCH)
    assert seen.detail == "A: 192.0.2.1, 192.0.2.2 (from 127.0.0.1)"
    assert seen.timings.dns_ms is not None
    assert seen.timings.connect_ms is None


@pytest.mark.parametrize(
    ("record_type", "record", "expected"),
    [
        ("A", "A 192.0.2.1", "192.0.2.1"),
        ("AAAA", "AAAA 2001:DB8::0:1", "2001:0db8:0000::1"),
        ("CAA", 'CAA 0 issue "LetsEncrypt.org"', '0 ISSUE "letsencrypt.org"'),
        ("CNAME", "CNAME Www.Gov.Test.", "www.gov.test"),
        ("MX", "MX 10 Mail.Gov.Test.", "10 mail.gov.test"),
        ("NS", "NS NS1.gov.test.", "ns1.gov.test."),
        ("NS", "NS ns1.xn--4gbrim.xn--wgbh1c.", "ns1.موقع.مصر"),
        ("PTR", "PTR host.gov.test.", "HOST.gov.test"),
        (
            "SOA",
            "SOA ns1.gov.test. admin.gov.test. 2026030101 7200 900 1209600 300",
            "ns1.gov.test",
        ),
        (
            "SOA",
            "SOA ns1.gov.test. admin.gov.test. 9 7 6 5 4",
            "NS1.gov.test. admin.gov.test. 1 2 3 4 5",
        ),
        ("SRV", "SRV 0 5 443 App.Gov.Test.", "0 5 443 app.gov.test"),
        ("TXT", 'TXT "v=spf1 include:_spf.gov.test -all"', "v=spf1 include:_spf.gov.test -ALL"),
        ("TXT", 'TXT "v=DKIM1; p=abc" "def"', '"v=DKIM1; p=abcdef"'),
    ],
)
def test_every_type_is_compared_by_meaning_and_not_by_spelling(
    record_type: str, record: str, expected: str
) -> None:
    seen = probe(holds(f"{NAME} {record}"), record_type=record_type, expected=[expected])
    assert (seen.reason, seen.outcome) == (Reason.OK, Outcome.OK)
    assert record_type in RECORD_TYPES


def test_aliases_are_followed_to_the_address() -> None:
    zone = holds(f"{NAME} CNAME edge.test.", "edge.test. A 192.0.2.7", "other.test. A 192.0.2.8")
    assert probe(zone, expected=["192.0.2.7"], match="exact").reason is Reason.OK


def junk(query: dns.message.Message, by_tcp: bool) -> bytes:
    return query.id.to_bytes(2, "big") + b"junk"


def echo(query: dns.message.Message, by_tcp: bool) -> bytes:
    return query.to_wire()


def answer_to_another_question(query: dns.message.Message, by_tcp: bool) -> bytes:
    other = dns.message.make_query("other.test.", "A", id=query.id)
    return dns.message.make_response(other).to_wire()


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        pytest.param(fails(dns.rcode.NXDOMAIN), Reason.NAME_NOT_FOUND, id="no such name"),
        pytest.param(holds(), Reason.NAME_NOT_FOUND, id="no record"),
        pytest.param(
            holds(f"{NAME} AAAA 2001:db8::1"), Reason.NAME_NOT_FOUND, id="another type only"
        ),
        pytest.param(
            holds(f"{NAME} CNAME gone.test."), Reason.NAME_NOT_FOUND, id="alias to nothing"
        ),
        pytest.param(fails(dns.rcode.SERVFAIL), Reason.NAME_TIMEOUT, id="server failure"),
        pytest.param(fails(dns.rcode.REFUSED), Reason.NAME_TIMEOUT, id="not for us"),
        pytest.param(
            holds(f"{NAME} A 192.0.2.1", rcode=dns.rcode.NXDOMAIN),
            Reason.PROTOCOL_ERROR,
            id="there and not there",
        ),
        pytest.param(
            holds(f"{NAME} CNAME b.test.", f"b.test. CNAME {NAME}"),
            Reason.PROTOCOL_ERROR,
            id="aliases in a circle",
        ),
        pytest.param(junk, Reason.PROTOCOL_ERROR, id="junk"),
        pytest.param(echo, Reason.PROTOCOL_ERROR, id="the question itself"),
        pytest.param(answer_to_another_question, Reason.PROTOCOL_ERROR, id="another question"),
    ],
)
def test_each_way_of_not_answering_has_its_reason(zone: Zone, reason: Reason) -> None:
    seen = probe(zone)
    assert (seen.outcome, seen.reason) == (Outcome.BAD, reason)


def test_a_silent_name_server_costs_no_more_than_the_timeout() -> None:
    seen = probe(silence, timeout_s=0.3)
    assert (seen.outcome, seen.reason) == (Outcome.BAD, Reason.NAME_TIMEOUT)
    assert 300 <= (seen.timings.total_ms or 0) < 2000


def test_no_name_server_at_the_address_is_refused() -> None:
    async def run() -> Observation:
        spec = {"domain": "service.test", "resolvers": ["127.0.0.1"], "port": unused_port()}
        return await KINDS["dns"].probe(make_target(spec, kind="dns"), make_network())

    assert asyncio.run(run()).reason is Reason.REFUSED


def test_a_lost_datagram_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.net.dns, "_SEND_AGAIN_AFTER_S", (0.05, None))
    asked: list[int] = []

    def forgetful(query: dns.message.Message, by_tcp: bool) -> bytes | None:
        asked.append(query.id)
        return TWO_ADDRESSES(query, by_tcp) if len(asked) > 1 else None

    assert probe(forgetful).reason is Reason.OK
    assert len(asked) == 2


def test_an_answer_with_another_id_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.net.dns, "_SEND_AGAIN_AFTER_S", (0.05, None))
    asked: list[int] = []

    def late(query: dns.message.Message, by_tcp: bool) -> bytes | None:
        asked.append(query.id)
        if len(asked) == 1:
            query.id = (query.id + 1) % 65_536
            return fails(dns.rcode.NXDOMAIN)(query, by_tcp)
        return TWO_ADDRESSES(query, by_tcp)

    assert probe(late).reason is Reason.OK


def cut_short(then: Zone) -> Zone:
    def answer(query: dns.message.Message, by_tcp: bool) -> bytes | None:
        if by_tcp:
            return then(query, by_tcp)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.TC
        return response.to_wire()

    return answer


def test_an_answer_too_long_for_a_datagram_is_fetched_by_tcp() -> None:
    many = [f"{NAME} A 192.0.2.{last}" for last in range(1, 251)]
    seen = probe(cut_short(holds(*many)), expected=["192.0.2.250"])
    assert (seen.reason, seen.timings.connect_ms) == (Reason.OK, None)


@pytest.mark.parametrize(
    ("by_tcp", "reason"),
    [
        pytest.param(silence, Reason.CLOSED_EARLY, id="closed"),
        pytest.param(junk, Reason.PROTOCOL_ERROR, id="junk"),
        pytest.param(fails(dns.rcode.NXDOMAIN), Reason.NAME_NOT_FOUND, id="no such name"),
    ],
)
def test_tcp_fails_with_reasons_too(by_tcp: Zone, reason: Reason) -> None:
    assert probe(cut_short(by_tcp)).reason is reason


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        pytest.param(fails(dns.rcode.SERVFAIL), TWO_ADDRESSES, Reason.OK, id="failing"),
        pytest.param(fails(dns.rcode.REFUSED), TWO_ADDRESSES, Reason.OK, id="unwilling"),
        pytest.param(silence, TWO_ADDRESSES, Reason.OK, id="silent"),
        pytest.param(echo, TWO_ADDRESSES, Reason.OK, id="confused"),
        pytest.param(silence, silence, Reason.NAME_TIMEOUT, id="both silent"),
        pytest.param(
            silence, fails(dns.rcode.SERVFAIL), Reason.NAME_TIMEOUT, id="silent and failing"
        ),
        # What one of them knows for sure, the next is not asked.
        pytest.param(
            fails(dns.rcode.NXDOMAIN), TWO_ADDRESSES, Reason.NAME_NOT_FOUND, id="sure of nothing"
        ),
        pytest.param(
            holds(f"{NAME} A 192.0.2.9"), TWO_ADDRESSES, Reason.DNS_MISMATCH, id="sure but wrong"
        ),
    ],
)
def test_the_next_name_server_is_asked_where_one_does_not_know(
    first: Zone, second: Zone, reason: Reason
) -> None:
    seen = probe(first, second=second, timeout_s=0.6, expected=["192.0.2.1"])
    assert seen.reason is reason


@pytest.fixture
def own_resolver(monkeypatch: pytest.MonkeyPatch) -> int:
    """The machine's own name server is at 127.0.0.1, on this port."""
    port = unused_port()
    monkeypatch.setattr(core.net.dns, "_PORT", port)
    monkeypatch.setattr(core.net.dns, "system_resolvers", lambda: ["127.0.0.1"])
    return port


def test_the_machines_own_name_server_is_asked_though_the_guard_lets_nobody_there(
    own_resolver: int,
) -> None:
    async def run() -> Observation:
        async with name_server(TWO_ADDRESSES, port=own_resolver):
            target = make_target({"domain": "service.test"}, kind="dns")
            return await KINDS["dns"].probe(target, Network(guard=Guard()))

    assert asyncio.run(run()).reason is Reason.OK


def test_fifty_dead_names_do_not_delay_the_living_one(own_resolver: int) -> None:
    def half_dead(query: dns.message.Message, by_tcp: bool) -> bytes | None:
        dead = query.question[0].name.to_text().startswith("dead")
        return None if dead else TWO_ADDRESSES(query, by_tcp)

    async def run() -> list[Observation]:
        dead = [
            make_target({"domain": f"dead{number}.test"}, kind="dns", timeout_s=1.0)
            for number in range(50)
        ]
        living = make_target({"domain": "service.test"}, kind="dns", timeout_s=1.0)
        async with name_server(half_dead, port=own_resolver):
            return await probe_all([*dead, living], network=make_network())

    *dead, living = asyncio.run(run())
    assert {seen.reason for seen in dead} == {Reason.NAME_TIMEOUT}
    assert living.reason is Reason.OK
    assert (living.timings.total_ms or 0) < 800


@pytest.mark.parametrize(
    ("text", "resolvers"),
    [
        ("nameserver 192.0.2.53\nnameserver 2001:db8::53\n", ["192.0.2.53", "2001:db8::53"]),
        ("# nameserver 1.1.1.1\nsearch test\n nameserver\t192.0.2.53 # x\n", ["192.0.2.53"]),
        ("nameserver a\nnameserver b\nnameserver c\nnameserver d\n", ["a", "b", "c"]),
        ("nameserver\n", ["127.0.0.1"]),
        ("", ["127.0.0.1"]),
    ],
)
def test_the_machine_says_which_name_servers_it_uses(
    tmp_path: Path, text: str, resolvers: list[str]
) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(text)
    assert system_resolvers(file) == resolvers


def test_a_machine_without_that_file_asks_itself(tmp_path: Path) -> None:
    assert system_resolvers(tmp_path / "nowhere") == ["127.0.0.1"]


# Only those that are numeric addresses get as far as the probe; see the next test for the others.
INNER_ADDRESSES = [
    "127.0.0.1",
    "10.0.0.5",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "fe80::1",
    "169.254.0.9",
    "169.254.169.254",
    "fd00:ec2::254",
    "100.100.100.200",
]


@pytest.mark.parametrize("address", INNER_ADDRESSES)
def test_no_name_server_at_an_inner_address_gets_past_the_guard(address: str) -> None:
    async def run() -> Observation:
        # One that is refused stops all, the public one before it too.
        spec = {"domain": "service.test", "resolvers": ["1.1.1.1", address]}
        return await KINDS["dns"].probe(make_target(spec, kind="dns"), Network(guard=Guard()))

    seen = asyncio.run(run())
    assert (seen.outcome, seen.reason) == (Outcome.PROBER_FAULT, Reason.ADDRESS_REFUSED)


@pytest.mark.parametrize("address", [*REFUSED_HOSTS, "localhost", ""])
def test_no_spelling_of_an_inner_address_is_sent_a_question(address: str) -> None:
    async def run() -> None:
        network = Network(guard=Guard())
        await ask(network, "service.test", "A", resolvers=[address], trace=Trace())

    with pytest.raises(AddressRefused):
        asyncio.run(run())


texts = st.lists(st.sampled_from("abcd"), max_size=4)


@given(records=texts.filter(bool), expected=texts.filter(bool))
def test_exact_is_the_strictest_and_any_the_mildest(
    records: list[str], expected: list[str]
) -> None:
    exact, every, some = (as_expected(records, expected, how) for how in ("exact", "all", "any"))
    assert every or not exact
    assert some or not every
    assert exact == as_expected(expected, records, "exact")


@given(
    record_type=st.sampled_from(RECORD_TYPES),
    text=st.text(max_size=30) | st.ip_addresses(v=4).map(str) | st.ip_addresses(v=6).map(str),
)
def test_the_canonical_spelling_of_a_record_is_stable_or_refused(
    record_type: str, text: str
) -> None:
    try:
        once = canonical(record_type, text)
    except ValueError:
        return
    if record_type != "TXT":
        assert canonical(record_type, once) == once


def test_a_domain_is_enough_and_the_rest_has_defaults() -> None:
    left_empty: dict[str, Any] = {
        "record_type": "",
        "expected": [],
        "match": "",
        "resolvers": None,
        "port": None,
    }
    assert parse({"domain": "Service.test", **left_empty}) == Spec(domain="service.test")
    assert parse({"domain": "_dmarc.موقع.مصر", "record_type": "txt"}) == Spec(
        domain="_dmarc.xn--4gbrim.xn--wgbh1c", record_type="TXT"
    )


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("domain", {"domain": None}),
        ("domain", {"domain": "https://service.test/"}),
        ("domain", {"domain": "192.0.2.1"}),
        ("record_type", {"record_type": "ANY"}),
        ("record_type", {"record_type": 1}),
        ("expected", {"expected": "192.0.2.1"}),
        ("expected", {"expected": [7]}),
        ("expected", {"expected": ["192.0.2.300"]}),
        ("expected", {"expected": [""]}),
        ("expected", {"expected": ["192.0.2.1\n192.0.2.2"]}),
        ("expected", {"expected": ["192.0.2.1"], "record_type": "MX"}),
        ("expected", {"expected": ["192.0.2.1"] * 51}),
        ("match", {"match": "none"}),
        ("resolvers", {"resolvers": ["ns1.gov.test"]}),
        ("resolvers", {"resolvers": ["2130706433"]}),
        ("resolvers", {"resolvers": ["0x7f.1"]}),
        ("resolvers", {"resolvers": ["0177.0.0.1"]}),
        ("resolvers", {"resolvers": ["fe80::1%eth0"]}),
        ("resolvers", {"resolvers": ["192.0.2.53"] * 5}),
        ("resolvers", {"resolvers": "192.0.2.53"}),
        ("port", {"port": 0, "resolvers": ["192.0.2.53"]}),
        ("port", {"port": "53", "resolvers": ["192.0.2.53"]}),
        ("port", {"port": 5353}),
    ],
)
def test_dns_names_the_field_at_fault(field: str, spec: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse({"domain": "service.test", **spec})
    assert caught.value.field == field
    assert caught.value.message.endswith(".")
