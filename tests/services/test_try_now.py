"""“Try it now”: one real answer on the page, and nothing else anywhere."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.cache import cache
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from redis.exceptions import ConnectionError as NoRedis

from accounts.models import AUTHORITY_ROLES, Role
from core.audit import AuditEntry
from services import heartbeats
from services.models import Check
from statusportal.demo import certificates
from tests.admin_pages import browser, elements, filled_in, page_text, text
from tests.factories import make_agency, make_channel, make_check, make_location, make_service
from tests.factories import make_user as make_person

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=timezone.get_default_timezone())


class _Service(BaseHTTPRequestHandler):
    asked: list[dict[str, str]]

    def do_GET(self) -> None:
        self.asked.append(dict(self.headers))
        self.send_response(503 if self.path == "/broken" else 200)
        self.end_headers()
        self.wfile.write("مرحبا".encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[ThreadingHTTPServer]:
    """An HTTP server on loopback; `service.asked` are the headers of what came."""
    handler = type("Handler", (_Service,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.asked = handler.asked  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def _here(settings: Any) -> Iterator[None]:
    # The demo's authority is made with its endpoints, and these are not them.
    settings.PROBE_EXTRA_CA = ""
    cache.clear()
    make_location()
    yield
    cache.clear()


@pytest.fixture
def admin() -> Any:
    return browser(make_person(Role.ADMINISTRATOR))


@pytest.fixture
def page_of(service: ThreadingHTTPServer) -> Callable[..., Check]:
    def make(path: str = "/", **fields: Any) -> Check:
        url = f"http://127.0.0.1:{service.server_port}{path}"
        spec = {"url": url, "text_present": "مرحبا", **fields.pop("spec", {})}
        return make_check(spec=spec, timeout_seconds=2, **fields)

    return make


def address(check: Check) -> str:
    return reverse("admin:services_check_try", kwargs={"pk": check.pk})


def shown(answer: Any) -> dict[str, str]:
    """The tables of the page, by the name of each line."""
    x = "{http://www.w3.org/1999/xhtml}"
    return {
        text(next(row.iter(f"{x}th"))): text(next(row.iter(f"{x}td")))
        for row in elements(answer, "tr")
        if list(row.iter(f"{x}td"))
    }


def everything(*, but: set[str]) -> dict[str, list[Any]]:
    """Every row of every table of the database, whether a model knows it or not."""
    with connection.cursor() as cursor:
        tables = [name for name in connection.introspection.table_names(cursor) if name not in but]
        rows = {}
        for name in sorted(tables):
            cursor.execute(f'SELECT t::text FROM "{name}" t ORDER BY 1')  # noqa: S608
            rows[name] = cursor.fetchall()
    return rows


# --- What is seen -------------------------------------------------------------------------


def test_it_shows_the_result_and_how_long_each_step_took(
    admin: Any, page_of: Callable[..., Check]
) -> None:
    answer = admin.post(address(page_of()))

    assert answer.status_code == 200
    said = shown(answer)
    assert said["Result"] == "OK"
    assert said["Reason"] == "It answers normally. OK"
    for step in ("Finding the address", "Connecting", "Until the answer began", "In all"):
        assert 0 <= int(said[step]) < 2000
    # What did not take place has no time.
    assert "Securing the connection (TLS)" not in said
    assert "Certificate" not in said


@pytest.mark.parametrize(
    ("fields", "result", "reason"),
    [
        ({"path": "/broken"}, "Failed", "It answers with an error. SERVER_ERROR"),
        (
            {"spec": {"text_present": "سوف"}},
            "Failed",
            "Its page does not show what it should. TEXT_MISSING",
        ),
        ({"slow_after_ms": 0}, "Slow", "It answers slowly. SLOW"),
        ({"is_enabled": False}, "OK", "It answers normally. OK"),
    ],
)
def test_it_says_what_is_wrong_in_the_words_of_the_field(
    admin: Any,
    page_of: Callable[..., Check],
    fields: dict[str, Any],
    result: str,
    reason: str,
) -> None:
    said = shown(admin.post(address(page_of(**fields))))
    assert (said["Result"], said["Reason"]) == (result, reason)


def test_the_guard_holds_here_too(
    admin: Any, page_of: Callable[..., Check], service: Any, settings: Any
) -> None:
    settings.PROBE_ALLOWED_NETWORKS = []
    said = shown(admin.post(address(page_of())))
    assert said["Result"] == "Our own fault"
    assert said["Reason"] == "We cannot check it at the moment. ADDRESS_REFUSED"
    assert service.asked == []


def test_it_gives_up_after_the_checks_own_timeout(admin: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        said = shown(admin.post(address(make_check(spec={"url": url}, timeout_seconds=1))))
    assert said["Reason"] == "It does not answer in time. NO_ANSWER"
    assert 900 <= int(said["In all"]) < 2000


def test_it_tells_the_days_that_the_certificate_has_left(
    admin: Any, settings: Any, tmp_path: Any
) -> None:
    certificates.prepare(tmp_path)
    settings.PROBE_EXTRA_CA = str(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / certificates.LEAF)
    with socket.create_server(("127.0.0.1", 0)) as plain:
        check = make_check(
            kind="tls",
            spec={
                "host": "127.0.0.1",
                "port": plain.getsockname()[1],
                "certificate_warning_days": 365_000,
            },
            timeout_seconds=2,
        )
        answering = threading.Thread(target=_shake_hands, args=(plain, context))
        answering.start()
        said = shown(admin.post(address(check)))
        answering.join()
    assert said["Result"] == "OK"
    assert int(said["Certificate"].split()[0]) > 1
    assert said["Certificate"].endswith("days left Staff are warned of this.")
    assert int(said["Securing the connection (TLS)"]) >= 0


def _shake_hands(plain: socket.socket, context: ssl.SSLContext) -> None:
    caller, _address = plain.accept()
    try:
        context.wrap_socket(caller, server_side=True).close()
    except OSError:
        caller.close()


def test_a_heartbeat_check_is_judged_by_the_calls_that_came(admin: Any) -> None:
    check = make_check(kind="heartbeat", spec={"expect_every_seconds": 60})
    assert shown(admin.post(address(check)))["Reason"].endswith("RECEIVER_DOWN")

    cache.clear()
    heartbeats.sign_in(now=datetime.now(NOW.tzinfo))
    _row, token = heartbeats.make_token(check=check, now=datetime.now(NOW.tzinfo))
    heartbeats.receive(token=token, has_failed=True, now=datetime.now(NOW.tzinfo))
    assert shown(admin.post(address(check)))["Reason"].endswith("HEARTBEAT_FAILED")


def test_the_saved_check_is_tried_and_the_page_says_so(
    admin: Any, page_of: Callable[..., Check]
) -> None:
    check = page_of()
    page = admin.get(reverse("admin:services_check_change", args=(check.pk,)))
    assert "runs the check once as it is saved, without what you have typed since" in page_text(
        page
    )
    typed = filled_in(page) | {"spec_text_present": "something else"}
    assert shown(admin.post(address(check), typed))["Result"] == "OK"


def test_secrets_are_sent_and_not_shown(
    admin: Any, page_of: Callable[..., Check], service: Any
) -> None:
    answer = admin.post(address(page_of(secrets={"X-Key": "s3cr3t"})))
    assert service.asked[0]["X-Key"] == "s3cr3t"
    assert "s3cr3t" not in answer.content.decode()


def test_secrets_that_no_key_opens_are_our_own_fault(
    admin: Any, page_of: Callable[..., Check], settings: Any, service: Any
) -> None:
    check = page_of(secrets={"X-Key": "s3cr3t"})
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert shown(admin.post(address(check)))["Result"] == "Our own fault"
    assert service.asked == []


def test_it_is_told_in_arabic_from_right_to_left(page_of: Callable[..., Check]) -> None:
    answer = browser(make_person(Role.ADMINISTRATOR), "ar").post(address(page_of("/broken")))
    [page] = elements(answer, "html")
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    assert "ترد الخدمة برسالة خطأ." in page_text(answer)


# --- What is changed ----------------------------------------------------------------------


def test_it_changes_no_row_of_any_table_but_the_record(
    admin: Any, page_of: Callable[..., Check]
) -> None:
    checks = [page_of(), page_of("/broken")]
    heartbeat = make_check(kind="heartbeat", spec={"expect_every_seconds": 60})
    heartbeats.make_token(check=heartbeat, now=NOW)
    # Signing in wrote a session; looking at the page writes nothing.
    before = everything(but={"core_auditentry"})
    assert {"services_checkstate", "services_observation", "core_event"} <= before.keys()
    assert {model._meta.db_table for model in apps.get_models()} <= before.keys() | {
        "core_auditentry"
    }

    for check in (*checks, heartbeat):
        cache.clear()
        assert admin.post(address(check)).status_code == 200

    assert everything(but={"core_auditentry"}) == before


def test_the_record_says_who_tried_what_and_what_came_of_it(
    page_of: Callable[..., Check],
) -> None:
    check = page_of(path="/broken", secrets={"X-Key": "s3cr3t"})
    person = make_person(Role.ADMINISTRATOR)
    browser(person).post(address(check))

    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.act, entry.subject_id) == (person, "try", str(check.pk))
    assert entry.agency_code == check.channel.service.agency.code
    assert entry.before is None
    total_ms = entry.after.pop("total_ms")
    assert entry.after == {"outcome": "BAD", "reason": "SERVER_ERROR"}
    assert 0 <= int(total_ms) < 2000
    history = browser(person).get(reverse("admin:services_check_history", args=(check.pk,)))
    assert "Tried" in page_text(history)


# --- Who may, and how often ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "own", "status"),
    [
        (Role.ADMINISTRATOR, True, 200),
        (Role.SUPERVISOR, True, 200),
        (Role.AGENCY_PUBLISHER, True, 200),
        (Role.AGENCY_PUBLISHER, False, 404),
        (Role.AGENCY_STAFF, True, 403),
        (Role.AGENCY_STAFF, False, 404),
        (Role.OPERATOR, True, 403),
        (Role.AUDITOR, True, 403),
        (Role.CONTACT_CENTRE, True, 404),
    ],
)
def test_who_may_write_a_check_may_try_it(
    page_of: Callable[..., Check], service: Any, role: Role, own: bool, status: int
) -> None:
    agency = make_agency()
    check = page_of(
        channel=make_channel(service=make_service(agency=agency if own else make_agency()))
    )
    person = browser(make_person(role, None if role in AUTHORITY_ROLES else agency))

    assert person.post(address(check)).status_code == status
    assert len(service.asked) == (status == 200)
    if own:
        page = person.get(reverse("admin:services_check_change", args=(check.pk,)))
        buttons = elements(page, "input", value="Try it now")
        assert len(buttons) == (status == 200)


def test_strangers_are_led_to_the_sign_in(client: Any, page_of: Callable[..., Check]) -> None:
    answer = client.post(address(page_of()))
    assert answer.status_code == 302
    assert "/login/" in answer["Location"]


def test_looking_at_the_address_tries_nothing(
    admin: Any, page_of: Callable[..., Check], service: Any
) -> None:
    assert admin.get(address(page_of())).status_code == 405
    assert service.asked == []


def test_one_person_tries_once_in_five_seconds(
    admin: Any, page_of: Callable[..., Check], service: Any
) -> None:
    check = page_of()
    assert admin.post(address(check)).status_code == 200

    answer = admin.post(address(page_of()), follow=True)
    assert "You have just tried a check. Wait five seconds, then try again." in page_text(answer)
    assert len(service.asked) == 1
    # The five seconds are counted by Redis, so they are read there instead of waited for.
    [key] = cache._cache.get_client().keys("*services.try:*")  # type: ignore[attr-defined]
    assert 4 <= cache._cache.get_client().ttl(key) <= 5  # type: ignore[attr-defined]

    # Somebody else need not wait.
    other = browser(make_person(Role.ADMINISTRATOR))
    assert other.post(address(check)).status_code == 200
    cache.clear()
    assert admin.post(address(check)).status_code == 200


def test_without_redis_staff_can_still_see_for_themselves(
    admin: Any, page_of: Callable[..., Check], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise NoRedis("connection refused")

    monkeypatch.setattr(cache, "add", gone)
    monkeypatch.setattr(cache, "touch", gone)
    assert shown(admin.post(address(page_of())))["Result"] == "OK"
