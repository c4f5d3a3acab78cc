"""Every combination of what the rules name: measured, declared, window, upstream and age."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from services.status.cascade import EdgeKind, carried
from services.status.health import CheckHealth, Health
from services.status.publication import ChannelInput, Fact, publish
from services.status.rollup import CheckReading, Located, channel_health, check_health, is_fresh
from services.status.window import Standing, WindowEffect

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)

# Down: a window (- none, n changes nothing, s slow, p partly, S stopped, O stopped and running
# over), what was measured (- not monitored), and whether that is fresh.
# Across: what is declared (-, degraded, partial, major outage), and under each of them what the
# upstreams carry: -, degraded, maintenance, major outage.
# In a cell: what is published (o d m p M, ? unknown, -- not monitored), and by which fact:
# Measured, Unknown, Held, Declared, Cascade, Window.
CELLS = """
- - now | -- -- -- -- | dD dD mC MC | pD pD pD MC | MD MD MD MD
- o now | oM dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
- d now | dM dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
- M now | MM MM MM MC | MM MM MM MC | MM MM MM MC | MD MD MD MD
- o old | ?U dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
- d old | ?U dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
- M old | ?U dC mC MC | MH MH MH MC | MH MH MH MC | MD MD MD MD
n - now | -- -- -- -- | dD dD mC MC | pD pD pD MC | MD MD MD MD
n o now | oM dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
n d now | dM dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
n M now | MM MM MM MC | MM MM MM MC | MM MM MM MC | MD MD MD MD
n o old | ?U dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
n d old | ?U dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
n M old | ?U dC mC MC | MH MH MH MC | MH MH MH MC | MD MD MD MD
s - now | dW dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
s o now | dW dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
s d now | dW dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
s M now | MM MM MM MC | MM MM MM MC | MM MM MM MC | MD MD MD MD
s o old | dW dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
s d old | dW dC mC MC | dD dD mC MC | pD pD pD MC | MD MD MD MD
s M old | dW dC mC MC | MH MH MH MC | MH MH MH MC | MD MD MD MD
p - now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
p o now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
p d now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
p M now | MM MM MM MC | MM MM MM MC | MM MM MM MC | MD MD MD MD
p o old | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
p d old | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
p M old | mW mW mC MC | MH MH MH MC | MH MH MH MC | MD MD MD MD
S - now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
S o now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
S d now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
S M now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
S o old | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
S d old | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
S M old | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
O - now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
O o now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
O d now | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
O M now | MM MM MM MC | MM MM MM MC | MM MM MM MC | MD MD MD MD
O o old | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
O d old | mW mW mC MC | mW mW mC MC | pD pD pD MC | MD MD MD MD
O M old | mW mW mC MC | MH MH MH MC | MH MH MH MC | MD MD MD MD
"""
LETTER = {
    "o": Health.OPERATIONAL,
    "d": Health.DEGRADED,
    "m": Health.MAINTENANCE,
    "p": Health.PARTIAL_OUTAGE,
    "M": Health.MAJOR_OUTAGE,
    "?": Health.UNKNOWN,
    "-": None,
}
FACT = {
    "M": Fact.MEASURED,
    "U": Fact.STALE,
    "H": Fact.HELD,
    "D": Fact.DECLARED,
    "C": Fact.CASCADE,
    "W": Fact.WINDOW,
    "-": None,
}
CHECK = {"o": CheckHealth.OK, "d": CheckHealth.SLOW, "M": CheckHealth.BAD}
WINDOW: dict[str, tuple[Standing, ...]] = {
    "-": (),
    "n": (Standing(WindowEffect.NONE),),
    "s": (Standing(WindowEffect.SLOW),),
    "p": (Standing(WindowEffect.PARTLY),),
    "S": (Standing(WindowEffect.STOPPED),),
    "O": (Standing(WindowEffect.STOPPED, covers=False),),
}
# The upstream and its edge; silence upstream carries nothing.
UPSTREAM = {
    "-": (EdgeKind.HARD, Health.UNKNOWN),
    "d": (EdgeKind.SOFT, Health.MAJOR_OUTAGE),
    "m": (EdgeKind.HARD, Health.MAINTENANCE),
    "M": (EdgeKind.HARD, Health.MAJOR_OUTAGE),
}
# The last instant at which it is fresh, and the first at which it is not.
AGE = {"now": 190 * SECOND, "old": 191 * SECOND}


def cells() -> Iterable[tuple[str, str, str, str, str, str]]:
    for line in CELLS.strip().splitlines():
        row, *groups = line.split(" | ")
        window, measured, age = row.split()
        for declared, group in zip("-dpM", groups, strict=True):
            for upstream, cell in zip("-dmM", group.split(), strict=True):
                yield window, measured, age, declared, upstream, cell


def published_in(window: str, measured: str, age: str, declared: str, upstream: str) -> str:
    """The cell, computed: from the age of an observation to the fact that decided."""
    fresh = is_fresh(NOW - AGE[age], NOW, interval=MINUTE, timeout=10 * SECOND)
    readings = (
        [CheckReading(check_health([Located(CHECK[measured], fresh)], configured=1), True)]
        if measured != "-"
        else []
    )
    decided = publish(
        ChannelInput(
            channel_health(readings),
            declared=LETTER[declared],
            cascade=carried(*UPSTREAM[upstream])[0],
            windows=WINDOW[window],
            incident_open=declared != "-",
            last_known=LETTER[measured],
        )
    )
    letters = {health: letter for letter, health in LETTER.items()}
    facts = {fact: letter for letter, fact in FACT.items()}
    return letters[decided.health] + facts[decided.fact]


def test_rules_9_12_14_17_and_20_every_combination_is_published_as_its_cell_says() -> None:
    table = list(cells())

    assert len(table) == len({cell[:5] for cell in table}) == 6 * 7 * 4 * 4
    wrong = [
        (*combination, published)
        for *combination, cell in table
        if (published := published_in(*combination)) != cell
    ]
    assert wrong == []
