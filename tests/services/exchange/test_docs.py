"""The page about the file says what is so, and its examples come in."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.exchange.apply import import_catalogue
from services.exchange.cells import Choice
from services.exchange.columns import COLUMNS, RECORD_WORDS
from services.exchange.files import CatalogueFile, Format, write
from services.exchange.present import load
from services.exchange.records import Record
from services.exchange.specs import spec_columns
from services.exchange.terms import NESTED, TERMS

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = (DOCS / "catalogue-file.md").read_text(encoding="utf-8")
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def table(heading):
    """The cells of each row of the first table under a heading, without its head."""
    text = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_column_is_described_with_its_names_records_and_meaning_and_none_besides():
    assert [(row[0], row[1], row[2], row[4]) for row in table("Columns")] == [
        (
            f"`{column.name}`",
            "، ".join(column.arabic) or "–",
            ", ".join(record.value for record in column.cells) or "all",
            column.meaning,
        )
        for column in COLUMNS
        if not column.name.startswith("spec.")
    ]


def test_every_field_of_a_kind_of_check_is_described():
    assert table("What a check asks") == [
        [
            f"`{spec.column}`",
            "، ".join(spec.arabic) or "–",
            ", ".join(spec.kinds),
            spec.meaning,
        ]
        for spec in spec_columns()
    ]
    assert not [spec.column for spec in spec_columns() if spec.meaning == "See probes.md."]


def test_every_word_of_a_choice_is_listed_in_both_languages():
    listed = table("Words")
    assert listed[0][1] == ", ".join(Record)
    told = " ".join(" ".join(row) for row in listed)
    words = {word for each in RECORD_WORDS.values() for word in each}
    for column in COLUMNS:
        for cell in column.cells.values():
            if isinstance(cell, Choice):
                words |= {word for value, more in cell.words.items() for word in (value, *more)}
    assert [word for word in sorted(words) if word not in told] == []


def test_every_word_of_json_ld_stands_on_the_page():
    names = {term.name for terms in TERMS.values() for term in terms}
    names |= {each[0] for nested in NESTED.values() for each in nested} | {"spec"}
    assert names <= set(re.findall(r"`(\w+)`", PAGE))


@pytest.mark.django_db
@pytest.mark.parametrize("written_as", Format)
def test_the_example_comes_in_and_goes_out_the_same(written_as):
    path = DOCS / "examples" / f"catalogue.{written_as}"
    plan = import_catalogue(file=CatalogueFile(path.name, path.read_bytes()), actor=None, now=NOW)
    assert {record.value: added for record, (added, _changed) in plan.counts().items()} == {
        "agency": 2,
        "category": 1,
        "service": 2,
        "channel": 3,
        "check": 2,
        "edge": 1,
    }
    kept = {item.key: item.values for item in plan.creates if item.key[0] != "service"}
    assert {key: values for key, values in load().present.rows.items() if key in kept} == kept
    # Ids are made anew where a file has none.
    again = write(load().present, written_as).decode()
    made = [str(row["public_id"]) for row in load().present.rows.values() if row.get("public_id")]
    assert len(made) == 2
    if written_as is Format.CSV:
        for public_id in made:
            again = again.replace(f";{public_id};", ";;")
    else:
        for public_id in made:
            again = again.replace(f'      "publicId": "{public_id}",\n', "")
    assert again.encode() == path.read_bytes()
