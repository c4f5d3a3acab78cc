"""From where a request came: the connection, or what proxies of our own say of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from core.admin import address_of


@pytest.mark.parametrize(
    ("proxies", "connection", "passed_on", "address"),
    [
        (0, "192.0.2.1", None, "192.0.2.1"),
        # Anybody can write a header.
        (0, "192.0.2.1", "198.51.100.7", "192.0.2.1"),
        (1, "10.0.0.1", "198.51.100.7", "198.51.100.7"),
        (1, "10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        (2, "10.0.0.1", "2001:db8::7, 10.0.0.2", "2001:db8::7"),
        # From within, past the proxies.
        (2, "10.0.0.1", "198.51.100.7", "10.0.0.1"),
        (1, "10.0.0.1", None, "10.0.0.1"),
        (1, "10.0.0.1", "unknown", None),
        # A Unix socket.
        (0, "", None, None),
    ],
)
def test_the_address_is_that_of_whoever_asked(
    settings: Any, proxies: int, connection: str, passed_on: str | None, address: str | None
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {} if passed_on is None else {"X-Forwarded-For": passed_on}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=connection)
    assert address_of(request) == address
