"""Known weaknesses of dependencies: what stops `make check`, and what does not."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from statusportal.management.advisories import Ignored, judge, read_ignored
from statusportal.management.commands import audit_packages

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 23)
UNASKED = "Advisories could not be asked for: the dependencies are unaudited."
GOOD = {"name": "django", "version": "5.2.9", "vulns": []}
SKIPPED = {"name": "celery", "skip_reason": "not found"}
WEAK = {
    "name": "Httpx",
    "version": "0.28.1",
    "vulns": [{"id": "PYSEC-2026-7", "aliases": ["CVE-2026-1"], "fix_versions": ["0.28.2"]}],
}


def excused(name: str, until: date = TODAY, package: str = "httpx") -> Ignored:
    return Ignored(id=name, package=package, reason="We never call it.", until=until)


@pytest.mark.parametrize(
    ("packages", "ignored", "is_good", "lines"),
    [
        (None, [], True, [UNASKED]),
        ([], [], True, [UNASKED]),
        ([SKIPPED], [], True, [UNASKED]),
        ([GOOD], [], True, ["1 dependencies audited, 0 known to be weak."]),
        (
            [GOOD, SKIPPED],
            [],
            True,
            ["1 dependencies audited, 0 known to be weak, 1 not known to the index."],
        ),
        (
            [GOOD, WEAK],
            [],
            False,
            [
                "Httpx 0.28.1: PYSEC-2026-7, mended in 0.28.2",
                "2 dependencies audited, 1 known to be weak.",
            ],
        ),
        (
            [WEAK],
            [excused("PYSEC-2026-7")],
            True,
            ["1 dependencies audited, 0 known to be weak, 1 ignored."],
        ),
        (
            [WEAK],
            [excused("CVE-2026-1")],
            True,
            ["1 dependencies audited, 0 known to be weak, 1 ignored."],
        ),
    ],
)
def test_a_known_weakness_stops_and_silence_does_not(
    packages: Any, ignored: list[Ignored], is_good: bool, lines: list[str]
) -> None:
    report = None if packages is None else {"dependencies": packages}
    verdict = judge(report, ignored, TODAY)
    assert (verdict.is_good, list(verdict.lines)) == (is_good, lines)


@pytest.mark.parametrize(
    "ignored",
    [
        excused("PYSEC-2026-7", until=date(2026, 11, 22)),
        excused("PYSEC-2026-7", package="django"),
        excused("PYSEC-2026-8"),
    ],
)
def test_an_excuse_holds_for_its_own_advisory_and_until_its_day(ignored: Ignored) -> None:
    assert judge({"dependencies": [WEAK]}, [ignored], TODAY).is_good is False


def test_an_excuse_needs_a_reason_and_a_day() -> None:
    whole = 'id = "A"\npackage = "b"\nreason = "c"\nuntil = 2027-01-31\n'
    assert read_ignored(f"[[ignored]]\n{whole}") == [Ignored("A", "b", "c", date(2027, 1, 31))]
    for missing in whole.splitlines(keepends=True):
        with pytest.raises(ValueError, match="needs id, package, reason and until"):
            read_ignored(f"[[ignored]]\n{whole.replace(missing, '')}")
    with pytest.raises(ValueError, match="needs id"):
        read_ignored("[[ignored]]\n" + whole.replace('"c"', '" "'))


def test_the_list_of_excuses_can_be_read() -> None:
    read_ignored((ROOT / audit_packages.IGNORED).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("answer", "said", "code"),
    [
        (json.dumps({"dependencies": [GOOD]}), "1 dependencies audited", None),
        (json.dumps({"dependencies": [WEAK]}), "mended in 0.28.2", 1),
        ("ERROR: no route to host", UNASKED, None),
        (None, UNASKED, None),
    ],
)
def test_the_command_says_it_and_ends_in_time(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, answer: str | None, said: str, code: int | None
) -> None:
    def run(command: list[str], *, timeout: float, **options: Any) -> Any:
        assert timeout <= 20
        assert "requirements/production.lock" in command
        if answer is None:
            raise subprocess.TimeoutExpired(command, timeout)
        return subprocess.CompletedProcess(command, 1, stdout=answer, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    if code is None:
        call_command("audit_packages")
    else:
        with pytest.raises(SystemExit) as ended:
            call_command("audit_packages")
        assert ended.value.code == code
    assert said in capsys.readouterr().out


def test_make_check_asks() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    check = makefile.split("\ncheck:")[1].split("\n\n")[0]
    assert "manage.py audit_packages" in check
