"""A service with several ways to use it, of which each has had days of its own."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from core.bilingual import Bilingual
from services.status.health import CheckHealth
from services.status.observation import Reason
from statusportal.public.shape import (
    ChannelDays,
    ChannelFact,
    CheckFact,
    DayFact,
    History,
    Measure,
    ServiceFact,
    Snapshot,
)
from tests.statusportal.public.snapshots import ALL_WELL, FRESH_FOR, NOW, SINCE, history, snapshot

WEB, APP, API, COUNTER = 90, 91, 92, 93


def several_ways() -> Snapshot:
    """All is well; the registry has a web site, an app, an API, and a counter without checks."""
    measure = (Measure("main", CheckHealth.OK, SINCE, Reason.OK),)
    registry = ServiceFact(
        id="id-registry",
        slug="registry",
        name=Bilingual("السجل التجاري", "Commercial registry"),
        agency="MOI",
        tier=3,
        visibility="public",
        channels=(
            *(
                ChannelFact(number, kind, checks=(CheckFact(number, True, FRESH_FOR, measure),))
                for number, kind in ((WEB, "web"), (APP, "app"), (API, "api"))
            ),
            ChannelFact(COUNTER, "counter"),
        ),
    )
    built = snapshot(ALL_WELL, more=(registry,))
    built.observed.update({WEB: (NOW,), APP: (NOW,), API: (NOW,)})
    return built


def their_days() -> History:
    """The service's days are the passport's, and so are the web site's but for today.

    The app was out a day before, and the API is told of for five days.
    """
    (past,) = history().services
    today = past.days[-1].day
    web = DayFact(today, 86_400, 0, 0, 0, 0, 0)
    app = DayFact(today - timedelta(days=1), 79_200, 0, 7_200, 0, 0, 0)
    ours = msgspec.structs.replace(
        past,
        id="id-registry",
        channels=(
            ChannelDays(WEB, (web,)),
            ChannelDays(APP, (app,)),
            ChannelDays(API, since=today - timedelta(days=4)),
        ),
    )
    return History((ours,))
