"""What the bench makes of a number: a verdict, and never a pass out of noise."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from bench.table import Calibration, Row, Verdict, failed, lines, passed

QUIET, BUSY = 0.1, 0.5


def row(measured: float | None, *, noise: float = QUIET, **fields: Any) -> Row:
    return Row("what", 2.0, measured, "s", noise=noise, **fields)


@pytest.mark.parametrize(
    ("measured", "noise", "fields", "verdict"),
    [
        (1.9, QUIET, {}, Verdict.HELD),
        (2.0, QUIET, {}, Verdict.HELD),
        (2.1, QUIET, {}, Verdict.MISSED),
        (2.1, QUIET, {"at_least": True}, Verdict.HELD),
        (1.9, QUIET, {"at_least": True}, Verdict.MISSED),
        # What is quick enough on a busy machine is quick enough.
        (1.9, BUSY, {}, Verdict.HELD),
        (2.1, BUSY, {}, Verdict.NOISY),
        # Of two things one may have been disturbed, in favour of either.
        (1.9, BUSY, {"relative": True}, Verdict.NOISY),
        (2.1, BUSY, {"relative": True}, Verdict.NOISY),
        # Disturbed by half it holds where it is far enough away.
        (1.3, BUSY, {"relative": True}, Verdict.HELD),
        (1.34, BUSY, {"relative": True}, Verdict.NOISY),
        (3.0, BUSY, {"relative": True, "at_least": True}, Verdict.HELD),
        (2.9, BUSY, {"relative": True, "at_least": True}, Verdict.NOISY),
        (1.9, BUSY, {"exact": True}, Verdict.HELD),
        (2.1, BUSY, {"exact": True}, Verdict.MISSED),
        (math.inf, BUSY, {}, Verdict.MISSED),
        (math.nan, QUIET, {}, Verdict.MISSED),
        (None, QUIET, {}, Verdict.ABSENT),
    ],
)
def test_a_verdict(
    measured: float | None, noise: float, fields: dict[str, bool], verdict: Verdict
) -> None:
    assert row(measured, noise=noise, **fields).verdict is verdict


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([row(1.0), row(2.0)], True),
        ([row(1.0), row(2.1)], False),
        ([row(1.0), row(2.1, noise=BUSY)], False),
        ([row(1.0), row(None)], True),
        ([row(1.0), failed("probing", OSError("no sockets"))], False),
    ],
)
def test_noise_and_failure_are_not_a_pass(rows: list[Row], expected: bool) -> None:
    assert passed(rows) is expected


def test_the_table_has_a_line_for_each_row_and_the_notes_below() -> None:
    drawn = lines([row(1.0), Row("other", 10_000, 12_000, at_least=True, note="of one core")])

    assert drawn == [
        "what     target  measured  ratio  verdict",
        "-----  --------  --------  -----  -------",
        "what      ≤ 2 s       1 s   0.50  held",
        "other  ≥ 10,000    12,000   1.20  held",
        "",
        "  other: of one core",
    ]


def test_what_goes_into_the_file_is_json_that_everybody_reads() -> None:
    written = json.dumps([row(1.0).as_json(), failed("x", OSError("y")).as_json()], allow_nan=False)

    assert json.loads(written)[1]["verdict"] == "MISSED"
    assert json.loads(written)[1]["measured"] is None


def test_noise_is_how_much_slower_than_at_its_best_the_machine_was() -> None:
    calibration = Calibration()
    calibration.pulses = [0.010, 0.012, 0.020]

    assert calibration.noise(0.010, 0.012) == pytest.approx(0.2)
    assert calibration.noise(0.020) == pytest.approx(1.0)
