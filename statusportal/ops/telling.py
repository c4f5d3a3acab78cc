"""The page that tells why: stories turned into what its template prints, section by section."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from core.bilingual import Bilingual
from services.labels import CHECK_HEALTH, OUTCOME, REASON, ChannelKind, Network, Visibility
from services.models import Edge
from services.status.health import CheckHealth, Health, Outcome
from services.status.machine import Policy
from services.status.observation import Observation
from statusportal.ops import words
from statusportal.ops.evidence import Evidence
from statusportal.ops.published import PublishedService, PublishedUpstream
from statusportal.ops.why import CheckStory, PlaceStory
from statusportal.ops.words import Line, Term
from statusportal.public.words import number

# The class of a check's state, as those of services are: the style sheet knows the colours.
_CLASS: Mapping[CheckHealth, str] = {
    CheckHealth.OK: "operational",
    CheckHealth.SLOW: "degraded",
    CheckHealth.BAD: "outage",
    CheckHealth.UNKNOWN: "unknown",
}
_OUTCOME_CLASS: Mapping[Outcome, str] = {
    Outcome.OK: "operational",
    Outcome.SLOW: "degraded",
    Outcome.BAD: "outage",
    Outcome.PROBER_FAULT: "unknown",
}


@dataclass(frozen=True, slots=True)
class State:
    """The state of a check: its word, and the class that gives it a sign and a colour."""

    word: Promise
    css: str


@dataclass(frozen=True, slots=True)
class Row:
    """One observation as a line of a table; times in milliseconds, "–" where not reached."""

    due: SafeString
    started: SafeString
    outcome: State
    reason: Promise
    code: SafeString
    times: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlaceTold:
    name: Bilingual
    state: State
    lines: list[Line]
    change: list[Line]
    confirming: list[Row]
    recent: list[Row]
    recent_title: str


@dataclass(frozen=True, slots=True)
class CheckTold:
    name: str
    kind: SafeString
    network: Promise | str
    is_essential: bool
    is_enabled: bool
    verdict: State
    lines: list[Line]
    numbers: list[Term]
    places: list[PlaceTold]


@dataclass(frozen=True, slots=True)
class ChannelTold:
    """`anchor` is its place on the page. `measured` is set where another fact outweighs it."""

    anchor: str
    kind: Promise | str
    health: Health | None
    measured: Promise | None
    line: Line | None
    checks: list[CheckTold]


@dataclass(frozen=True, slots=True)
class UpstreamTold:
    """`address` is "" where the reader may not look any further."""

    name: Bilingual
    address: str
    health: Health | None
    since: SafeString | None
    kind: Promise | str
    carried: str
    channel: Promise | str
    alternative: Bilingual
    hidden: Promise | str
    is_repeated: bool
    upstreams: list[UpstreamTold]


@dataclass(frozen=True, slots=True)
class PublishedTold:
    """One account of the service: the public site's, or the database's."""

    health: Health | None
    since: SafeString | None
    lines: list[Line]
    built: SafeString


@dataclass(frozen=True, slots=True)
class Told:
    """The whole page. `stored` is set where the database says another thing than the public."""

    hidden: Promise | str
    shown: PublishedTold | None
    stored: PublishedTold | None
    upstreams: list[UpstreamTold]
    channels: list[ChannelTold]
    numbers: list[Term]


def told(evidence: Evidence, *, open_to: Iterable[str]) -> Told:
    """`evidence` in the active language; `open_to`: the slugs that the reader may look into."""
    believed = evidence.believed
    service = evidence.service
    some = next((story for stories in evidence.checks.values() for story in stories), None)
    return Told(
        hidden=_hidden(service.visibility),
        shown=None if evidence.shown is None else _published(evidence.shown),
        stored=None if evidence.stored is None else _published(evidence.stored),
        upstreams=[]
        if believed is None
        else [_upstream(upstream, frozenset(open_to)) for upstream in believed.upstreams],
        channels=[] if believed is None else _channels(believed, evidence),
        numbers=[] if some is None else words.portal_numbers(evidence.flapping, some.check.policy),
    )


def upstream_slugs(published: PublishedService | None) -> set[str]:
    """The slugs of everything upstream that the page names."""
    found: set[str] = set()
    waiting = list(published.upstreams) if published else []
    while waiting:
        upstream = waiting.pop()
        found.add(upstream.slug)
        waiting += upstream.upstreams
    return found


def _hidden(visibility: str) -> Promise | str:
    """The word for a service that is not public; "" for one that is."""
    return "" if visibility == Visibility.PUBLIC else Visibility(visibility).label


def _published(published: PublishedService) -> PublishedTold:
    return PublishedTold(
        health=published.health,
        since=_at(published.since),
        lines=words.service_lines(published),
        built=words.instant(published.built_at),
    )


def _at(at: datetime | None) -> SafeString | None:
    return None if at is None else words.instant(at)


def _upstream(upstream: PublishedUpstream, open_to: frozenset[str]) -> UpstreamTold:
    return UpstreamTold(
        name=upstream.name,
        address=reverse("ops:why", args=[upstream.slug]) if upstream.slug in open_to else "",
        health=upstream.health,
        since=_at(upstream.since),
        kind=Edge.Kind(upstream.kind.value).label,
        carried=words.carried(upstream),
        channel=ChannelKind(upstream.channel).label if upstream.channel else "",
        alternative=upstream.alternative,
        hidden=_hidden(upstream.visibility),
        is_repeated=upstream.is_repeated,
        upstreams=[_upstream(further, open_to) for further in upstream.upstreams],
    )


def _channels(published: PublishedService, evidence: Evidence) -> list[ChannelTold]:
    known = {channel.id: channel for channel in published.channels}
    found = []
    for row in evidence.service.channels.all():
        channel = known.get(row.pk)
        stories = evidence.checks.get(row.pk, ())
        found.append(
            ChannelTold(
                anchor=f"channel-{row.kind}",
                kind=ChannelKind(row.kind).label,
                health=channel.health if channel else None,
                measured=words.health(channel.measured)
                if channel and channel.measured is not channel.health
                else None,
                line=words.ground(channel.ground) if channel else None,
                checks=[_check(story, evidence) for story in stories],
            )
        )
    return found


def _check(story: CheckStory, evidence: Evidence) -> CheckTold:
    check = story.check
    return CheckTold(
        name=check.name,
        kind=words.code(check.kind),
        network=Network(check.network).label,
        is_essential=check.is_essential,
        is_enabled=check.is_enabled,
        verdict=_state(story.verdict),
        lines=words.check_lines(story),
        numbers=words.check_numbers(story),
        places=[_place(place, check.policy, evidence) for place in story.places],
    )


def _place(story: PlaceStory, policy: Policy, evidence: Evidence) -> PlaceTold:
    recent = story.place.recent
    return PlaceTold(
        name=story.place.name,
        state=_state(story.place.state.health),
        lines=words.place_lines(story, policy, evidence.flapping),
        change=words.change_lines(story),
        confirming=[_row(observation) for observation in story.confirming],
        # The newest first: that is what people look for.
        recent=[_row(observation) for observation in reversed(recent)],
        recent_title=ngettext(
            "The last {n} observation", "The last {n} observations", len(recent)
        ).format(n=number(len(recent)))
        if recent
        else gettext("No observation is kept."),
    )


def _state(health: CheckHealth) -> State:
    return State(CHECK_HEALTH[health], _CLASS[health])


def _row(observation: Observation) -> Row:
    timings = observation.timings
    times: Sequence[int | None] = (
        timings.dns_ms,
        timings.connect_ms,
        timings.tls_ms,
        timings.first_byte_ms,
        timings.total_ms,
    )
    return Row(
        due=words.instant(observation.due_at),
        started=words.instant(observation.started_at),
        outcome=State(OUTCOME[observation.outcome], _OUTCOME_CLASS[observation.outcome]),
        reason=REASON[observation.reason],
        code=words.code(observation.reason.name),
        times=tuple("–" if ms is None else number(ms) for ms in times),
    )
