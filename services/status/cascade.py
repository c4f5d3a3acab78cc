"""What the trouble of one service does to the services that need it (rule 12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.status.health import Health, rank
from services.status.rollup import service_health


class EdgeKind(StrEnum):
    """How much a dependant needs its upstream; the words are stored."""

    HARD = "hard"
    SOFT = "soft"
    # There is another way, e.g. a second login: what fails upstream makes things worse, not stop.
    ALTERNATIVE = "alternative"


@dataclass(frozen=True, slots=True)
class Edge:
    """`dependant` needs `upstream`, as a whole or only in one of its channels."""

    upstream: str
    dependant: str
    kind: EdgeKind
    channel: str | None = None


class Cycle(ValueError):
    """Services that need each other in a circle; `path` names them, the first one again last."""

    def __init__(self, path: Sequence[str]) -> None:
        self.path = list(path)
        super().__init__(" -> ".join(self.path))


def carried(kind: EdgeKind, upstream_health: Health | None) -> tuple[Health | None, bool]:
    """What an edge carries of its upstream's effective health: (health, whether only a note).

    Hard carries the same severity. Soft, and with an alternative, turn an outage or maintenance
    into degraded, and degraded into a note. Unknown and operational carry nothing (rule 12).
    """
    if upstream_health in (None, Health.OPERATIONAL, Health.UNKNOWN):
        return None, False
    if kind is EdgeKind.HARD:
        return upstream_health, False
    if upstream_health is Health.DEGRADED:
        return None, True
    return Health.DEGRADED, False


@dataclass(frozen=True, slots=True)
class ServiceInput:
    """One service before its upstreams are heard.

    `channels` hold what is published of each but for the cascade (measured, declared, windows);
    None is a channel that is not monitored. `stopped_by_window` as in `service_health`.
    """

    channels: Mapping[str, Health | None]
    stopped_by_window: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Cause:
    """One upstream that a dependant says it is affected by.

    `upstream` is its neighbour, `root` the service where that trouble begins. `carried` is what
    reached the dependant (None for a mere note), on `channel` only where the edge names one.
    """

    upstream: str
    root: str
    kind: EdgeKind
    carried: Health | None
    note: bool
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Effective:
    """One service with its upstreams heard; `causes` stand worst first, notes last."""

    health: Health | None
    channels: Mapping[str, Health | None]
    causes: tuple[Cause, ...] = ()


def cascade(own: ServiceInput, causes: Iterable[Cause]) -> Effective:
    """`own` with everything its upstreams carry to it; the worst path counts (rule 12).

    A cause without a channel reaches every channel that counts; one that names a channel reaches
    that one, and the service is rolled up again (rule 10). A channel that is not monitored stays
    so, and a cause that reaches no counted channel remains as a note.
    """
    channels = dict(own.channels)
    heard: list[Cause] = []
    for cause in causes:
        reached = [
            name
            for name in (channels if cause.channel is None else (cause.channel,))
            if channels.get(name) is not None
        ]
        if cause.carried is None or not reached:
            heard.append(Cause(cause.upstream, cause.root, cause.kind, None, True, cause.channel))
            continue
        heard.append(cause)
        for name in reached:
            current = channels[name]
            if current is None or rank(cause.carried) > rank(current):
                channels[name] = cause.carried
    if len(heard) > 1:
        heard.sort(key=_severity_then_name)
    return Effective(
        health=service_health(channels, stopped_by_window=own.stopped_by_window),
        channels=channels,
        causes=tuple(heard),
    )


def _severity_then_name(cause: Cause) -> tuple[int, str, str]:
    severity = rank(cause.carried) if cause.carried is not None else -1
    return -severity, cause.upstream, cause.channel or ""


@dataclass(frozen=True, slots=True)
class Wiring:
    """The edges of one catalogue, made ready for being followed again and again.

    `incoming` are the edges of each dependant, `order` has every upstream before its dependants
    and `needed` are the services that others need.
    """

    incoming: Mapping[str, Sequence[Edge]]
    order: Sequence[str]
    needed: frozenset[str]


def wired(services: Iterable[str], edges: Iterable[Edge]) -> Wiring:
    """`edges` among `services`; those to or from others are left out.

    A circle, which forms refuse but two simultaneous edits can still make, is cut open rather
    than stopping the portal: one of its services goes before its upstreams, always the same one.
    """
    names = list(services)
    incoming = _incoming(names, edges)
    return Wiring(
        incoming,
        _order(names, incoming),
        frozenset(edge.upstream for upstreams in incoming.values() for edge in upstreams),
    )


def effective(
    services: Mapping[str, ServiceInput], edges: Iterable[Edge] | Wiring
) -> dict[str, Effective]:
    """Every service of the nation with its upstreams heard, in upstream-first order (rule 12).

    `edges` may be a `Wiring` of exactly these services. Of a circle, one service is computed
    without the others. Takes time proportional to services and edges.
    """
    wiring = edges if isinstance(edges, Wiring) else wired(services, edges)
    result: dict[str, Effective] = {}
    # Where the trouble of an upstream begins, if not with itself.
    roots: dict[str, str] = {}
    # A login that fails is the same cause for its thousands of dependants.
    causes_by_edge: dict[tuple[str, EdgeKind, str | None], Cause | None] = {}
    for name in wiring.order:
        own = services[name]
        causes = []
        for edge in wiring.incoming.get(name, ()):
            key = (edge.upstream, edge.kind, edge.channel)
            if key not in causes_by_edge:
                if edge.upstream not in result:  # cut out of a circle
                    continue
                causes_by_edge[key] = _cause(edge, result[edge.upstream].health, roots)
            cause = causes_by_edge[key]
            if cause is not None:
                causes.append(cause)
        if causes:
            result[name] = cascade(own, causes)
            if name in wiring.needed and _began_upstream(own, result[name]):
                roots[name] = result[name].causes[0].root
        else:
            health = service_health(own.channels, stopped_by_window=own.stopped_by_window)
            result[name] = Effective(health, own.channels)
    return result


def _cause(edge: Edge, upstream: Health | None, roots: Mapping[str, str]) -> Cause | None:
    health, note = carried(edge.kind, upstream)
    if health is None and not note:
        return None
    root = roots.get(edge.upstream, edge.upstream)
    return Cause(edge.upstream, root, edge.kind, health, note, edge.channel)


def _began_upstream(own: ServiceInput, after: Effective) -> bool:
    """Whether what arrives from upstream alone would explain the service's own trouble.

    A service that fails because its login fails also measures bad; blaming it as the root would
    send its dependants to the wrong place. What is bad by itself and by its upstream at once
    counts as upstream, as it does in the figures (rule 22).
    """
    healthy = ServiceInput(
        {name: h if h is None else Health.OPERATIONAL for name, h in own.channels.items()}
    )
    from_upstream = cascade(healthy, after.causes).health
    if from_upstream in (None, Health.OPERATIONAL):
        return False
    own_health = service_health(own.channels, stopped_by_window=own.stopped_by_window)
    return own_health is None or rank(from_upstream) >= rank(own_health)


def _incoming(services: Iterable[str], edges: Iterable[Edge]) -> dict[str, list[Edge]]:
    known = set(services)
    incoming: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.upstream in known and edge.dependant in known:
            incoming.setdefault(edge.dependant, []).append(edge)
    return incoming


def _waits_for(names: Iterable[str], incoming: Mapping[str, list[Edge]]) -> dict[str, set[str]]:
    return {name: {edge.upstream for edge in incoming.get(name, ())} for name in names}


def _settle(waits_for: Mapping[str, set[str]]) -> tuple[list[str], dict[str, set[str]]]:
    """Names with upstreams first, and what is left: those in a circle or behind one."""
    dependants: dict[str, list[str]] = {}
    unmet: dict[str, int] = {}
    for name, upstreams in waits_for.items():
        present = [upstream for upstream in upstreams if upstream in waits_for]
        unmet[name] = len(present)
        for upstream in present:
            dependants.setdefault(upstream, []).append(name)
    order = [name for name, count in unmet.items() if count == 0]
    for name in order:  # grows while it is walked
        for dependant in dependants.get(name, ()):
            unmet[dependant] -= 1
            if unmet[dependant] == 0:
                order.append(dependant)
    return order, {name: waits_for[name] for name, count in unmet.items() if count > 0}


def _order(names: Iterable[str], incoming: Mapping[str, list[Edge]]) -> list[str]:
    """Upstreams first; of a circle the smallest name goes before its upstreams."""
    order, stuck = _settle(_waits_for(names, incoming))
    while stuck:
        cut = min(_circle(stuck))
        order.append(cut)
        del stuck[cut]
        settled, stuck = _settle(stuck)
        order += settled
    return order


def _circle(stuck: Mapping[str, set[str]]) -> list[str]:
    """A circle among `stuck`, where every service waits for another of them."""
    path: list[str] = []
    seen_at: dict[str, int] = {}
    name = min(stuck)
    while name not in seen_at:
        seen_at[name] = len(path)
        path.append(name)
        name = min(upstream for upstream in stuck[name] if upstream in stuck)
    return path[seen_at[name] :]


def find_cycle(edges: Iterable[Edge]) -> list[str] | None:
    """A circle in `edges`, each name needing the next and the first one again last, or None."""
    edges = list(edges)
    names = {edge.upstream for edge in edges} | {edge.dependant for edge in edges}
    _, stuck = _settle(_waits_for(names, _incoming(names, edges)))
    if not stuck:
        return None
    circle = _circle(stuck)
    return [*circle, circle[0]]


def topological_order(services: Iterable[str], edges: Iterable[Edge]) -> list[str]:
    """`services` with every upstream before its dependants; raises `Cycle` where none exists.

    Edges to or from a service that is not in `services` are left out.
    """
    names = list(dict.fromkeys(services))
    order, stuck = _settle(_waits_for(names, _incoming(names, edges)))
    if stuck:
        circle = _circle(stuck)
        raise Cycle([*circle, circle[0]])
    return order
