"""What a whole portal of the demo nation has to say, by the rules and not by its own code."""

from __future__ import annotations

from collections.abc import Mapping

from services.status.cascade import Edge, EdgeKind, ServiceInput, effective
from services.status.health import Health
from statusportal.demo import nation
from statusportal.demo.under_way import DECLARED
from tests.end_to_end.portal import Portal


def by_the_rules(own: Mapping[str, str]) -> dict[str, str]:
    """What the rules make of the catalogue's edges when each of `own` is as it says and all else
    works: the public services that are not operational."""
    monitored = {endpoint.slug for endpoint in nation.endpoints()}
    after = effective(
        {
            one.slug: ServiceInput(
                {"web": Health(own.get(one.slug, Health.OPERATIONAL))}
                if one.slug in monitored
                else {"web": None}
            )
            for one in nation.services()
        },
        [
            Edge(need.upstream, one.slug, EdgeKind(need.kind))
            for one in nation.services()
            for need in one.needs
        ],
    )
    return {
        one.slug: health.value
        for one in nation.services()
        if one.visibility == "public"
        and (health := after[one.slug].health) is not None
        and health is not Health.OPERATIONAL
    }


# The demo's window that runs over keeps its effect until a person closes it (rule 16), and what
# is declared of its two open incidents stands until they end (rule 17).
SAID = {"id-replace": "maintenance", **DECLARED}
STANDING = by_the_rules(SAID)


def everything_works(portal: Portal) -> bool:
    """Every service is operational, but for what people said."""
    states = portal.states()
    troubled = {slug: state for slug, state in states.items() if state != "operational"}
    return len(states) == 52 and troubled == STANDING


def nothing_is_known(portal: Portal) -> bool:
    """Every service reads unknown, but for what people said: that was never measured."""
    states = portal.states()
    told = {slug: state for slug, state in states.items() if state != "unknown"}
    return len(states) == 52 and told == STANDING
