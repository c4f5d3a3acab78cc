"""CSV as spreadsheets write it, in Arabic and in English."""

import ast
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.arabic import fold
from services.exchange import csv_file
from services.exchange.cells import Choice, Choices
from services.exchange.columns import COLUMNS, RECORD_WORDS, column_named, record_named
from services.exchange.plan import make_plan
from services.exchange.records import Record
from tests.services.exchange.catalogues import NATION, SERVICE, present, spreadsheet, told

ROOT = Path(__file__).resolve().parents[3]


def rows(content):
    if isinstance(content, str):
        content = content.encode()
    document = csv_file.read(content)
    assert document.faults == []
    return [(each.line, dict(each.cells)) for each in document.rows]


ARABIC = (
    "السجل;المعرف;الجهة;الاسم بالعربية;الاسم بالإنجليزية;الأهمية;خدمة مشتركة;المستفيدون;الترتيب\r\n"
    "خدمة;pass-renew;MOI;تجديد الجواز;Passport renewal;١;نعم;مواطنون، مقيمون;۱۲\r\n"
)


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + ARABIC.encode(),
        ARABIC.encode(),
        b"\xff\xfe" + ARABIC.replace(";", "\t").encode("utf-16-le"),
        b"\xfe\xff" + ARABIC.encode("utf-16-be"),
        b"\xef\xbb\xbfsep=;\r\n" + ARABIC.encode(),
        ARABIC.replace(";", ",").replace("\r\n", "\n").encode(),
        ARABIC.replace("\r\n", "\r").encode(),
    ],
    ids=["utf-8 with mark", "utf-8", "utf-16 tabs", "utf-16 be", "sep=", "commas", "old line ends"],
)
def test_a_file_that_excel_saved_in_arabic_reads_right(content):
    document = csv_file.read(content)
    (item,) = make_plan(document, present({"record": "agency", "code": "MOI"})).creates
    assert item.key == ("service", "pass-renew")
    assert {name: item.values[name] for name in ("tier", "is_shared", "audience", "position")} == {
        "tier": 1,
        "is_shared": True,
        "audience": ("citizen", "resident"),
        "position": 12,
    }
    assert item.values["name_ar"] == "تجديد الجواز"


def test_every_column_and_record_is_found_by_its_arabic_name_and_no_name_means_two():
    named = [(fold(word), column.name) for column in COLUMNS for word in column.arabic]
    assert len({word for word, _name in named}) == len(named)
    for word, name in named:
        assert column_named(f"\u200f {word} ") == name
    for record, words in RECORD_WORDS.items():
        assert {record_named(word) for word in (record.value, *words)} == {record}


def test_no_word_of_a_choice_means_two_things():
    for column in COLUMNS:
        for cell in column.cells.values():
            if isinstance(cell, Choice | Choices):
                words = [
                    fold(word) for value, more in cell.words.items() for word in (value, *more)
                ]
                assert len(set(words)) == len(words), column.name


def test_empty_columns_and_rows_at_the_end_are_ignored():
    assert rows("record;slug;;\r\nservice;a;;\r\n;;;\r\n\r\n;;;\r\n") == [
        (2, {"record": "service", "slug": "a"})
    ]


def test_excel_leaves_out_separators_at_the_end_of_a_row():
    assert rows("record;slug;phone\r\nservice;a\r\n") == [
        (2, {"record": "service", "slug": "a", "phone": ""})
    ]


def test_the_line_is_the_one_on_which_the_row_begins():
    assert [line for line, _cells in rows('record;aliases_en\na;"x\ny\nz"\n\nb;c\n')] == [2, 6]


def test_the_separator_is_told_by_the_names_of_the_columns_alone():
    assert rows("record,description_en\r\nservice,a;b;c;d;e;f\r\n") == [
        (2, {"record": "service", "description_en": "a;b;c;d;e;f"})
    ]


def test_spaces_and_marks_of_direction_around_a_value_are_no_part_of_it():
    content = "record;slug;phone\r\n service ;\u200fpass-renew\u200e ; \u202a17 00\u202c\r\n"
    found = make_plan(csv_file.read(content.encode()), NATION)
    (item,) = found.changes
    assert (item.key[1], item.values) == ("pass-renew", {"phone": "17 00"})


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_cell_that_begins_like_a_formula_is_written_as_a_text_and_read_back(start):
    text = f"{start}cmd|' /C calc'!A0"
    catalogue = present(SERVICE | {"name_en": text})
    content = csv_file.write(catalogue).decode("utf-8-sig")
    assert f"'{start}cmd" in content
    assert f";{start}cmd" not in content
    assert f'"{start}' not in content
    (read,) = csv_file.read(content.encode()).rows
    assert read.cells["name_en"] == text


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("=1+1", "=1+1"),
        ("'=1+1", "=1+1"),
        ("''=1+1", "'=1+1"),
        ("'Asir", "'Asir"),
        ("'", "'"),
        ("''", "'"),
    ],
)
def test_a_formula_in_a_file_is_only_a_text(typed, read):
    content = spreadsheet(["record", "name_en"], ["service", typed])
    assert rows(content) == [(2, {"record": "service", "name_en": read})]


@given(st.text(), st.sampled_from(list(csv_file.SEPARATORS.values())))
def test_every_text_survives_the_way_out_and_back_and_no_cell_is_a_formula(text, separator):
    text = "".join(char for char in text if not "\ud800" <= char <= "\udfff" and char != "\0")
    check = {
        "record": "check",
        "service": "pass-renew",
        "channel": "web",
        "kind": "http",
        "spec": {"url": "https://a.example/", "body": text or "x"},
    }
    content = csv_file.write(present(check), separator=separator)
    (read,) = csv_file.read(content).rows
    assert read.cells["spec.body"] == (text or "x")
    written = io.StringIO(content.decode("utf-8-sig"), newline="")
    for cells in csv.reader(written, delimiter=separator):
        assert not any(cell.startswith(tuple("=+-@\t\r＝＋－＠")) for cell in cells)


@given(st.binary(max_size=200))
def test_any_bytes_are_rows_or_faults(content):
    document = csv_file.read(content)
    assert document.rows or document.faults


@pytest.mark.parametrize("module", ["plan", "columns", "cells", "specs", "csv_file", "jsonld"])
def test_what_decides_and_reads_knows_no_table(module):
    source = (ROOT / "services" / "exchange" / f"{module}.py").read_text(encoding="utf-8")
    imported = {
        node.module or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom)
    }
    assert not [name for name in imported if name.startswith("django.db") or "models" in name]


def test_each_record_has_cells_in_its_own_columns_only():
    for column in COLUMNS:
        assert set(column.cells) <= set(Record)
    with_none = [column.name for column in COLUMNS if not column.cells]
    assert with_none[0] == "record"
    assert all(name.startswith("spec.") for name in with_none[1:])


def test_a_faulty_header_is_told_once_and_its_values_are_not_read():
    document = csv_file.read(b"record;slug;colour\r\nservice;a;red\r\nservice;b;blue\r\n")
    assert told(document.faults) == [(1, "", "unknown_column")]
    assert [dict(each.cells) for each in document.rows] == [
        {"record": "service", "slug": "a"},
        {"record": "service", "slug": "b"},
    ]
