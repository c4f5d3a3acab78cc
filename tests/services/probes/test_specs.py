"""What each kind's `parse` takes and refuses; forms show its fields and messages."""

from __future__ import annotations

from typing import Any

import pytest

from services.probes import KINDS, InvalidSpec, Target
from services.probes.http import Spec, parse, parse_secret_headers
from services.probes.tcp import Spec as TcpSpec
from services.probes.tcp import parse as parse_tcp
from tests.services.probes.loopback import make_target, probe, says

URL = "https://service.test/"


def test_the_kinds_are_listed() -> None:
    assert sorted(KINDS) == ["dns", "heartbeat", "http", "tcp", "tls"]


def test_an_url_is_enough_and_the_rest_has_defaults() -> None:
    assert parse({"url": URL}) == Spec(url=URL)
    assert Spec(url=URL).accepted_codes == ((200, 299),)


def test_a_form_left_empty_is_the_same_as_nothing_said() -> None:
    left_empty: dict[str, Any] = {
        "url": URL,
        "method": "",
        "headers": {},
        "body": "",
        "accepted_codes": "",
        "text_present": "",
        "text_absent": "  ",
        "json_pointer": "",
        "json_value": "",
        "slow_after_ms": None,
        "certificate_warning_days": None,
    }
    assert parse(left_empty) == Spec(url=URL)


def test_international_names_are_names() -> None:
    assert parse({"url": "https://موقع.وزارة.مصر/خدمة"}).url == "https://موقع.وزارة.مصر/خدمة"
    assert parse_tcp({"host": "موقع.مصر", "port": 25}) == TcpSpec("xn--4gbrim.xn--wgbh1c", 25)


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("url", {"url": None}),
        ("url", {"url": 7}),
        ("url", {"url": "gopher://service.test/"}),
        ("method", {"method": "FETCH"}),
        ("method", {"method": "HEAD", "text_present": "x"}),
        ("headers", {"headers": ["X"]}),
        ("headers", {"headers": {"Bad Name": "x"}}),
        ("headers", {"headers": {"X": "line\r\nbreak"}}),
        ("headers", {"headers": {"X": "عربي"}}),
        ("headers", {"headers": {"X": 1}}),
        ("headers", {"headers": {"User-Agent": "Mozilla/5.0"}}),
        ("headers", {"headers": {"Host": "other.test"}}),
        ("headers", {"headers": {"content-length": "5"}}),
        ("accepted_codes", {"accepted_codes": "2xx"}),
        ("accepted_codes", {"accepted_codes": "299-200"}),
        ("accepted_codes", {"accepted_codes": "200,"}),
        ("accepted_codes", {"accepted_codes": "600"}),
        ("text_present", {"text_present": 5}),
        ("json_pointer", {"json_pointer": "status"}),
        ("json_pointer", {"json_pointer": "/a~2"}),
        ("json_pointer", {"json_value": "UP"}),
        ("follow_redirects", {"follow_redirects": "yes"}),
        ("slow_after_ms", {"slow_after_ms": 0}),
        ("slow_after_ms", {"slow_after_ms": True}),
        ("slow_after_ms", {"slow_after_ms": "100"}),
        ("certificate_warning_days", {"certificate_warning_days": -1}),
    ],
)
def test_http_names_the_field_at_fault(field: str, spec: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse({"url": URL, **spec})
    assert caught.value.field == field
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    ("field", "spec"),
    [
        ("host", {"port": 25}),
        ("host", {"host": "a b", "port": 25}),
        ("host", {"host": "http://a", "port": 25}),
        ("host", {"host": "", "port": 25}),
        ("port", {"host": "a"}),
        ("port", {"host": "a", "port": 0}),
        ("port", {"host": "a", "port": 65_536}),
        ("port", {"host": "a", "port": "25"}),
        ("port", {"host": "a", "port": True}),
        ("expect_banner", {"host": "a", "port": 25, "expect_banner": 7}),
        ("expect_banner", {"host": "a", "port": 25, "expect_banner": "x" * 2000}),
    ],
)
def test_tcp_names_the_field_at_fault(field: str, spec: dict[str, Any]) -> None:
    with pytest.raises(InvalidSpec) as caught:
        parse_tcp(spec)
    assert caught.value.field == field


def test_secrets_show_in_no_representation_and_no_message() -> None:
    secret = "hunter2"
    target: Target = make_target({"url": URL}, secrets={"headers": {"X-Key": secret}})
    assert target.secrets["headers"]["X-Key"] == secret
    assert secret not in repr(target)
    assert secret not in str(target)
    with pytest.raises(InvalidSpec) as caught:
        parse_secret_headers({"headers": {"X-Key": f"{secret}\n"}})
    assert caught.value.field == "secret_headers"
    assert secret not in str(caught.value)
    with pytest.raises(InvalidSpec) as caught:
        parse_secret_headers({"X-Key": secret})
    assert secret not in str(caught.value)
    observation = probe(says(b""), secrets={"headers": {"X-Key": f"{secret}\n"}})
    assert observation.detail.startswith("secret_headers: ")
    assert secret not in repr(observation)
