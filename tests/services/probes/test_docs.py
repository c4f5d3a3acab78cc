"""docs/probes.md and the code say the same."""

from __future__ import annotations

import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from core.net.dns import RECORD_TYPES
from services.labels import REASON
from services.probes import KINDS
from services.probes.dns import MATCHES
from services.status.observation import Reason

PAGE = (Path(__file__).parents[3] / "docs" / "probes.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S))


def spec_fields(kind: str) -> list[str]:
    spec: Any = vars(sys.modules[KINDS[kind].parse.__module__])["Spec"]
    return [field.name for field in dataclasses.fields(spec)]


def table_fields(section: str) -> list[str]:
    table = section.partition("| field | meaning |\n|---|---|\n")[2].partition("\n\n")[0]
    return [
        name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]


def example(section: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(section.partition("```json\n")[2].partition("```")[0])
    return found


def test_every_kind_has_its_section_and_nothing_else_has() -> None:
    assert list(SECTIONS) == list(KINDS)


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_fields_are_those_of_the_spec(kind: str) -> None:
    assert table_fields(SECTIONS[kind]) == spec_fields(kind)


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_example_uses_every_field_and_can_be_carried_out(kind: str) -> None:
    written = example(SECTIONS[kind])
    assert list(written) == spec_fields(kind)
    parsed = KINDS[kind].parse(written)
    assert parsed == KINDS[kind].parse(json.loads(json.dumps(written)))


def test_every_reason_is_named_and_no_other() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", PAGE))
    elsewhere = {"PROBE_ALLOWED_NETWORKS", "PROBE_PER_HOST", "PROBE_EXTRA_CA", "KINDS"}
    elsewhere |= {"GET", "SERVFAIL", *RECORD_TYPES}
    # No probe says that: it is made of many observations (rule 11).
    of_observations = set(Reason) - {Reason.UNSTABLE}
    assert named - elsewhere == {reason.name for reason in of_observations}


def test_every_reason_has_a_sentence_for_citizens() -> None:
    assert set(REASON) == set(Reason)
    for sentence in REASON.values():
        assert str(sentence).endswith(".")


def test_the_choices_of_dns_are_all_named() -> None:
    for choice in (*RECORD_TYPES, *MATCHES):
        assert f"`{choice}`" in SECTIONS["dns"]
