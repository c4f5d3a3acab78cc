"""The pages of one service and of one agency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template import loader
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from services import labels
from services.status.health import Health, rank
from statusportal.public import bars, chain, incident_notice, words
from statusportal.public.pages import nothing_yet, page, said_now
from statusportal.public.remembered import Remembered
from statusportal.public.said import Cause, ChannelSaid, Said, ServiceSaid
from statusportal.public.shape import EdgeFact, ServiceHistory
from statusportal.public.store import store
from statusportal.public.troubles import troubles
from statusportal.public.window_notice import advice

_DAYS_SHOWN = 5
# A list behind a shared service is cut here: the rest is in the catalogue.
_LONGEST_LIST = 100
# The 90 days are nine tenths of a page and of the time that it takes, and change once a minute at
# most. A service with four ways takes a quarter of a megabyte here.
_past_drawn: Remembered[SafeString] = Remembered(96)


@dataclass(frozen=True, slots=True)
class CauseSaid:
    """A cause with the services through which it comes here, nearest first."""

    cause: Cause
    through: tuple[ServiceSaid, ...]


@dataclass(frozen=True, slots=True)
class WayPast:
    """The 90 days of one way to use a service, as the template of the bars takes them.

    `prefix` begins the ids of its days, and `availability` is in hundredths of a percent.
    """

    name: Any
    prefix: str
    availability: int | None
    shown: tuple[bars.Bar, ...]
    day_counts: list[tuple[bars.DayKind, int]]
    all_days: list[tuple[bars.Bar, int | None, list[str]]]


@require_safe
def service(request: HttpRequest, slug: str) -> HttpResponse:
    """One service: can I use it now, and what do I do meanwhile."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    found = said.services.get(slug)
    if found is None:
        raise Http404
    history = store.history()
    past = next((row for row in history.services if row.id == found.fact.id), None)
    context = {
        "service": found,
        "is_operational": found.health is Health.OPERATIONAL,
        "observed_at": _latest(channel.observed_at for channel in found.channels),
        "causes": _causes(said, found),
        "channels": [(channel, _channel_name(channel.fact.kind)) for channel in found.channels],
        # Only where something else does not work: then it is news.
        "working": [
            _channel_name(channel.fact.kind)
            for channel in found.channels
            if found.has_problem and channel.health is Health.OPERATIONAL
        ],
        "alternatives": [
            *advice(said, found),
            *incident_notice.advice(said, found),
            *(cause.alternative for cause in _told(found) if cause.alternative),
        ],
        "call": found.fact.phone or found.agency.phone or settings.CONTACT_PHONE,
        "audience": [_audience_name(code) for code in found.fact.audience],
        **_affected(said, found),
        "past": draw_past(past, found.channels) if past else None,
        "history_is_demo": history.is_demo,
    }
    return page(request, "public/service.html", said, context)


@require_safe
def agency(request: HttpRequest, code: str) -> HttpResponse:
    """One agency's own status page: its services by state, what is wrong first."""
    said = said_now()
    if said is None:
        return nothing_yet(request)
    found = said.agencies.get(code)
    if found is None:
        raise Http404
    context = {"group": found, "by_state": by_state(found.services)}
    return page(request, "public/agency.html", said, context)


def by_state(services: Iterable[ServiceSaid]) -> list[tuple[Health | None, list[ServiceSaid]]]:
    """Services by their state, the worst first and "not monitored" last."""
    grouped: dict[Health | None, list[ServiceSaid]] = {}
    for member in services:
        grouped.setdefault(member.health, []).append(member)
    worst_first = sorted((health for health in grouped if health), key=rank, reverse=True)
    order: list[Health | None] = [*worst_first, *([None] if None in grouped else [])]
    return [(health, grouped[health]) for health in order]


def draw_past(past: ServiceHistory, channels: Iterable[ChannelSaid] = ()) -> SafeString:
    """The 90 days of a service and of its `channels`, in the active language."""
    monitored = tuple(
        (channel.fact.id, channel.fact.kind) for channel in channels if channel.fact.checks
    )
    return _past_drawn.of(
        (past.id, words.language()),
        (past, monitored, settings.DIGITS),
        lambda: loader.render_to_string("components/past.html", _past_context(past, monitored)),
    )


def _past_context(past: ServiceHistory, monitored: Sequence[tuple[int, str]]) -> dict[str, Any]:
    """What the template of the 90 days needs: of the service, then of its (channel, kind)s."""
    shown = bars.bars(past.days)
    newest_first = _newest_first(shown)
    troubled = [(day, sentences) for day, _share, sentences in newest_first if sentences]
    return {
        "past": past,
        "bars": shown,
        "days_prefix": "day",
        "day_counts": bars.day_counts(shown),
        "totals": bars.totals(past.days),
        "trouble_days": troubled[:_DAYS_SHOWN],
        "trouble_days_cut": len(troubled) > _DAYS_SHOWN,
        "all_days": newest_first,
        "ways": _ways(past, monitored),
    }


def _newest_first(
    shown: tuple[bars.Bar, ...],
) -> list[tuple[bars.Bar, int | None, list[str]]]:
    return [(day, bars.availability(day.fact), words.trouble(day.fact)) for day in reversed(shown)]


def _ways(past: ServiceHistory, monitored: Sequence[tuple[int, str]]) -> list[WayPast]:
    """The days of each monitored channel; of one alone they are the service's own."""
    apart = {channel.id: channel for channel in past.channels}
    ways = []
    for channel, kind in monitored:
        if channel not in apart:
            continue
        days = bars.channel_days(past, apart[channel])
        shown = bars.bars(days)
        ways.append(
            WayPast(
                name=_channel_name(kind),
                prefix=f"day-{kind}",
                availability=bars.availability(*days),
                shown=shown,
                day_counts=bars.day_counts(shown),
                all_days=_newest_first(shown),
            )
        )
    return ways if len(ways) > 1 else []


def _told(found: ServiceSaid) -> list[Cause]:
    """The causes worth telling: what one "hardly notices" is no news beside real trouble."""
    return [cause for cause in found.causes if not (cause.is_note and found.has_problem)]


def _causes(said: Said, found: ServiceSaid) -> list[CauseSaid]:
    told = _told(found)
    if not told:
        return []
    edges = _edges()
    return [CauseSaid(cause, chain.between(said, edges, found, cause.slug)) for cause in told]


def _edges() -> tuple[EdgeFact, ...]:
    published = store.current()
    return published.snapshot.truth.edges if published else ()


def _affected(said: Said, found: ServiceSaid) -> dict[str, Any]:
    """The services that this one takes down with it, where it is an origin of trouble."""
    if not found.has_problem:
        return {"affected": (), "affected_cut": 0}
    mine = next((trouble for trouble in troubles(said) if trouble.service is found), None)
    affected = mine.affected if mine else ()
    return {
        "affected": affected[:_LONGEST_LIST],
        "affected_count": len(affected),
        "affected_cut": max(0, len(affected) - _LONGEST_LIST),
    }


def _channel_name(kind: str) -> Any:
    # The snapshot may come from a newer release than this process.
    return labels.ChannelKind(kind).label if kind in labels.ChannelKind.values else kind


def _audience_name(code: str) -> Any:
    return labels.Audience(code).label if code in labels.Audience.values else code


def _latest(instants: Iterable[datetime | None]) -> datetime | None:
    return max((at for at in instants if at is not None), default=None)
