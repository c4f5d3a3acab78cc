"""`make screenshots`: every page, both languages, four widths, light and dark, as a gallery.

For people to look at before a release, into var/screenshots/index.html. The nation of the demo
stands still for it: nothing is probed, so that two runs differ only where the pages do.
"""

from __future__ import annotations

import html
import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal_settings
from msgspec.structs import replace
from playwright.sync_api import Browser

from services.status.health import CheckHealth
from services.status.observation import Reason
from statusportal.demo import nation
from statusportal.public.shape import (
    AgencyFact,
    CategoryFact,
    ChannelFact,
    CheckFact,
    DayFact,
    EdgeFact,
    History,
    IncidentFact,
    ListedFact,
    Measure,
    ServiceFact,
    ServiceHistory,
    Snapshot,
    Truth,
    version_of,
)
from statusportal.public.store import store
from tests.browser.conftest import Reader, at_one_o_clock, chromium
from tests.statusportal.public.incidents import LOGIN, over
from tests.statusportal.public.planned import window
from tests.statusportal.public.snapshots import FRESH_FOR, NOW, SINCE

__all__ = ["at_one_o_clock", "chromium"]

FOLDER = Path(portal_settings.BASE_DIR, "var", "screenshots")
LANGUAGES = ("ar", "en")
WIDTHS = (320, 390, 768, 1440)
SCHEMES = ("light", "dark")

# Endpoints that are not well: (service, channel or "" for all) → what our checks say.
TROUBLES = {
    ("idn", ""): (CheckHealth.BAD, Reason.REFUSED),
    ("sms", ""): (CheckHealth.SLOW, Reason.SLOW),
    ("fines-pay", "app"): (CheckHealth.BAD, Reason.NO_ANSWER),
    ("acc-report", ""): (CheckHealth.UNKNOWN, Reason.PROBER_DOUBT),
}
# (name, state of the nation, path)
PAGES = (
    ("home", "troubled", ""),
    ("home, all is well", "calm", ""),
    ("home, before the first snapshot", "nothing", ""),
    ("catalogue", "troubled", "services/"),
    ("catalogue, searched", "troubled", "services/?q=جوازالسفر"),
    ("service, out", "troubled", "services/idn/"),
    ("service, affected", "troubled", "services/pass-renew/"),
    ("service, partly out", "troubled", "services/fines-pay/"),
    ("service, no information", "troubled", "services/acc-report/"),
    ("service, working", "calm", "services/pass-renew/"),
    ("agency", "troubled", "agencies/MOI/"),
    ("incidents and announcements", "troubled", "incidents/"),
    ("incident, open", "troubled", "incidents/IN-LGN222/"),
    ("incident, over", "troubled", "incidents/IN-PAY222/"),
    ("planned work", "troubled", "maintenance/"),
    ("planned work, by month", "troubled", "maintenance/?month=2026-11"),
    ("window, ahead", "troubled", "maintenance/MW-PAY222/"),
    ("components", "calm", "_components/"),
    ("not found", "calm", "services/nope/"),
    ("not found, in both languages", "calm", "../nope.php"),
)

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("at_one_o_clock"),
]


def told() -> tuple[IncidentFact, ...]:
    """The login's incident, and one of the payment gateway that is over."""
    return (
        over(
            "IN-PAY222",
            "pay",
            started_at=NOW - timedelta(days=3, hours=2),
            ended_at=NOW - timedelta(days=3),
        ),
        replace(LOGIN, services=(ListedFact("id-idn"),)),
    )


def staged(troubles: dict[tuple[str, str], tuple[CheckHealth, Reason]]) -> Snapshot:
    """The demo nation where `troubles` are wrong, each for an hour and a half, seen just now."""
    observed: dict[int, tuple[datetime | None, ...]] = {}
    services = []
    ids = iter(range(1, 10_000))
    for one in nation.services():
        channels = []
        for channel in one.channels:
            checks = []
            for endpoint in channel.endpoints:
                health, reason = troubles.get(
                    (one.slug, str(channel.kind)),
                    troubles.get((one.slug, ""), (CheckHealth.OK, Reason.OK)),
                )
                number = next(ids)
                is_well = health is CheckHealth.OK
                since = SINCE - timedelta(days=6) if is_well else SINCE
                measure = Measure("main", health, since, reason)
                checks.append(CheckFact(number, endpoint.is_essential, FRESH_FOR, (measure,)))
                observed[number] = (NOW,)
            channels.append(
                ChannelFact(
                    id=next(ids),
                    kind=str(channel.kind),
                    url=channel.url,
                    phone=channel.phone,
                    hours=channel.hours,
                    checks=tuple(checks),
                )
            )
        services.append(
            ServiceFact(
                id=f"id-{one.slug}",
                slug=one.slug,
                name=one.name,
                agency=one.agency.code,
                tier=one.tier,
                visibility=str(one.visibility),
                category=one.category or "",
                description=one.description,
                aliases_ar=one.aliases_ar,
                aliases_en=one.aliases_en,
                shared=one.is_shared,
                audience=tuple(map(str, one.audience)),
                phone=one.agency.phone,
                hours=one.agency.service_hours,
                meanwhile=one.meanwhile,
                channels=tuple(channels),
            )
        )
    truth = Truth(
        agencies=tuple(AgencyFact(a.code, a.name, a.phone, a.url) for a in nation.agencies()),
        categories=tuple(CategoryFact(c.slug, c.name) for c in nation.categories()),
        services=tuple(services),
        edges=tuple(
            EdgeFact(
                f"id-{need.upstream}",
                f"id-{one.slug}",
                str(need.kind),
                alternative=need.alternative,
            )
            for one in nation.services()
            for need in one.needs
        ),
        windows=(
            window(
                "MW-PAY222",
                "pay",
                starts_at=NOW + timedelta(days=4),
                ends_at=NOW + timedelta(days=4, hours=4),
            ),
        ),
        incidents=told() if troubles else (),
        locations=("main",),
        is_demo=True,
    )
    return Snapshot(truth=truth, built_at=NOW, observed=observed, version=version_of(truth))


def past() -> History:
    """Ninety days with every kind of day in them, the same in every run."""
    chance = random.Random("screenshots")
    return History(
        services=tuple(_past_of(f"id-{one.slug}", chance) for one in nation.services()),
        is_demo=True,
    )


def _past_of(service: str, chance: random.Random) -> ServiceHistory:
    last = date(2026, 11, 22)
    days = []
    for ago in range(89, -1, -1):
        spent = dict.fromkeys(("degraded", "down", "planned", "overrun", "unknown"), 0)
        if chance.random() < 0.12:
            kind = chance.choice(("degraded", "degraded", "down", "planned", "overrun", "unknown"))
            spent[kind] = chance.choice((600, 2_700, 7_200, 20_000, 50_000))
        up = 86_400 - spent["down"] - spent["planned"] - spent["overrun"] - spent["unknown"]
        days.append(
            DayFact(
                last - timedelta(days=ago),
                up,
                spent["degraded"],
                spent["down"],
                spent["planned"],
                spent["overrun"],
                spent["unknown"],
            )
        )
    up = sum(day.up for day in days)
    known = up + sum(day.down + day.overrun for day in days)
    return ServiceHistory(service, tuple(days), availability=up * 10_000 // known)


@pytest.fixture
def gallery() -> Iterator[list[tuple[str, str]]]:
    """(what it shows, file) of every picture; written as a page at the end."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    taken: list[tuple[str, str]] = []
    yield taken
    figures = "\n".join(
        f'<figure><a href="{html.escape(file)}"><img src="{html.escape(file)}" loading="lazy"'
        f' width="320" alt=""></a><figcaption>{html.escape(what)}</figcaption></figure>'
        for what, file in taken
    )
    FOLDER.joinpath("index.html").write_text(
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Screenshots</title>'
        "<style>body{display:flex;flex-wrap:wrap;gap:1rem;align-items:start;font:1rem sans-serif}"
        f"figure{{margin:0;max-width:320px}}</style>\n{figures}\n</html>\n",
        encoding="utf-8",
    )


def test_take_them_all(chromium: Browser, live_server: Any, gallery: list[tuple[str, str]]) -> None:
    states = {"troubled": staged(TROUBLES), "calm": staged({})}
    history = past()
    for language in LANGUAGES:
        for width in WIDTHS:
            for scheme in SCHEMES:
                reader = Reader(
                    chromium,
                    live_server.url,
                    viewport={"width": width, "height": 900},
                    color_scheme=scheme,
                )
                for name, state, path in PAGES:
                    if state in states:
                        store.hold(states[state], history)
                    else:
                        store.forget()
                    answer = reader.page.goto(f"/{language}/{path}")
                    assert answer is not None
                    assert answer.status != 500, path
                    words = name.replace(",", "").replace(" ", "-")
                    file = f"{words}-{language}-{width}-{scheme}.png"
                    reader.page.screenshot(path=FOLDER / file, full_page=True)
                    gallery.append((f"{name} · {language} · {width} · {scheme}", file))
                reader.context.close()
