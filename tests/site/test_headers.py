"""The headers by which browsers protect people: a row for each kind of answer."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from statusportal.public import pages
from statusportal.public.store import store
from tests.servers import SETTINGS
from tests.statusportal.public.snapshots import ALL_WELL, history, snapshot

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
    "manifest-src": "'self'",
}
EVERYWHERE = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Refused to every page, ours included.
REFUSED = {
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture",
    "encrypted-media", "fullscreen", "geolocation", "gyroscope", "hid", "idle-detection",
    "local-fonts", "magnetometer", "microphone", "midi", "payment", "picture-in-picture",
    "screen-wake-lock", "serial", "storage-access", "usb", "window-management",
    "xr-spatial-tracking",
}  # fmt: skip
OWN = {"clipboard-write", "publickey-credentials-create", "publickey-credentials-get"}

SHARED = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
US, ALL = "same-origin", "cross-origin"
# Path, status, who may use it (CORP), whether a page of its own kind (COEP), Cache-Control.
ANSWERS: list[tuple[str, int, str, bool, str | None]] = [
    ("/", 302, US, True, SHARED),
    ("/ar/", 200, US, True, SHARED),
    ("/en/services/passport/", 200, US, True, SHARED),
    ("/en/nothing/", 404, US, True, None),
    ("/ar/feed.atom", 200, ALL, False, SHARED),
    ("/en/services/passport/calendar.ics", 200, ALL, False, SHARED),
    ("/api/v2/summary.json", 200, ALL, False, SHARED),
    ("/api/v2/nothing.json", 404, ALL, False, None),
    ("/api/heartbeats/short/", 405, US, False, None),
    ("/api/v1/services/", 401, US, False, "no-store"),
    ("/embed/banner.js", 200, ALL, False, "public, max-age=300, stale-if-error=86400"),
    ("/embed/passport.json", 200, ALL, False, "public, max-age=15, stale-if-error=86400"),
    ("/embed/passport.html", 200, ALL, True, "public, max-age=15, stale-if-error=86400"),
    ("/badge/passport.svg", 200, ALL, False, "public, max-age=15, must-revalidate"),
    ("/static/css/portal.css", 200, ALL, False, "max-age=60, public"),
    ("/static/fonts/plex-sans-arabic-400.woff2", 200, ALL, False, "max-age=60, public"),
    ("/static/nothing.css", 404, ALL, True, None),
    ("/brand.css", 200, ALL, False, "public, max-age=300"),
    ("/robots.txt", 200, ALL, False, "public, max-age=3600"),
    ("/.well-known/security.txt", 200, ALL, False, "public, max-age=3600"),
    ("/healthz", 200, US, False, "max-age=0, no-cache, no-store, must-revalidate, private"),
    ("/admin/", 302, US, True, None),
    ("/admin/nothing/", 302, US, True, None),
    ("/ops/", 302, US, True, None),
    ("/accounts/nothing/", 404, US, True, None),
]


@pytest.fixture
def _deployed(settings: Any) -> None:
    """As behind https; what Django reads at start, the client reads with its first request."""
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    settings.SECURE_HSTS_PRELOAD = True
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.STATIC_ROOT = settings.BASE_DIR / "static"
    store.hold(snapshot(ALL_WELL), history())


def asked(path: str, **options: Any) -> Any:
    client = Client(raise_request_exception=False)
    response: Any = client.get(path, **({"secure": True} | options))
    if isinstance(response, StreamingHttpResponse):
        # A file, which the client closes behind the last byte.
        assert list(response)
    return response


def held(response: HttpResponse, names: Any) -> dict[str, str | None]:
    return {name: response.get(name) for name in names}


def policy_of(response: HttpResponse) -> dict[str, str]:
    parts = [part.strip() for part in response["Content-Security-Policy"].split(";")]
    return {name: value for name, _, value in (part.partition(" ") for part in parts)}


@pytest.mark.usefixtures("_deployed")
@pytest.mark.parametrize(("path", "status", "users", "is_page", "kept"), ANSWERS)
def test_each_kind_of_answer_has_its_headers(
    path: str, status: int, users: str, is_page: bool, kept: str | None
) -> None:
    response = asked(path)

    assert response.status_code == status
    assert held(response, EVERYWHERE) == EVERYWHERE
    assert policy_of(response) == POLICY
    assert response["Cross-Origin-Resource-Policy"] == users
    assert response.get("Cross-Origin-Embedder-Policy") == ("require-corp" if is_page else None)
    if kept is not None:
        assert response["Cache-Control"] == kept
    if path.startswith(("/admin/", "/ops/", "/accounts/")):
        assert "no-store" in response["Cache-Control"]


@pytest.mark.usefixtures("_deployed")
def test_errors_that_no_view_has_made_have_them_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **options: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(pages, "said_now", broken)
    for response, status in (
        (asked("/en/"), 500),
        (asked("/en/", headers={"Host": "elsewhere.example"}), 400),
        # Over plain http browsers take no word of how long it lasts.
        (asked("/en/", secure=False), 301),
    ):
        expected = dict(EVERYWHERE)
        if status == 301:
            del expected["Strict-Transport-Security"]
        assert response.status_code == status
        assert held(response, expected) == expected
        assert policy_of(response) == POLICY


@pytest.mark.usefixtures("_deployed")
def test_what_no_page_uses_is_refused_to_all() -> None:
    given = dict(part.strip().split("=") for part in asked("/en/")["Permissions-Policy"].split(","))
    assert {name for name, who in given.items() if who == "()"} == REFUSED
    assert {name for name, who in given.items() if who == "(self)"} == OWN
    assert set(given) == REFUSED | OWN


def test_the_policy_bends_for_nothing(settings: Any) -> None:
    policy = settings.CONTENT_SECURITY_POLICY
    assert set(policy) == {"DIRECTIVES"}
    words = " ".join(" ".join(sources) for sources in policy["DIRECTIVES"].values())
    assert re.findall(r"unsafe|nonce|https?:|\*", words) == []
    assert not hasattr(settings, "CONTENT_SECURITY_POLICY_REPORT_ONLY")


def test_no_list_of_the_admin_asks_for_its_inline_style() -> None:
    # Django writes one into each list whose actions stand nowhere (admin/change_list.html).
    without = [
        page for page in admin.site._registry.values()
        if not page.actions_on_top and not page.actions_on_bottom
    ]  # fmt: skip
    assert without == []


def test_cookies_are_for_us_alone(settings: Any) -> None:
    assert settings.SESSION_COOKIE_HTTPONLY is True
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"
    assert settings.CSRF_COOKIE_SAMESITE == "Lax"


def test_a_deployment_is_reached_by_https_alone_and_sends_forms_to_its_provider() -> None:
    names = [
        "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS", "SECURE_HSTS_INCLUDE_SUBDOMAINS",
        "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "DEBUG",
        "CONTENT_SECURITY_POLICY",
    ]  # fmt: skip
    program = (
        "import json; from statusportal import settings;"
        f"print(json.dumps({{name: getattr(settings, name) for name in {names}}}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={
            **SETTINGS,
            "PORTAL_DEMO": "0",
            "PUBLIC_URL": "https://status.gov.example",
            "DATABASE_URL": "postgresql://portal@db/portal",
            "REDIS_URL": "redis://redis:6379/0",
            "SSO_ISSUER": "https://login.gov.example/realms/staff",
            "SSO_CLIENT_ID": "portal",
            "SSO_CLIENT_SECRET": "x",
            "SSO_ROLES": "operators=operator",
        },
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = json.loads(done.stdout)
    policy = found.pop("CONTENT_SECURITY_POLICY")["DIRECTIVES"]
    # A form that begins single sign-on ends there by a redirect, which browsers count in.
    assert policy.pop("form-action") == ["'self'", "https://login.gov.example"]
    assert {name: " ".join(words) for name, words in policy.items()} == {
        name: words for name, words in POLICY.items() if name != "form-action"
    }
    assert found == {
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "DEBUG": False,
    }


# --- fixed addresses --------------------------------------------------------------------------


@pytest.mark.usefixtures("_deployed")
def test_security_txt_says_whom_to_tell_and_runs_out(settings: Any, time_machine: Any) -> None:
    time_machine.move_to("2026-11-22T09:30:00+00:00")
    settings.PUBLIC_URL = "https://status.gov.example"
    settings.SECURITY_CONTACT = ["mailto:security@gov.example", "tel:+973-8000-0000"]
    settings.SECURITY_POLICY = "https://gov.example/disclosure"
    response = asked("/.well-known/security.txt")

    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode().splitlines() == [
        "Contact: mailto:security@gov.example",
        "Contact: tel:+973-8000-0000",
        "Expires: 2027-02-20T00:00:00Z",
        "Preferred-Languages: ar, en",
        "Canonical: https://status.gov.example/.well-known/security.txt",
        "Policy: https://gov.example/disclosure",
    ]


@pytest.mark.usefixtures("_deployed")
def test_without_a_contact_there_is_no_security_txt(settings: Any) -> None:
    settings.SECURITY_CONTACT = []
    assert asked("/.well-known/security.txt").status_code == 404


@pytest.mark.usefixtures("_deployed")
def test_robots_may_read_all_but_the_staffs_pages() -> None:
    lines = asked("/robots.txt").content.decode().splitlines()
    assert lines[:4] == [
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /ops/",
        "Disallow: /accounts/",
    ]
    assert [line for line in lines if line in {"Disallow: /", "Disallow: /ar/"}] == []
