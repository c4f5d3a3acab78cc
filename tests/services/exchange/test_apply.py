"""What an import leaves in the tables: rows, schedule, states and the record, or nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import Agency
from core.audit import AuditEntry
from services.catalogue import schedule_check, spread
from services.exchange import apply
from services.exchange.apply import MovedOn, import_catalogue, preview
from services.exchange.files import CatalogueFile
from services.models import Channel, Check, CheckState, Edge, Service
from services.status.health import CheckHealth
from tests.factories import (
    make_agency,
    make_channel,
    make_check,
    make_edge,
    make_location,
    make_service,
    make_user,
)
from tests.services.exchange.catalogues import spreadsheet

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HEADER = ["record", "service", "channel", "name", "kind", "spec.url", "is_enabled"]


def file(*rows):
    return CatalogueFile("catalogue.csv", spreadsheet(*rows).encode())


def bring(*rows, **more):
    return import_catalogue(file=file(*rows), actor=None, now=NOW, **more)


@pytest.fixture
def web():
    service = make_service(slug="book", agency=make_agency(code="MOH"), name_en="Booking", tier=1)
    return make_channel(service=service, kind="web")


def test_a_new_check_is_scheduled_as_if_a_person_had_added_it(web):
    main, closed = make_location(), make_location(code="closed", is_enabled=False)
    by_hand = make_check(channel=web, name="by hand")
    bring(HEADER, ["check", "book", "web", "by file", "http", "https://A.gov.example:8443/", ""])

    check = Check.objects.get(name="by file")
    schedule_check(check=by_hand, now=NOW)
    by_hand.refresh_from_db()
    urgent = by_hand.interval()
    assert check.next_due_at == NOW + urgent * spread(check.pk)
    assert by_hand.next_due_at == NOW + urgent * spread(by_hand.pk)
    assert check.host == "a.gov.example"
    assert CheckState.objects.filter(check_ref=check, location=main).exists()
    assert not CheckState.objects.filter(check_ref=check, location=closed).exists()


def test_a_check_that_is_disabled_never_falls_due_and_has_no_state(web):
    make_location()
    bring(HEADER, ["check", "book", "web", "off", "http", "https://a.gov.example/", "no"])
    assert Check.objects.get().next_due_at is None
    assert not CheckState.objects.exists()


@pytest.mark.parametrize(
    ("column", "cell", "due"),
    [
        ("is_enabled", "no", lambda check: None),
        ("interval_seconds", "60", lambda c: NOW + timedelta(seconds=60) * spread(c.pk)),
        ("timeout_seconds", "9", lambda check: NOW - timedelta(days=1)),
    ],
)
def test_the_schedule_moves_only_with_what_it_depends_on(web, column, cell, due):
    check = make_check(channel=web, next_due_at=NOW - timedelta(days=1))
    bring(["record", "service", "channel", "name", column], ["check", "book", "web", "", cell])
    check.refresh_from_db()
    assert check.next_due_at == due(check)


def test_what_is_known_of_a_check_outlives_its_change(web):
    make_location()
    check = make_check(channel=web)
    schedule_check(check=check, now=NOW)
    CheckState.objects.update(health=CheckHealth.BAD)
    bring(
        ["record", "service", "channel", "name", "interval_seconds", "spec.url"],
        ["check", "book", "web", "", "77", "https://b.gov.example/"],
    )
    (state,) = CheckState.objects.all()
    assert state.health == CheckHealth.BAD
    check.refresh_from_db()
    assert (check.interval_seconds, check.host) == (77, "b.gov.example")


def test_secrets_stay_as_they_are(web):
    check = make_check(channel=web, secrets={"X-Key": "kept"})
    bring(HEADER, ["check", "book", "web", "", "http", "https://other.gov.example/", ""])
    check.refresh_from_db()
    assert check.spec == {"url": "https://other.gov.example/"}
    assert check.secrets == {"X-Key": "kept"}


def test_only_what_changes_is_written(web):
    check = make_check(channel=web, name="one", slow_after_ms=1000)
    content = file(
        ["record", "service", "channel", "name", "timeout_seconds"],
        ["check", "book", "web", "one", "9"],
    )

    def somebody_else_writes(done, of_all):
        Check.objects.filter(pk=check.pk).update(slow_after_ms=2000)

    import_catalogue(file=content, actor=None, now=NOW, progress=somebody_else_writes)
    check.refresh_from_db()
    assert (check.timeout_seconds, check.slow_after_ms) == (9, 2000)


def test_a_file_leaves_one_entry_for_itself_and_one_for_each_row(web):
    person = make_user(username="keeper")
    content = file(
        ["record", "slug", "name_en", "upstream", "dependant", "kind", "service", "channel"],
        ["service", "book", "Appointments", "", "", "", "", ""],
        ["edge", "", "", "login", "book", "soft", "", ""],
        ["channel", "", "", "", "", "", "book", "app"],
    )
    make_service(slug="login", agency=make_agency(code="NDS"), name_ar="الدخول", name_en="Login")

    import_catalogue(file=content, actor=person, now=NOW, address="192.0.2.7", reason="Yearly")

    whole, *entries = AuditEntry.objects.order_by("pk")
    assert (whole.act, whole.subject_name) == ("import", "catalogue.csv")
    assert whole.after == {
        "sha256": content.sha256,
        "service changed": "1",
        "channel added": "1",
        "edge added": "1",
        "unchanged": "0",
    }
    assert {(e.actor, e.actor_name, e.address, e.reason, e.at) for e in (whole, *entries)} == {
        (person, "keeper", "192.0.2.7", "Yearly", NOW)
    }
    told = {entry.subject_kind: entry for entry in entries}
    assert set(told) == {"services.service", "services.channel", "services.edge"}
    service, channel, edge = (told[f"services.{kind}"] for kind in ("service", "channel", "edge"))
    assert (service.act, service.before, service.after) == (
        "change",
        {"name_en": "Booking"},
        {"name_en": "Appointments"},
    )
    assert service.subject_id == str(Service.objects.get(slug="book").pk)
    assert (channel.act, channel.before, channel.agency_code) == ("add", None, "MOH")
    assert channel.subject_id == str(Channel.objects.get(kind="app").pk)
    assert (edge.act, edge.agency_code, (edge.after or {})["kind"]) == ("add", "MOH", "soft")


def test_the_record_of_a_check_holds_no_secret(web):
    make_check(channel=web, secrets={"X-Key": "never-told"})
    bring(HEADER, ["check", "book", "web", "", "http", "https://other.gov.example/", ""])
    entries = AuditEntry.objects.values_list("before", "after")
    assert "never-told" not in str(list(entries))
    assert len(entries) == 2


@pytest.mark.django_db(transaction=True)
def test_an_import_that_breaks_off_half_way_leaves_nothing(monkeypatch):
    def fail(*args, **kwargs):
        raise IntegrityError("a rude interruption")

    monkeypatch.setattr(apply, "_record", fail)
    with pytest.raises(IntegrityError, match="rude"):
        bring(["record", "code", "name_ar", "name_en"], ["agency", "MOH", "الصحة", "Health"])
    assert not Agency.objects.exists()


def test_what_was_not_shown_is_not_done(web):
    content = file(["record", "slug", "phone"], ["service", "book", "800"])
    shown = preview(content).digest()
    Service.objects.update(phone="900")
    with pytest.raises(MovedOn) as moved:
        import_catalogue(file=content, actor=None, now=NOW, shown=shown)
    assert moved.value.plan.changes[0].before == {"phone": "900"}
    assert Service.objects.get().phone == "900"
    assert import_catalogue(
        file=content, actor=None, now=NOW, shown=moved.value.plan.digest()
    ).changes


def test_a_preview_writes_nothing(web):
    assert preview(file(["record", "slug", "phone"], ["service", "book", "800"])).changes
    assert Service.objects.get().phone == ""
    assert not AuditEntry.objects.exists()


def test_absent_rows_are_not_deleted(web):
    make_edge(dependant=web.service)
    bring(["record", "code", "name_ar", "name_en"], ["agency", "MOI", "الداخلية", "Interior"])
    assert Channel.objects.filter(pk=web.pk).exists()
    assert Edge.objects.count() == 1


def test_nobody_else_can_close_a_circle_meanwhile(web):
    """The lock on edges is the one that the form of a service takes."""
    held = []

    def look(done, of_all):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                [0x45444745],
            )
            held.append(cursor.fetchone()[0])

    with transaction.atomic():
        bring(["record", "slug", "phone"], ["service", "book", "800"], progress=look)
    assert held == [1]


def test_progress_is_told_until_all_is_done(web):
    told = []
    bring(
        ["record", "slug", "code", "name_ar", "name_en", "phone"],
        ["service", "book", "", "حجز", "Booking", "800"],
        ["agency", "", "MOI", "الداخلية", "Interior", ""],
        progress=lambda done, of_all: told.append((done, of_all)),
    )
    assert told == [(1, 2), (2, 2)]


def test_the_number_of_statements_does_not_grow_with_rows(web, django_assert_max_num_queries):
    header = ["record", "slug", "agency", "name_ar", "name_en", "service", "channel"]
    rows = [["service", f"s-{number}", "MOH", "س", "S", "", ""] for number in range(300)]
    rows += [["channel", "", "", "", "", f"s-{number}", "web"] for number in range(300)]
    with django_assert_max_num_queries(25):
        bring(header, *rows)
    assert Channel.objects.count() == 301
