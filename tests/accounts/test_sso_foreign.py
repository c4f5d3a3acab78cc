"""A provider that others wrote: another reading of the standards than ours, and RS256."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client

from accounts.models import User
from tests.accounts.sign_on import FATIMA, configure, to_provider

START_TIMEOUT_S = 15


@pytest.fixture
def issuer() -> Iterator[str]:
    """Its address; it runs in a process of its own while the test does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "1"],
        # It insists on TLS otherwise, which a process on loopback has not.
        env=os.environ | {"AUTHLIB_INSECURE_TRANSPORT": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        assert process.poll() is None
        with socket.socket() as attempt:
            attempt.settimeout(1)
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError("the provider did not start")


@pytest.mark.django_db
def test_somebody_signs_in_through_a_provider_that_others_wrote(
    client: Client, issuer: str, settings: Any
) -> None:
    configure(settings, issuer)
    # It takes the pair as it stands, where RFC 6749 (2.3.1) has both encoded: so nothing to encode.
    settings.SSO_CLIENT_ID, settings.SSO_CLIENT_SECRET = "portal", "secret"
    settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]["client_id"] = "portal"
    claims = {name: value for name, value in FATIMA.items() if name != "sub"}
    with httpx.Client(trust_env=False) as browser:
        browser.put(f"{issuer}/users/1001", json=claims).raise_for_status()
        settings.SSO_USERINFO = True
        away = to_provider(client, next="/ops/")["Location"]
        back = urlsplit(browser.post(away, data={"sub": "1001"}).headers["location"])

    response = client.get(f"{back.path}?{back.query}")

    assert (response.status_code, response["Location"]) == (302, "/ops/")
    fatima = User.objects.get(username="fatima")
    assert set(fatima.memberships.values_list("role", flat=True)) == {"operator"}
