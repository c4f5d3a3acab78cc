"""Reference targets and doubts in the admin (rule 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Role
from core.audit import AuditEntry
from services import queries
from services.forms.references import REFERENCE_FORMS
from services.models import ProberDoubt, ReferenceTarget
from services.probes import KINDS
from tests.admin_pages import browser, elements, errors, filled_in, option_texts, page_text
from tests.factories import make_location, make_reference
from tests.factories import make_user as make_person

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=timezone.get_default_timezone())
LIST = reverse("admin:services_referencetarget_changelist")
ADD = reverse("admin:services_referencetarget_add")
DOUBTS = reverse("admin:services_proberdoubt_changelist")


@pytest.fixture
def admin() -> Client:
    return browser(make_person(Role.ADMINISTRATOR))


def page_of(reference: ReferenceTarget) -> str:
    return reverse("admin:services_referencetarget_change", args=(reference.pk,))


def typed(client: Client, kind: str, **fields: Any) -> Any:
    address = f"{ADD}?kind={kind}"
    data = filled_in(client.get(address)) | {
        "location": make_location().pk,
        "network": "internet",
        "name": "Root A",
    }
    return client.post(address, data | fields)


def test_all_kinds_but_the_one_that_connects_nowhere_can_be_a_reference(admin: Client) -> None:
    assert set(REFERENCE_FORMS) == set(KINDS) - {"heartbeat"}
    assert option_texts(admin.get(ADD), "kind") == [
        "Web page or interface (HTTP)",
        "Port that accepts connections (TCP)",
        "Certificate (TLS)",
        "Name servers (DNS)",
    ]
    assert option_texts(admin.get(f"{ADD}?kind=heartbeat"), "kind")[0].startswith("Web page")


@pytest.mark.parametrize(
    ("kind", "asked", "spec"),
    [
        (
            "tcp",
            {"spec_host": "ns1.gov.example", "spec_port": "53"},
            {"host": "ns1.gov.example", "port": 53},
        ),
        (
            "tls",
            {"spec_host": "www.gov.example", "spec_port": "443"},
            {"host": "www.gov.example", "port": 443},
        ),
        (
            "dns",
            {"spec_domain": "gov.example"},
            {"domain": "gov.example", "record_type": "A", "match": "all", "port": 53},
        ),
        (
            "http",
            {"spec_url": "https://www.gov.example/"},
            {
                "url": "https://www.gov.example/",
                "method": "GET",
                "accepted_codes": "200-299",
                "follow_redirects": True,
            },
        ),
    ],
)
def test_a_reference_is_added_in_the_form_of_its_kind_and_probed_as_written(
    admin: Client, kind: str, asked: dict[str, str], spec: dict[str, Any]
) -> None:
    assert typed(admin, kind, network="government", **asked).status_code == 302

    row = ReferenceTarget.objects.get()
    assert (row.name, row.kind, row.network, row.spec) == ("Root A", kind, "government", spec)
    [target] = queries.references(location="main", network="government", due_at=NOW, timeout_s=3.0)
    assert (target.kind, target.spec) == (kind, spec)
    KINDS[kind].parse(target.spec)
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.subject_kind) == ("add", "services.referencetarget")


def test_what_cannot_be_asked_is_refused_with_what_to_write_instead(admin: Client) -> None:
    answer = typed(admin, "tcp", spec_host="not a host", spec_port="53")
    assert errors(answer) == ["Write a host name or an address, such as gateway.gov.example."]
    assert not ReferenceTarget.objects.exists()


def test_a_reference_has_no_field_for_secrets_or_for_what_is_only_a_checks(admin: Client) -> None:
    names = set(filled_in(admin.get(f"{ADD}?kind=http")))
    assert not {name for name in names if "secret" in name}
    assert not names & {"channel", "is_essential", "interval_seconds", "slow_after_ms"}


def test_two_references_of_one_place_cannot_share_a_name(admin: Client) -> None:
    make_reference(name="Root A", spec={"host": "a.example", "port": 1})
    answer = typed(admin, "tcp", spec_host="b.example", spec_port="2")
    assert len(errors(answer)) == 1
    assert ReferenceTarget.objects.count() == 1


def test_a_change_is_recorded_with_what_was_asked_before(admin: Client) -> None:
    row = make_reference(name="Root A", spec={"host": "a.example", "port": 1})
    data = filled_in(admin.get(page_of(row))) | {"spec_port": "2", "why": "moved"}
    assert admin.post(page_of(row), data).status_code == 302

    entry = AuditEntry.objects.get()
    assert entry.before == {"spec": '{"host": "a.example", "port": 1}'}
    assert entry.after == {"spec": '{"host": "a.example", "port": 2}'}
    assert entry.reason == "moved"


def test_saving_without_a_change_records_nothing(admin: Client) -> None:
    row = make_reference(spec={"host": "a.example", "port": 1})
    admin.post(page_of(row), filled_in(admin.get(page_of(row))))
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("role", "sees", "writes"),
    [
        (Role.ADMINISTRATOR, True, True),
        (Role.SUPERVISOR, True, False),
        (Role.OPERATOR, True, False),
        (Role.AUDITOR, True, False),
        (Role.AGENCY_PUBLISHER, False, False),
        (Role.AGENCY_STAFF, False, False),
    ],
)
def test_the_authority_sees_them_and_administrators_write_them(
    role: Role, sees: bool, writes: bool
) -> None:
    row = make_reference(spec={"host": "a.example", "port": 1})
    person = browser(make_person(role))

    assert person.get(LIST).status_code == (200 if sees else 403)
    page = person.get(page_of(row))
    assert page.status_code == (200 if sees else 403)
    if sees:
        assert "a.example" in page.content.decode()
        assert bool(elements(page, "input", name="spec_host")) is writes
    assert person.get(ADD).status_code == (200 if writes else 403)
    assert person.post(page_of(row), {"name": "mine"}).status_code == (200 if writes else 403)
    assert person.get(DOUBTS).status_code == (200 if sees else 403)


def test_doubts_are_read_newest_first_and_changed_by_nobody(admin: Client) -> None:
    location = make_location()
    for hours, ended_at in ((2, NOW - timedelta(hours=1)), (0, None)):
        doubt = ProberDoubt.objects.create(
            location=location,
            network="government",
            began_at=NOW - timedelta(hours=hours),
            ended_at=ended_at,
        )
    said = page_text(admin.get(DOUBTS))
    newest = "2026-11-22 09:00:00–mainGovernment network"
    older = "2026-11-22 07:00:002026-11-22 08:00:00mainGovernment network"
    assert said.index(newest) < said.index(older)

    change = reverse("admin:services_proberdoubt_change", args=(doubt.pk,))
    assert admin.get(change).status_code == 200
    assert admin.post(change, {"ended_at": "2026-01-01"}).status_code == 403
    assert admin.get(reverse("admin:services_proberdoubt_add")).status_code == 403
