"""By which services a problem comes to another one: pure."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from statusportal.public.said import Said, ServiceSaid
from statusportal.public.shape import EdgeFact


def between(
    said: Said, edges: Iterable[EdgeFact], service: ServiceSaid, origin: str | None
) -> tuple[ServiceSaid, ...]:
    """The public services through which the trouble of `origin` (a slug) reaches `service`.

    Nearest first, by the shortest way, without the two ends; empty where there is nothing
    between them, or nothing that may be named (rule 12).
    """
    if origin is None or origin not in said.services:
        return ()
    upstreams: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        upstreams[edge.dependant].append(edge.upstream)
    troubled = {other.fact.id: other for other in said.services.values() if other.has_problem}
    goal = said.services[origin].fact.id
    # Where each was reached from, nearest first; also what keeps a circle from going on.
    reached: dict[str, str] = {service.fact.id: ""}
    waiting = deque([service.fact.id])
    while waiting:
        here = waiting.popleft()
        for there in upstreams[here]:
            if there in reached or there not in troubled:
                continue
            reached[there] = here
            waiting.append(there)
    if goal not in reached:
        return ()
    way = []
    at = reached[goal]
    while at and at != service.fact.id:
        way.append(troubled[at])
        at = reached[at]
    return tuple(reversed(way))
