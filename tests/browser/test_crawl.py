"""A crawl in Chromium with the settings of a real deployment, over https, in every role.

Nothing may be reported against the content policy, nothing asked of anybody else, nothing said in
the console, and no form that is sent may lack its token. Statuses are the business of
tests/site/test_doors.py.
"""

from __future__ import annotations

import datetime
import http.client
import ipaddress
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings as django_settings
from django.db import connection
from django.urls import Resolver404, resolve
from django.utils.translation import override
from playwright.sync_api import Browser, BrowserContext, Page, expect

from accounts.models import AUTHORITY_ROLES, Agency, Role
from statusportal.public import snapshot, store
from tests.admin_pages import browser
from tests.end_to_end.portal import PATIENCE_S, ROOT, free_port
from tests.factories import make_user
from tests.site.doors_world import NOW, OURS, make_world

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    # Its static files are made and it is started once.
    pytest.mark.xdist_group("deployment"),
]

# Not pages: files, and what ends the visit.
_NOT_PAGES = re.compile(
    r"(\.(ics|atom|json|svg|xml|txt|png|css|js)|/logout/|/export/.*|/download/)$"
)
# The names of a deployment's own cookies; plain ones would not be bound to https.
SESSION, LANGUAGE = "__Host-session", "django_language"

_HEAR_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
  `content policy: ${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`
  + `:${event.lineNumber} ${event.sample}`));
"""


# --- the portal as a deployment runs it ---------------------------------------------------------


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for localhost that nobody signed, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "tls.pem", folder / "tls.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, secret


# What a real deployment is given beside its servers.
_PRODUCTION = {
    "PORTAL_DEMO": "0",
    "PUBLIC_URL": "https://localhost",
    "SECURITY_CONTACT": "mailto:security@gov.example",
}


def _environment(folder: Path, static: Path, port: int) -> dict[str, str]:
    """The settings of a real deployment; its servers are those of this run of the tests."""
    database = connection.settings_dict
    host = f"&host={database['HOST']}" if database["HOST"] else ""
    return (
        os.environ
        | _PRODUCTION
        | {
            "PUBLIC_URL": f"https://localhost:{port}",
            "VAR_DIR": str(folder),
            "STATIC_ROOT": str(static),
            "DATABASE_URL": f"postgresql:///{database['NAME']}?user={database['USER']}{host}",
        }
    )


@pytest.fixture(scope="module")
def static_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The static files as a deployment serves them: named by what is in them, compressed."""
    folder = tmp_path_factory.mktemp("static")
    subprocess.run(
        [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"],
        check=True,
        cwd=ROOT,
        env=os.environ | _PRODUCTION | {"STATIC_ROOT": str(folder)},
    )
    return folder


class Deployment:
    """A portal with production settings, in a folder of its own; it reads the tests' database."""

    def __init__(self, folder: Path, static: Path) -> None:
        self._certificate, key = _certificate(folder)
        self._port = free_port()
        self._log = folder / "web.log"
        environment = _environment(folder, static, self._port)
        self.address = environment["PUBLIC_URL"]
        with self._log.open("wb") as log:
            self._web = subprocess.Popen(
                [
                    *(sys.executable, "-m", "granian", "statusportal.wsgi:application"),
                    *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(self._port)),
                    *("--workers", "1", "--no-ws", "--log-level", "warning"),
                    *("--ssl-certificate", str(self._certificate), "--ssl-keyfile", str(key)),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=environment,
            )

    def wait(self) -> None:
        """Until it shows the first page, which it can once something is published."""
        context = ssl.create_default_context(cafile=str(self._certificate))
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self._web.poll() is None, self._log.read_text()
            asked = http.client.HTTPSConnection("localhost", self._port, context=context, timeout=5)
            try:
                asked.request("GET", "/ar/")
                if asked.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                asked.close()
            time.sleep(0.1)
        raise AssertionError(self._log.read_text())

    def stop(self) -> None:
        self._web.terminate()
        self._web.wait(timeout=PATIENCE_S)


@pytest.fixture(scope="module")
def started(
    tmp_path_factory: pytest.TempPathFactory, static_files: Path, django_db_setup: None
) -> Iterator[Deployment]:
    one = Deployment(tmp_path_factory.mktemp("deployment"), static_files)
    yield one
    one.stop()


@pytest.fixture
def deployment(started: Deployment, nation: dict[str, Any]) -> str:
    """The address of a deployment that shows the nation."""
    started.wait()
    return started.address


@pytest.fixture
def nation(transactional_db: None, settings: Any) -> dict[str, Any]:
    """Both agencies of the table of doors, published; the words for what belongs to ours."""
    settings.TIME_ZONE = "Asia/Bahrain"
    with time_machine.travel(NOW, tick=False):
        named = make_world().named[OURS]
    found = snapshot.build(now=datetime.datetime.now(datetime.UTC))
    store.publish(store.connect(django_settings.REDIS_URL), found, None, "")
    return named


# --- whoever looks ------------------------------------------------------------------------------


class Visitor:
    """One person's browser, with everything that it complained about."""

    def __init__(self, chromium: Browser, address: str, **cookies: str) -> None:
        self.address = address
        self.context: BrowserContext = chromium.new_context(
            base_url=address, ignore_https_errors=True, viewport={"width": 1280, "height": 900}
        )
        self.context.add_init_script(_HEAR_VIOLATIONS)
        self.context.add_cookies(
            [
                {"name": name, "value": value, "url": address, "secure": True}
                for name, value in cookies.items()
            ]
        )
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._complain(f"script: {error}"))
        self.page.on("request", self._watch)
        self.at = ""
        self.complaints: list[str] = []
        self.seen: dict[str, str] = {}

    def _complain(self, words: str) -> None:
        self.complaints.append(f"{self.at}: {words}")

    def _hear(self, message: Any) -> None:
        if message.type in {"error", "warning"}:
            self._complain(message.text)

    def _watch(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self._complain(f"asked somebody else: {request.url}")

    def crawl(self, *starts: str, below: tuple[str, ...], pages: int) -> None:
        """Open `starts` and what they lead to, each address of the URLconf once."""
        waiting = list(starts)
        while waiting and len(self.seen) < pages:
            path = waiting.pop(0)
            route = _route(path)
            if route is None or route in self.seen:
                continue
            self.seen[route] = path
            self._open(path)
            links = self.page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)")
            waiting += [
                parts.path + (f"?{parts.query}" if parts.query else "")
                for parts in map(urlsplit, links)
                if f"{parts.scheme}://{parts.netloc}" == self.address
                and parts.path.startswith(below)
            ]

    def _open(self, path: str) -> None:
        self.at = path
        response = self.page.goto(path)
        assert response is not None
        if response.status != 200 or "/login/" in response.url.removeprefix(self.address + path):
            self._complain(f"answered {response.status} at {response.url}")
        # A form of the method "post" without a token: whatever it did, anybody could make us do.
        bare = self.page.eval_on_selector_all(
            'form[method="post"]',
            "all => all.filter(one => !one.querySelector('[name=csrfmiddlewaretoken]')?.value)"
            ".map(one => one.action)",
        )
        if bare:
            self._complain(f"forms without a token: {bare}")

    def close(self) -> None:
        self.context.close()


def _route(path: str) -> str | None:
    """The address of the URLconf, with its language; None for what is no page."""
    plain = path.partition("?")[0]
    if _NOT_PAGES.search(plain):
        return None
    lang = plain[1:3]
    try:
        # The language of an address is the one in which it is resolved.
        with override(lang if lang in {"ar", "en"} else "en"):
            found = resolve(plain)
    except Resolver404:
        return None
    return f"{lang} {found.view_name or found.route}"


def _sign_in(chromium: Browser, address: str, role: Role, language: str) -> Visitor:
    ours = None if role in AUTHORITY_ROLES else Agency.objects.get(code="OURS")
    session = browser(make_user(role, ours)).cookies[django_settings.SESSION_COOKIE_NAME].value
    return Visitor(chromium, address, **{SESSION: session, LANGUAGE: language})


# Where each role begins and how many pages it looks at; what they all see, one of them sees whole.
WALKS: dict[Role, tuple[int, tuple[str, ...]]] = {
    Role.ADMINISTRATOR: (
        40,
        (
            "/admin/services/service/{service}/change/",
            "/admin/services/channel/{channel}/change/",
            "/admin/services/check/{check}/change/",
            "/admin/services/check/{check}/tokens/make/",
            "/admin/services/check/add/?kind=http",
            "/admin/services/service/import/",
            "/admin/services/service/{service}/delete/",
            "/admin/services/service/{service}/history/",
            "/admin/services/category/{category}/change/",
            "/admin/services/referencetarget/{reference}/change/",
            "/admin/accounts/agency/{agency}/change/",
            "/admin/accounts/user/{person}/change/",
            "/admin/accounts/apitoken/{api_token}/revoke/",
            "/admin/",
        ),
    ),
    Role.AGENCY_PUBLISHER: (
        16,
        (
            "/admin/maintenance/window/add/",
            "/admin/maintenance/window/{submitted}/act/approve/",
            "/admin/maintenance/window/{ahead}/act/postpone/",
            "/admin/maintenance/window/month/",
            "/admin/incidents/incident/{incident}/write/",
            "/ops/services/{slug}/why/",
            "/ops/",
        ),
    ),
    Role.OPERATOR: (10, ("/ops/", "/ops/incidents/{closed_ref}/")),
    Role.SUPERVISOR: (6, ("/admin/maintenance/window/{window}/change/", "/ops/")),
    Role.AUDITOR: (6, ("/admin/core/auditentry/{entry}/change/", "/admin/core/auditentry/")),
    Role.AGENCY_STAFF: (6, ("/admin/services/check/{check}/change/", "/ops/")),
    Role.CONTACT_CENTRE: (6, ("/ops/", "/ops/incidents/{ref}/")),
}


def test_nothing_is_reported_anywhere_in_any_role(
    chromium: Browser, deployment: str, nation: dict[str, Any]
) -> None:
    complaints = []
    citizen = Visitor(chromium, deployment)
    citizen.crawl("/ar/", "/en/", "/accounts/login/", below=("/ar/", "/en/"), pages=20)
    citizen.close()
    complaints += citizen.complaints
    looked_at = {"citizen": len(citizen.seen)}
    for number, (role, (pages, starts)) in enumerate(WALKS.items()):
        visitor = _sign_in(chromium, deployment, role, ("ar", "en")[number % 2])
        paths = [path.format_map(nation) for path in starts]
        visitor.crawl(*paths, below=("/admin/", "/ops/", "/accounts/"), pages=pages)
        visitor.close()
        complaints += [f"{role}: {words}" for words in visitor.complaints]
        looked_at[role.value] = len(visitor.seen)
    assert "\n".join(complaints) == ""
    assert min(looked_at.values()) >= 6, looked_at


def test_pages_that_build_themselves_are_quiet_too_and_forms_arrive(
    chromium: Browser, deployment: str, nation: dict[str, Any]
) -> None:
    visitor = _sign_in(chromium, deployment, Role.ADMINISTRATOR, "en")
    page = visitor.page

    # Another line of a form, and a choice that is searched for.
    page.goto(f"/admin/services/service/{nation['service']}/change/")
    page.locator(".add-row a").first.click()
    expect(page.locator("[name=channels-2-url]")).to_be_visible()
    page.goto("/admin/services/channel/add/")
    page.locator(".select2-selection").click()
    page.locator(".select2-search__field").fill("wombat")
    expect(page.locator(".select2-results__option", has_text="Wombat").first).to_be_visible()
    # Sent with the cookies of a deployment, which are bound to this host and to https.
    page.goto("/admin/")
    page.locator("form[action='/i18n/setlang/'] button[value=ar]").click()
    expect(page.locator("html[lang=ar]")).to_be_attached()
    assert visitor.complaints == []

    # And what is reported is heard.
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')")
    page.wait_for_timeout(50)
    assert any("content policy: style-src" in words for words in visitor.complaints)
    visitor.close()
