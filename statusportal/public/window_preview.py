"""Planned work as citizens will read it, before it is announced: for the staff who ask for it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from core.bilingual import Bilingual
from maintenance.windows import Stage
from services.labels import Visibility
from services.status.window import Phase
from statusportal.public.said import WindowSaid
from statusportal.public.shape import (
    AgencyFact,
    ChannelFact,
    ServiceFact,
    WindowedService,
    WindowFact,
)
from statusportal.public.window_lists import WindowShown

if TYPE_CHECKING:
    # Handed over by the admin's page; nothing is fetched here.
    from maintenance.models import Window, WindowService


def previewed(row: Window, now: datetime) -> WindowShown:
    """`row` as if it were approved at `now`: what its announcement would say.

    `row` comes with `services`, their channels and each service's own.
    """
    lines = list(row.services.all())
    fact = WindowFact(
        ref=row.ref,
        agency=row.agency.code,
        effect=row.effect,
        kind=row.kind,
        state=row.state,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        announced_end_at=row.ends_at,
        approved_at=now,
        changed_at=now,
        text=row.text,
        still_works=row.still_works,
        meanwhile=row.meanwhile,
        deadlines=row.deadlines,
        deadlines_until=row.deadlines_until,
        payments=row.payments,
        services=tuple(
            WindowedService(
                line.service.public_id, tuple(channel.pk for channel in line.channels.all())
            )
            for line in lines
        ),
    )
    public = tuple(
        _service(line, row.agency.code)
        for line in lines
        # Rule 12: what is not public is not named to citizens, so not here either.
        if line.service.visibility == Visibility.PUBLIC
    )
    agency = AgencyFact(
        code=row.agency.code, name=Bilingual(row.agency.name_ar, row.agency.name_en)
    )
    return WindowShown(
        said=WindowSaid(fact=fact, agency=agency, services=public, derived=(), phase=Phase.AHEAD),
        stage=Stage.UPCOMING,
        now=now,
        has_unspoken=len(public) < len(lines),
    )


def _service(line: WindowService, agency: str) -> ServiceFact:
    service = line.service
    return ServiceFact(
        id=service.public_id,
        slug=service.slug,
        name=service.name,
        agency=agency,
        tier=service.tier,
        visibility=service.visibility,
        channels=tuple(
            ChannelFact(id=channel.pk, kind=channel.kind) for channel in service.channels.all()
        ),
    )
