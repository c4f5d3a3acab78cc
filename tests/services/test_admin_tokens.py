"""Tokens of a heartbeat check in the admin: shown once, kept as a hash, revoked for ever."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AUTHORITY_ROLES, Role
from core.audit import AuditEntry
from services import heartbeats
from services.models import Check, Heartbeat, HeartbeatToken
from tests.admin_pages import browser, elements, filled_in, page_text, text
from tests.factories import make_agency, make_channel, make_check, make_service
from tests.factories import make_user as make_person

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def check() -> Check:
    return make_check(kind="heartbeat", spec={"expect_every_seconds": 60})


@pytest.fixture
def admin() -> Client:
    return browser(make_person(Role.ADMINISTRATOR))


def make_address(check: Check) -> str:
    return reverse("admin:services_check_make_token", kwargs={"pk": check.pk})


def revoke_address(check: Check, token: HeartbeatToken) -> str:
    return reverse(
        "admin:services_check_revoke_token", kwargs={"pk": check.pk, "token_pk": token.pk}
    )


def page_of(client: Client, check: Check) -> Any:
    return client.get(reverse("admin:services_check_change", args=(check.pk,)))


def lines(answer: Any) -> list[str]:
    return [text(line) for line in elements(answer, "pre")]


def test_a_token_is_asked_for_made_and_shown_once_with_what_to_run(
    admin: Client, check: Check, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://status.gov.example"
    assert lines(page_of(admin, check)) == [
        "curl -fsS -X POST https://status.gov.example/api/heartbeats/…/"
    ]
    asked = admin.get(make_address(check))
    assert "is shown once, on the next page" in page_text(asked)
    assert not HeartbeatToken.objects.exists()

    answer = admin.post(make_address(check))

    token, when_done, when_failed = lines(answer)
    assert re.fullmatch(r"[\w-]{43}", token)
    assert when_done == f"curl -fsS -X POST https://status.gov.example/api/heartbeats/{token}/"
    assert when_failed == (
        f"curl -fsS -X POST 'https://status.gov.example/api/heartbeats/{token}/?status=fail'"
    )
    assert "no-store" in answer["Cache-Control"]
    assert HeartbeatToken.objects.get().digest == heartbeats.digest_of(token)
    # Nowhere else, and never again.
    for later in (page_of(admin, check), admin.get(make_address(check))):
        assert token not in later.content.decode()
        assert token[:37] not in later.content.decode()
    assert AuditEntry.objects.get().after == {"token": f"…{token[-6:]}"}


def test_the_shown_command_opens_the_door(admin: Client, check: Check, settings: Any) -> None:
    [_token, when_done, _failed] = lines(admin.post(make_address(check)))
    address = when_done.split()[-1].removeprefix(settings.PUBLIC_URL)
    assert Client(enforce_csrf_checks=True).post(address).status_code == 204
    assert Heartbeat.objects.get().check_ref == check


def test_rotating_says_that_old_tokens_stay_valid_and_leaves_them(
    admin: Client, check: Check
) -> None:
    assert "Make a token" in page_text(page_of(admin, check))
    _row, old = heartbeats.make_token(check=check, now=NOW)
    assert "Rotate: make another token" in page_text(page_of(admin, check))
    sentence = "Tokens that were given out before stay valid until you revoke them"
    assert sentence in page_text(admin.get(make_address(check)))

    assert sentence in page_text(admin.post(make_address(check)))

    assert HeartbeatToken.objects.filter(revoked_at=None).count() == 2
    assert heartbeats.receive(token=old, has_failed=False, now=NOW)


def test_a_token_is_revoked_after_a_question_once(admin: Client, check: Check) -> None:
    row, token = heartbeats.make_token(check=check, now=NOW)
    asked = page_text(admin.get(revoke_address(check, row)))
    assert f"the token that ends with {row.hint} is turned away" in asked
    assert "nobody will be able to call, and the check will fail" in asked
    assert heartbeats.receive(token=token, has_failed=False, now=NOW)

    for _twice in range(2):
        answer = admin.post(revoke_address(check, row), follow=True)
        assert f"The token that ends with {row.hint} is revoked." in page_text(answer)

    assert not heartbeats.receive(token=token, has_failed=False, now=NOW)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.before) == ("revoke token", {"token": f"…{row.hint}"})
    page = page_of(admin, check)
    assert "No token is valid: nobody can call." in page_text(page)
    assert not elements(page, "a", href=revoke_address(check, row))


def test_the_page_tells_what_came_and_by_which_token(admin: Client, check: Check) -> None:
    assert "No call has come yet." in page_text(page_of(admin, check))
    row, token = heartbeats.make_token(check=check, now=NOW)
    heartbeats.receive(token=token, has_failed=False, now=NOW + timedelta(minutes=1))
    said = page_text(page_of(admin, check))
    assert "Last call: 2026-11-22 09:01:00." in said
    assert f"{row.hint} 2026-11-22 09:00:00 2026-11-22 09:01:00" in said

    heartbeats.receive(token=token, has_failed=True, now=NOW + timedelta(minutes=2))
    assert "Last call: 2026-11-22 09:02:00. It reported a failure." in page_text(
        page_of(admin, check)
    )


def test_the_page_itself_still_saves(admin: Client, check: Check) -> None:
    heartbeats.make_token(check=check, now=NOW)
    data = filled_in(page_of(admin, check)) | {"spec_expect_every_seconds": "120"}
    address = reverse("admin:services_check_change", args=(check.pk,))
    with time_machine.travel(NOW, tick=False):
        assert admin.post(address, data).status_code == 302
    check.refresh_from_db()
    assert check.spec == {"expect_every_seconds": 120, "grace_seconds": 60}


def test_checks_of_other_kinds_have_no_tokens(admin: Client) -> None:
    check = make_check()
    assert not elements(page_of(admin, check), "div", id="tokens")
    assert admin.get(make_address(check)).status_code == 404
    assert admin.post(make_address(check)).status_code == 404


def test_a_token_is_revoked_on_the_page_of_its_own_check_only(admin: Client, check: Check) -> None:
    other = make_check(kind="heartbeat", spec={"expect_every_seconds": 60})
    row, _token = heartbeats.make_token(check=other, now=NOW)
    assert admin.post(revoke_address(check, row)).status_code == 404
    row.refresh_from_db()
    assert row.revoked_at is None


@pytest.mark.parametrize(
    ("role", "own", "allowed", "refused"),
    [
        (Role.ADMINISTRATOR, True, True, None),
        (Role.SUPERVISOR, True, True, None),
        (Role.AGENCY_PUBLISHER, True, True, None),
        (Role.AGENCY_PUBLISHER, False, False, 404),
        (Role.AGENCY_STAFF, True, False, 403),
        (Role.OPERATOR, True, False, 403),
        (Role.AUDITOR, True, False, 403),
    ],
)
def test_who_may_write_a_check_may_make_and_revoke_its_tokens(
    role: Role, own: bool, allowed: bool, refused: int | None
) -> None:
    agency = make_agency()
    service = make_service(agency=agency if own else make_agency())
    check = make_check(
        channel=make_channel(service=service), kind="heartbeat", spec={"expect_every_seconds": 60}
    )
    row, _token = heartbeats.make_token(check=check, now=NOW)
    person = browser(make_person(role, None if role in AUTHORITY_ROLES else agency))

    statuses = [
        person.get(make_address(check)).status_code,
        person.get(revoke_address(check, row)).status_code,
        person.post(make_address(check)).status_code,
        person.post(revoke_address(check, row)).status_code,
    ]

    assert statuses == ([200, 200, 200, 302] if allowed else [refused] * 4)
    assert HeartbeatToken.objects.count() == (2 if allowed else 1)
    row.refresh_from_db()
    assert (row.revoked_at is not None) is allowed
    if own:
        links = elements(page_of(person, check), "a", href=make_address(check))
        assert len(links) == allowed


def test_strangers_are_led_to_the_sign_in(client: Client, check: Check) -> None:
    assert "/login/" in client.post(make_address(check))["Location"]
    assert not HeartbeatToken.objects.exists()


def test_a_foreign_page_cannot_make_somebody_make_a_token(check: Check) -> None:
    person = Client(enforce_csrf_checks=True)
    person.force_login(make_person(Role.ADMINISTRATOR))
    assert person.post(make_address(check)).status_code == 403
    assert not HeartbeatToken.objects.exists()
