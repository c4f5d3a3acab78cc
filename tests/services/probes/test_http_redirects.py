"""Redirects: followed or not, never in circles, never with somebody else's secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from services.probes import KINDS
from services.status.health import Outcome
from services.status.observation import Observation, Reason
from tests.services.probes.loopback import (
    Handler,
    make_network,
    make_target,
    probe,
    serving,
    total_ms,
)


def site(pages: Mapping[str, str], heard: list[str] | None = None) -> Handler:
    """Paths to where they redirect; "200" answers. `{port}` stands for the server's own."""

    async def handler(head: bytes, reader: Any, writer: Any) -> None:
        text = head.decode()
        if heard is not None:
            heard.append(text)
        port = str(writer.get_extra_info("sockname")[1])
        to = pages[text.split(" ")[1]].replace("{port}", port)
        code, _, location = to.rpartition(" ") if " " in to else ("302", "", to)
        if to == "200":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        else:
            writer.write(
                f"HTTP/1.1 {code} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()
            )

    return handler


def test_it_follows_a_redirect_and_judges_what_it_finds() -> None:
    pages = {"/": "/a", "/a": "b", "/b": "http://elsewhere.test:{port}/c", "/c": "200"}
    observation = probe(site(pages), {"text_present": "ok"})
    assert (observation.outcome, observation.detail) == (Outcome.OK, "HTTP 200")


def test_it_does_not_follow_where_it_must_not() -> None:
    pages = {"/": "/a"}
    observation = probe(site(pages), {"follow_redirects": False})
    assert (observation.reason, observation.detail) == (Reason.UNEXPECTED_CODE, "HTTP 302")
    as_wanted = probe(site(pages), {"follow_redirects": False, "accepted_codes": "302"})
    assert as_wanted.reason is Reason.OK


@pytest.mark.parametrize("location", ["http://[::1", "http://h:99999/", "http://", "\x7f://"])
def test_a_location_that_is_not_followed_is_not_looked_at(location: str) -> None:
    spec = {"follow_redirects": False, "accepted_codes": "302"}
    assert probe(site({"/": location}), spec).reason is Reason.OK


@pytest.mark.parametrize(
    "pages",
    [
        {"/": "/"},
        {"/": "/a", "/a": "/b", "/b": "/a"},
        {"/": "/1", "/1": "/2", "/2": "/3", "/3": "/4", "/4": "/5", "/5": "/6", "/6": "200"},
    ],
)
def test_redirects_without_end_are_a_loop(pages: dict[str, str]) -> None:
    heard: list[str] = []
    observation = probe(site(pages, heard))
    assert (observation.outcome, observation.reason) == (Outcome.BAD, Reason.REDIRECT_LOOP)
    assert len(heard) <= 6


def test_five_redirects_are_no_loop() -> None:
    pages = {"/": "/1", "/1": "/2", "/2": "/3", "/3": "/4", "/4": "/5", "/5": "200"}
    assert probe(site(pages)).reason is Reason.OK


@pytest.mark.parametrize(
    "location", ["ftp://service.test/", "mailto:a@b.test", "http://[::1", "http://h:0/"]
)
def test_a_redirect_that_leads_nowhere_is_the_servers_fault(location: str) -> None:
    observation = probe(site({"/": location}))
    assert (observation.outcome, observation.reason) == (Outcome.BAD, Reason.PROTOCOL_ERROR)


def test_a_page_may_set_a_cookie_and_send_to_itself() -> None:
    heard: list[bool] = []

    async def handler(head: bytes, reader: Any, writer: Any) -> None:
        heard.append(b"cookie: seen=1" in head.lower())
        if heard[-1]:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(
                b"HTTP/1.1 302 Go\r\nLocation: /\r\nSet-Cookie: seen=1\r\nContent-Length: 0\r\n\r\n"
            )

    # and nothing is kept from one probe to the next
    for _ in range(2):
        heard.clear()
        assert probe(handler).reason is Reason.OK
        assert heard == [False, True]


def test_secret_headers_stay_with_the_server_they_are_for() -> None:
    heard: list[str] = []
    pages = {
        "/": "/own",
        "/own": "http://elsewhere.test:{port}/away",
        "/away": "http://service.test:{port}/back",
        "/back": "200",
    }
    observation = probe(
        site(pages, heard),
        {"headers": {"X-Plain": "p"}},
        secrets={"headers": {"X-Key": "s3cret", "Authorization": "Bearer s3cret"}},
    )
    assert observation.reason is Reason.OK
    assert ["s3cret" in text for text in heard] == [True, True, False, True]
    assert all("X-Plain: p" in text for text in heard)


@pytest.mark.parametrize(
    ("code", "then"), [("302", "GET"), ("303", "GET"), ("307", "POST"), ("308", "POST")]
)
def test_what_is_asked_after_a_redirect_depends_on_its_code(code: str, then: str) -> None:
    heard: list[str] = []
    spec = {"method": "POST", "body": "x"}
    assert probe(site({"/": f"{code} /a", "/a": "200"}, heard), spec).reason is Reason.OK
    assert [text.split(" ")[0] for text in heard] == ["POST", then]


@pytest.mark.parametrize(
    "host", ["10.0.0.5", "169.254.169.254", "[fd00:ec2::254]", "[::ffff:10.0.0.5]", "inside.test"]
)
def test_a_redirect_to_a_refused_address_is_not_followed(host: str) -> None:
    async def resolve(name: str, port: int) -> list[str]:
        return {"service.test": ["127.0.0.1"], "inside.test": ["192.168.1.1"]}.get(name, [name])

    observation = probe(
        site({"/": f"http://{host}/latest/meta-data/"}), network=lambda: make_network(resolve)
    )
    assert observation.outcome is Outcome.PROBER_FAULT
    assert observation.reason is Reason.ADDRESS_REFUSED


def test_the_timeout_is_for_the_whole_chain() -> None:
    async def handler(head: bytes, reader: Any, writer: Any) -> None:
        await asyncio.sleep(0.2)
        number = int(head.split(b" ")[1][1:] or b"0")
        writer.write(
            f"HTTP/1.1 302 Go\r\nLocation: /{number + 1}\r\nContent-Length: 0\r\n\r\n".encode()
        )

    async def run() -> Observation:
        async with serving(handler) as port:
            target = make_target({"url": f"http://service.test:{port}/"}, timeout_s=0.5)
            return await KINDS["http"].probe(target, make_network())

    observation = asyncio.run(run())
    assert observation.reason is Reason.NO_ANSWER
    assert 490 <= total_ms(observation) < 900
