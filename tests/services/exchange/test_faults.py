"""Everything that is wrong is said at once, with line, column, reason and mend; nothing changes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import translation

from accounts.models import Agency
from core.audit import AuditEntry
from services.exchange import jsonld
from services.exchange.apply import Unsound, import_catalogue
from services.exchange.csv_file import read
from services.exchange.faults import SPEC_MENDS, WORDS, Fault
from services.exchange.files import CatalogueFile
from services.exchange.plan import make_plan
from services.exchange.specs import spec_columns
from services.models import Service
from tests.factories import make_agency, make_service
from tests.services.exchange.catalogues import CHECK, NATION, plan, present, row, told

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
FAULTY = CatalogueFile("faulty.csv", (Path(__file__).parent / "faulty.csv").read_bytes())

EXPECTED = [
    (1, "", "unknown_column"),
    (2, "record", "unknown_record"),
    (3, "record", "missing"),
    (5, "code", "bad_code"),
    (6, "code", "twice"),
    (10, "slug", "missing"),
    (11, "slug", "bad_slug"),
    (12, "agency", "unknown_agency"),
    (13, "category", "unknown_category"),
    (14, "tier", "out_of_range"),
    (15, "tier", "not_a_number"),
    (16, "audience", "unknown_word"),
    (17, "visibility", "unknown_word"),
    (18, "name_ar", "missing"),
    (19, "name_en", "missing"),
    (20, "agency", "missing"),
    (21, "is_beta", "not_yes_or_no"),
    (22, "position", "not_a_number"),
    (23, "name_en", "too_long"),
    (24, "name_en", "control_character"),
    (25, "public_id", "bad_public_id"),
    (27, "public_id", "public_id_twice"),
    (28, "public_id", "public_id_taken"),
    (29, "public_id", "public_id_changed"),
    (30, "url", "foreign_cell"),
    (32, "url", "bad_url"),
    (33, "channel", "unknown_word"),
    (34, "service", "unknown_service"),
    (35, "channel", "missing"),
    (37, "channel", "unknown_channel"),
    (38, "kind", "unknown_word"),
    (39, "spec.url", "bad_spec"),
    (40, "spec.method", "bad_spec"),
    (41, "spec.headers", "bad_header"),
    (42, "spec.headers", "secret_header"),
    (43, "spec.accepted_codes", "bad_spec"),
    (44, "spec.follow_redirects", "not_yes_or_no"),
    (45, "spec.port", "bad_spec"),
    (46, "spec.host", "bad_spec"),
    (47, "spec.resolvers", "bad_spec"),
    (48, "spec.expect_every_seconds", "bad_spec"),
    (49, "spec.url", "foreign_spec"),
    (50, "interval_seconds", "out_of_range"),
    (51, "timeout_seconds", "out_of_range"),
    (52, "network", "unknown_word"),
    (53, "upstream", "edge_to_itself"),
    (54, "upstream", "unknown_service"),
    (55, "dependant", "unknown_service"),
    (56, "kind", "unknown_word"),
    (57, "upstream", "circle"),
    (58, "channel", "channel_of_another"),
    (59, "", "too_many_cells"),
]


@pytest.mark.django_db
def test_a_file_with_52_faults_lists_all_52_and_changes_nothing():
    theirs = make_agency(code="MOH")
    make_service(slug="taken-one", agency=theirs, public_id="aaaaaaaaaaaa")
    make_service(slug="there", agency=theirs, public_id="eeeeeeeeeeee")

    with pytest.raises(Unsound) as refused:
        import_catalogue(file=FAULTY, actor=None, now=NOW)

    assert told(refused.value.plan.faults) == EXPECTED
    assert len({(place, code) for _line, place, code in EXPECTED}) > 40
    # The file's own agency, category and services are sound, and still not there.
    assert list(Agency.objects.values_list("code", flat=True)) == ["MOH"]
    assert set(Service.objects.values_list("slug", flat=True)) == {"taken-one", "there"}
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_fault_is_a_sentence_about_the_value_at_fault_in_the_readers_language(language):
    faults = make_plan(read(FAULTY.content), present()).faults
    with translation.override(language):
        sentences = {fault.line: fault.sentence() for fault in faults}
    assert "MOX" in sentences[12]
    assert "abc" in sentences[15]
    assert all("%(" not in sentence for sentence in sentences.values())


def test_a_fault_says_where_what_and_how_to_mend_it():
    fault = Fault("out_of_range", 14, "tier", params={"value": 4, "low": 1, "high": 3})
    with translation.override("en"):
        assert fault.sentence() == (
            "Line 14, tier: 4 is not between 1 and 3. Write a number from 1 to 3."
        )


def test_a_circle_names_its_steps():
    faults = plan(row(7, record="edge", upstream="pass-renew", dependant="login")).faults
    with translation.override("en"):
        (sentence,) = (fault.sentence() for fault in faults)
    assert sentence == (
        "Line 7, upstream: These dependencies run in a circle: login > pass-renew > login. "
        "Remove one of them."
    )


def test_each_of_several_circles_is_told_by_the_row_that_closes_it():
    rows = [
        {"record": "service", "slug": slug, "agency": "MOI", "name_ar": "س", "name_en": "S"}
        for slug in "abcd"
    ] + [
        {"record": "edge", "upstream": upstream, "dependant": dependant}
        for upstream, dependant in ("ab", "ba", "cd", "dc")
    ]
    found = plan(*(row(line, **cells) for line, cells in enumerate(rows, 2)))
    assert told(found.faults) == [(7, "upstream", "circle"), (9, "upstream", "circle")]


def test_the_kind_of_a_check_never_changes():
    changed = row(record="check", service="pass-renew", channel="web", kind="tcp", name="")
    assert told(plan(changed).faults) == [(2, "kind", "kind_changed")]


def test_a_value_from_the_file_cannot_reorder_or_break_the_sentence_about_it():
    fault = Fault("unknown_record", 2, "record", params={"value": "a\u202eb\nc", "allowed": ("x",)})
    with translation.override("en"):
        assert fault.reason() == "“ab c” is no kind of row."


def test_a_long_value_is_told_in_short():
    fault = Fault("bad_slug", 2, "slug", params={"value": "x" * 5000})
    with translation.override("en"):
        assert fault.reason() == f"“{'x' * 80}…” cannot stand in an address."


CSV_FILES = {
    "empty_file": b"",
    "workbook": b"PK\x03\x04xl/workbook.xml",
    "unknown_encoding": "record;name_ar\r\nservice;خدمة".encode("windows-1256"),
    "broken_quotes": b'record;slug\r\nservice;"a"b\r\n',
    "cell_too_large": b'record;slug\r\nservice;"' + b"x" * 200_000,
    "unnamed_column": b"record;;slug\r\nservice;x;a\r\n",
    "column_twice": "record;slug;المعرف\r\n".encode(),
    "no_record_column": b"slug;code\r\na;b\r\n",
}
JSON_FILES = {
    "bad_json": b'{"@graph": [NaN]}',
    "no_graph": b'{"@graph": 3}',
    "not_an_object": b'{"@graph": [3]}',
    "unknown_type": b'{"@graph": [{"@type": "schema:Event"}]}',
    "not_a_text": b'[{"@type": "cpsv:PublicService", "identifier": {"a": 1}}]',
    "unknown_language": b'[{"@type": "cpsv:PublicService", "name": {"fr": "Passeport"}}]',
}


@pytest.mark.parametrize("code", CSV_FILES)
def test_what_is_wrong_with_a_csv_file_as_a_file_is_said(code):
    assert code in {fault.code for fault in read(CSV_FILES[code]).faults}


@pytest.mark.parametrize("code", JSON_FILES)
def test_what_is_wrong_with_a_json_file_as_a_file_is_said(code):
    assert code in {fault.code for fault in jsonld.read(JSON_FILES[code]).faults}


def test_no_fault_exists_that_no_test_meets():
    met = {code for _line, _place, code in EXPECTED} | set(CSV_FILES) | set(JSON_FILES)
    # By the form of the admin, and by the test of kinds above.
    assert met | {"too_large", "kind_changed"} == set(WORDS)


def test_every_field_of_a_kind_that_can_be_refused_has_a_mend_of_its_own():
    free = {"body", "text_present", "text_absent", "json_value", "follow_redirects"}
    assert {column.column.removeprefix("spec.") for column in spec_columns()} - free == set(
        SPEC_MENDS
    )


def test_a_file_with_a_fault_has_no_plan_at_all():
    found = plan(row(record="service", slug="pass-renew", tier="9", name_en="New"))
    assert (found.creates, found.changes) == ((), ())
    assert found.is_empty
    assert found.faults


def test_a_row_that_is_wrong_does_not_make_rows_wrong_that_point_to_it():
    found = plan(
        row(2, record="service", slug="new", agency="MOI", name_ar="س", name_en="S", tier="9"),
        row(3, record="channel", service="new", channel="web"),
        row(4, record="edge", upstream="login", dependant="new", channel="web"),
    )
    assert told(found.faults) == [(2, "tier", "out_of_range")]


def test_what_stands_in_the_catalogue_already_may_be_pointed_to():
    found = plan(row(record="channel", service="pass-renew", channel="app"))
    assert found.faults == ()
    assert [item.key for item in found.creates] == [("channel", "pass-renew", "app")]


def test_a_stored_specification_that_no_probe_can_carry_out_stays_until_the_file_touches_it():
    broken = present(
        *({**values, "record": key[0]} for key, values in NATION.rows.items() if key[0] != "check"),
        CHECK | {"spec": {"url": "ftp://a.example/"}},
    )
    cells = {"record": "check", "service": "pass-renew", "channel": "web", "name": ""}
    assert plan(row(**cells, is_essential="no"), into=broken).faults == ()
    assert told(plan(row(**cells, spec__method="PUT"), into=broken).faults) == [
        (2, "spec.url", "bad_spec")
    ]
