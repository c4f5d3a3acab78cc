"""What an import would do, row by row; the catalogue is made of plain values here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange.columns import COLUMNS, KEYS, cells_of, columns_of
from services.exchange.plan import make_plan
from services.exchange.records import Document, Record, Row
from tests.services.exchange.catalogues import CHECK, NATION, SERVICE, plan, present, row

SERVICE_CELLS = {"record": "service", "slug": "pass-renew"}
CHECK_CELLS = {"record": "check", "service": "pass-renew", "channel": "web", "name": ""}


def test_a_new_row_has_the_defaults_where_the_file_says_nothing():
    (item,) = plan(
        row(record="service", slug="new", agency="MOI", name_ar="جديد", name_en="New")
    ).creates
    assert item.before is None
    assert item.values == {
        "slug": "new",
        "public_id": "",
        "agency": "MOI",
        "category": "",
        "name_ar": "جديد",
        "name_en": "New",
        "description_ar": "",
        "description_en": "",
        "aliases_ar": "",
        "aliases_en": "",
        "tier": 2,
        "is_shared": False,
        "audience": (),
        "phone": "",
        "hours_ar": "",
        "hours_en": "",
        "meanwhile_ar": "",
        "meanwhile_en": "",
        "visibility": "public",
        "is_beta": False,
        "position": 0,
    }


def test_a_change_holds_only_what_differs_and_what_it_was():
    (item,) = plan(row(**SERVICE_CELLS, name_en="Renew a passport", tier="٢")).changes
    assert item.values == {"name_en": "Renew a passport"}
    assert item.before == {"name_en": "Passport renewal"}
    assert item.differences() == [("name_en", "Passport renewal", "Renew a passport")]


THERE = present(
    {"record": "agency", "code": "MOI", "name_ar": "ا", "name_en": "I"},
    SERVICE
    | {
        "phone": "800",
        "tier": 1,
        "is_beta": True,
        "audience": ("citizen",),
        "visibility": "hidden",
        "position": 7,
        "category": "travel",
    },
    {"record": "category", "slug": "travel", "name_ar": "س", "name_en": "T"},
    {"record": "channel", "service": "pass-renew", "channel": "web"},
    CHECK | {"interval_seconds": 60, "slow_after_ms": 100},
)


@pytest.mark.parametrize(
    ("record", "column", "after"),
    [
        ("service", "phone", ""),
        ("service", "audience", ()),
        ("service", "category", ""),
        ("check", "interval_seconds", None),
    ],
)
def test_an_empty_cell_clears_what_may_be_empty(record, column, after):
    cells = SERVICE_CELLS if record == "service" else CHECK_CELLS
    (item,) = plan(row(**cells, **{column: " "}), into=THERE).changes
    assert item.values == {column: after}


@pytest.mark.parametrize(
    ("record", "column"),
    [
        ("service", "tier"),
        ("service", "is_beta"),
        ("service", "visibility"),
        ("service", "position"),
        ("service", "public_id"),
        ("check", "slow_after_ms"),
        ("check", "kind"),
    ],
)
def test_an_empty_cell_leaves_what_always_has_a_value(record, column):
    cells = SERVICE_CELLS if record == "service" else CHECK_CELLS
    assert plan(row(**cells, **{column: ""}), into=THERE).is_empty


def test_a_column_that_is_absent_leaves_everything_as_it_is():
    found = plan(row(**SERVICE_CELLS), row(3, **CHECK_CELLS), into=THERE)
    assert found.is_empty
    assert found.unchanged == 2


def test_rows_that_the_file_does_not_mention_stay():
    found = plan(row(record="agency", code="MOI"))
    assert found.is_empty
    assert found.unchanged == 1


def test_a_cell_of_a_specification_changes_that_field_alone():
    into = present(
        SERVICE,
        {"record": "channel", "service": "pass-renew", "channel": "web"},
        CHECK | {"spec": {"url": "https://a.example/", "text_present": "ok", "method": "GET"}},
    )
    (item,) = plan(row(**CHECK_CELLS, spec__text_present="up"), into=into).changes
    assert item.values["spec"] == {
        "url": "https://a.example/",
        "method": "GET",
        "text_present": "up",
    }
    assert item.differences() == [("spec.text_present", "ok", "up")]


def test_a_specification_that_means_the_same_is_no_change():
    said = {"spec__url": " https://a.example/ ", "spec__method": "get", "spec__accepted_codes": ""}
    assert plan(row(**CHECK_CELLS, **said)).is_empty


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("headers", "Accept: a/b\nX-One:  1 ", {"Accept": "a/b", "X-One": "1"}),
        ("headers", '{"Accept": "a/b"}', {"Accept": "a/b"}),
        ("accepted_codes", "٢٠٠-٢٩٩, 301", "200-299, 301"),
        ("follow_redirects", "لا", False),
        ("certificate_warning_days", "۲۱", 21),
        ("body", " two \r\n lines ", " two \r\n lines "),
    ],
)
def test_the_cells_of_a_specification_become_what_its_kind_understands(column, cell, value):
    (item,) = plan(row(**CHECK_CELLS, **{f"spec__{column}": cell})).changes
    assert item.values["spec"] == {"url": "https://a.example/", column: value}


def test_a_list_in_a_specification_is_written_one_a_line():
    (item,) = plan(
        row(
            **CHECK_CELLS | {"name": "Names"},
            kind="dns",
            spec__domain="a.gov.example",
            spec__expected="192.0.2.1\n192.0.2.2",
        )
    ).creates
    assert item.values["spec"] == {
        "domain": "a.gov.example",
        "expected": ["192.0.2.1", "192.0.2.2"],
    }


def test_the_digest_tells_plans_apart_and_not_the_order_of_rows():
    one = row(2, **SERVICE_CELLS, phone="1")
    two = row(3, record="agency", code="MOI", phone="2")
    assert plan(one, two).digest() == plan(two, one).digest()
    assert plan(one, two).digest() != plan(one).digest()
    assert plan(one).digest() != plan(row(2, **SERVICE_CELLS, phone="3")).digest()


def test_counts_name_the_records_that_have_any():
    found = plan(
        row(2, **SERVICE_CELLS, phone="1"), row(3, record="channel", service="login", channel="api")
    )
    assert found.counts() == {Record.SERVICE: (0, 1), Record.CHANNEL: (1, 0)}


def _rows_of(catalogue):
    return [
        Row(line, cells_of(key, values))
        for line, (key, values) in enumerate(catalogue.rows.items(), 2)
    ]


def test_what_the_catalogue_says_of_itself_is_no_change():
    for catalogue in (NATION, THERE):
        found = make_plan(Document(_rows_of(catalogue)), catalogue)
        assert found.faults == ()
        assert found.is_empty
        assert found.unchanged == len(catalogue.rows)


_cell = st.text(max_size=12) | st.sampled_from(["نعم", "3", "web", "MOI", "pass-renew", "=1+1"])
_columns = st.sampled_from([column.name for column in COLUMNS])
_records = st.sampled_from([record.value for record in Record])


@given(st.lists(st.tuples(_records, st.dictionaries(_columns, _cell, max_size=8)), max_size=8))
def test_whatever_stands_in_a_file_is_planned_or_faulted_and_a_plan_is_settled(entries):
    rows = [
        Row(line, cells | {"record": record}) for line, (record, cells) in enumerate(entries, 2)
    ]
    found = make_plan(Document(rows), NATION)
    for fault in found.faults:
        assert fault.sentence()
    if found.faults:
        return
    # Carried out, and imported again: nothing is left to do.
    after = dict(NATION.rows)
    for item in (*found.creates, *found.changes):
        after[item.key] = {**after.get(item.key, {}), **item.values}
    again = make_plan(Document(rows), type(NATION)(after))
    assert again.faults == ()
    assert again.is_empty


def test_the_columns_of_a_key_are_columns_of_its_record():
    assert set(KEYS) == set(Record)
    for record, names in KEYS.items():
        cells = columns_of(record)
        assert all(cells[name].required or cells[name].keyed for name in names)
