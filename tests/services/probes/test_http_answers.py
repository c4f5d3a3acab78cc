"""What the http probe says of answers that arrive."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from typing import Any

import brotli
import pytest

from services.status.health import Outcome
from services.status.observation import Reason
from tests.services.probes.loopback import DUE_AT, Handler, answer, probe, says, total_ms

ARABIC = "الخدمة متاحة"


def test_it_reports_a_good_answer_with_its_timings() -> None:
    observation = probe(answer(b"hello"))
    assert observation.outcome is Outcome.OK
    assert observation.reason is Reason.OK
    assert observation.detail == "HTTP 200"
    assert observation.due_at == DUE_AT
    assert observation.certificate_days is None
    timings = observation.timings
    assert timings.tls_ms is None
    for part in (timings.dns_ms, timings.connect_ms, timings.first_byte_ms):
        assert part is not None
        assert 0 <= part <= total_ms(observation) + 1


@pytest.mark.parametrize(
    ("status", "accepted", "reason"),
    [
        ("200 OK", "200-299", Reason.OK),
        ("204 No Content", "", Reason.OK),
        ("301 Moved", "200-299, 301", Reason.OK),
        ("404 Not Found", "200-299", Reason.UNEXPECTED_CODE),
        ("401 Unauthorized", "200-299,401", Reason.OK),
        ("200 OK", "401", Reason.UNEXPECTED_CODE),
        ("500 Oops", "200-299", Reason.SERVER_ERROR),
        ("503 Busy", "200-299", Reason.SERVER_ERROR),
        ("503 Busy", "200-299,503", Reason.OK),
    ],
)
def test_it_judges_codes(status: str, accepted: str, reason: Reason) -> None:
    observation = probe(answer(status=status), {"accepted_codes": accepted})
    assert observation.reason is reason
    assert observation.detail == f"HTTP {status[:3]}"


def test_it_sends_what_the_specification_says() -> None:
    heard: list[bytes] = []

    async def handler(head: bytes, reader: Any, writer: Any) -> None:
        heard.append(head + await reader.readexactly(4))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    observation = probe(
        handler,
        {"method": "POST", "body": "ping", "headers": {"accept": "text/plain"}},
        path="/a?b=1",
        secrets={"headers": {"X-Key": "s3cret"}},
    )
    assert observation.reason is Reason.OK
    head = heard[0].decode()
    assert head.startswith("POST /a?b=1 HTTP/1.1\r\n")
    assert head.endswith("\r\n\r\nping")
    lines = head.lower().split("\r\n")
    assert lines.count("accept: text/plain") == 1
    assert "accept: */*" not in lines
    assert "x-key: s3cret" in lines
    assert "connection: close" in lines
    assert "user-agent: statusportal-probe/1.0" in lines
    assert f"host: service.test:{head.split('service.test:')[1].split()[0]}" in lines


def test_an_answer_to_head_needs_no_body() -> None:
    observation = probe(
        says(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nContent-Encoding: gzip\r\n\r\n"),
        {"method": "HEAD"},
    )
    assert observation.reason is Reason.OK


def page(text: str, charset: str, said: str = "") -> bytes:
    return f"<html><head>{said}</head><p>{text}</p></html>".encode(charset)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (page(ARABIC, "utf-8"), "text/html; charset=utf-8"),
        (page(ARABIC, "utf-8"), "text/html"),
        (page(ARABIC, "windows-1256"), "text/html; charset=windows-1256"),
        (page(ARABIC, "windows-1256"), 'text/html; charset="CP1256"'),
        (page(ARABIC, "windows-1256", '<meta charset="windows-1256">'), "text/html"),
        (
            page(
                ARABIC,
                "windows-1256",
                '<META http-equiv="Content-Type" content="text/html; charset=windows-1256">',
            ),
            "text/html",
        ),
        (page(ARABIC, "windows-1256"), "text/html"),
        (page(ARABIC, "iso-8859-6", "<meta charset=iso-8859-6>"), "text/html"),
        (b"\xef\xbb\xbf" + page(ARABIC, "utf-8"), "text/html; charset=windows-1256"),
        (b"\xff\xfe" + page(ARABIC, "utf-16-le"), "text/html; charset=utf-8"),
        (
            page(
                ARABIC,
                "utf-8",
                "<!-- <meta charset=windows-1256> --><meta charset=utf-8>",
            ),
            "text/html",
        ),
        (page(ARABIC.replace(" ", " \n\t\u00a0 "), "utf-8"), "text/html"),
        (page("".join(f"&#{ord(letter)};" for letter in ARABIC), "ascii"), "text/html"),
    ],
)
def test_it_finds_text_in_the_pages_real_charset(body: bytes, content_type: str) -> None:
    handler = answer(body, headers=(f"Content-Type: {content_type}",))
    assert probe(handler, {"text_present": ARABIC}).reason is Reason.OK
    assert probe(handler, {"text_absent": ARABIC}).reason is Reason.TEXT_FORBIDDEN
    assert probe(handler, {"text_present": "غير متاحة"}).reason is Reason.TEXT_MISSING
    assert probe(handler, {"text_absent": "غير متاحة"}).reason is Reason.OK


def test_composed_and_decomposed_letters_are_the_same_text() -> None:
    # alef with hamza above: one character, or alef and a mark
    assert probe(answer("\u0627\u0654".encode()), {"text_present": "\u0623"}).reason is Reason.OK


@pytest.mark.parametrize(
    ("body", "pointer", "value", "reason"),
    [
        ('{"status": "UP"}', "/status", "UP", Reason.OK),
        ('{"status": "UP"}', "/status", '"UP"', Reason.OK),
        ('{"status": "UP"}', "/status", None, Reason.OK),
        ('{"status": "UP"}', "/status", "DOWN", Reason.VALUE_MISMATCH),
        ('{"status": "UP"}', "/other", None, Reason.VALUE_MISMATCH),
        ('{"up": true}', "/up", "true", Reason.OK),
        ('{"up": true}', "/up", "1", Reason.VALUE_MISMATCH),
        ('{"up": 1}', "/up", "true", Reason.VALUE_MISMATCH),
        ('{"up": 1}', "/up", "1", Reason.OK),
        ('{"up": 1.0}', "/up", "1", Reason.OK),
        ('{"up": null}', "/up", "null", Reason.OK),
        ('{"up": "1"}', "/up", "1", Reason.OK),
        ('{"a": [{"b": "ن"}]}', "/a/0/b", "ن", Reason.OK),
        ('{"a": [1]}', "/a/7", "1", Reason.VALUE_MISMATCH),
        ('{"a": [1]}', "/a/x", "1", Reason.VALUE_MISMATCH),
        ('{"a/b": {"~": 2}}', "/a~1b/~0", "2", Reason.OK),
        ('"UP"', "", "UP", Reason.OK),
        ("<html>", "/status", "UP", Reason.NOT_JSON),
        ("", "/status", "UP", Reason.NOT_JSON),
        ("[" * 100_000, "/status", "UP", Reason.NOT_JSON),
        ("1" * 100_000, "", "1", Reason.NOT_JSON),
    ],
)
def test_it_compares_a_value_in_json(
    body: str, pointer: str, value: str | None, reason: Reason
) -> None:
    spec = {"json_pointer": pointer, "json_value": value}
    assert probe(answer(body.encode()), spec).reason is reason


def test_a_slow_answer_is_slow_and_not_bad() -> None:
    async def handler(head: bytes, reader: Any, writer: Any) -> None:
        await asyncio.sleep(0.12)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    by_spec = probe(handler, {"slow_after_ms": 100}, slow_after_s=9)
    assert (by_spec.outcome, by_spec.reason) == (Outcome.SLOW, Reason.SLOW)
    assert probe(handler, slow_after_s=0.1).reason is Reason.SLOW
    assert probe(handler, {"slow_after_ms": 5000}, slow_after_s=0.1).reason is Reason.OK


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"open for business", mtime=0)),
        ("x-gzip", gzip.compress(b"open ", mtime=0) + gzip.compress(b"for business", mtime=0)),
        ("gzip", gzip.compress(b"open for business", mtime=0) + b"\0\0\0"),
        ("deflate", zlib.compress(b"open for business")),
        ("deflate", zlib.compress(b"open for business")[2:-4]),
        ("br", brotli.compress(b"open for business")),
        ("identity", b"open for business"),
    ],
)
def test_it_reads_packed_bodies(coding: str, packed: bytes) -> None:
    handler = answer(packed, headers=(f"Content-Encoding: {coding}",))
    assert probe(handler, {"text_present": "open for business"}).reason is Reason.OK


BOMB = 50_000_000


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(bytes(BOMB), 9, mtime=0)),
        ("deflate", zlib.compress(bytes(BOMB), 9)),
        ("br", brotli.compress(bytes(BOMB), quality=5)),
        ("gzip", b"this is not gzip"),
        ("gzip", gzip.compress(b"cut off" * 50, mtime=0)[:-12]),
        ("br", b"\xff" * 40),
        ("gzip, gzip", gzip.compress(gzip.compress(b"twice", mtime=0), mtime=0)),
        ("zstd", b"\x28\xb5\x2f\xfd"),
    ],
)
def test_bodies_that_do_not_unpack_within_bounds_are_a_bad_encoding(
    coding: str, packed: bytes
) -> None:
    observation = probe(answer(packed, headers=(f"Content-Encoding: {coding}",)))
    assert (observation.outcome, observation.reason) == (
        Outcome.BAD,
        Reason.BAD_ENCODING,
    )


def endless(start: bytes = b"", *, claims: int | None = 5_000_000_000) -> tuple[Handler, list[int]]:
    """A body of 5 GB (or without a length), and how many bytes of it were taken."""
    taken = [0]

    async def handler(head: bytes, reader: Any, writer: Any) -> None:
        length = f"Content-Length: {claims}\r\n" if claims else ""
        writer.write(f"HTTP/1.1 200 OK\r\n{length}\r\n".encode() + start)
        block = b"x" * 65_536
        while True:
            writer.write(block)
            await writer.drain()
            taken[0] += len(block)

    return handler, taken


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ({}, Reason.OK),
        ({"text_present": "here it is"}, Reason.OK),
        ({"text_present": "never"}, Reason.BODY_TOO_LARGE),
        ({"text_absent": "never"}, Reason.BODY_TOO_LARGE),
        ({"text_absent": "here it is"}, Reason.TEXT_FORBIDDEN),
        ({"json_pointer": "/status", "json_value": "UP"}, Reason.BODY_TOO_LARGE),
    ],
)
def test_five_gigabytes_are_read_up_to_the_cap_only(spec: dict[str, Any], reason: Reason) -> None:
    for claims in (5_000_000_000, None):
        handler, taken = endless(b"here it is", claims=claims)
        observation = probe(handler, spec)
        assert observation.reason is reason
        # beyond our megabyte only what fits into the sockets' buffers
        assert taken[0] < 20_000_000


def test_a_pile_of_marks_costs_no_more_than_a_page() -> None:
    marks = ("\u0315\u0300" * 250_000).encode()
    observation = probe(answer(b"up " + marks), {"text_present": "up"})
    assert observation.reason is Reason.OK
    assert total_ms(observation) < 2000


def test_a_content_type_of_blanks_costs_no_more_than_a_short_one() -> None:
    blanks = "charset=" + " " * 90_000 + ";"
    handler = answer(b"up", headers=(f"Content-Type: text/html; {blanks}",))
    observation = probe(handler, {"text_present": "up"})
    assert observation.reason is Reason.OK
    assert total_ms(observation) < 2000
