"""How much an incident matters: impact by reach (docs/clocks.md). Pure.

People may choose otherwise, with a reason; what is said here is the suggestion.
"""

from __future__ import annotations

from enum import StrEnum

from services.status.health import Health

# So many agencies at once have something in common, whether or not the catalogue knows it.
NATIONAL_FROM_AGENCIES = 3


class Severity(StrEnum):
    """From the gravest, in which order they sort; the words are stored."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"


class Impact(StrEnum):
    """What the problem does to the people whom it reaches; the words are stored."""

    STOPPED = "stopped"  # they cannot use it, and there is no other way
    ALTERNATIVE = "alternative"  # they cannot use it, but there is another way
    PARTIAL = "partial"  # slow, on and off, or a part of it
    AT_RISK = "at_risk"  # they notice nothing yet


class Reach(StrEnum):
    """Whom the problem reaches; the words are stored."""

    SOME_USERS = "some_users"  # of one service
    SERVICE = "service"  # all users of one service, or one whole channel
    AGENCY = "agency"  # several services, or a whole agency
    NATIONAL = "national"  # a shared service, or several agencies at once


_MATRIX: dict[Impact, tuple[Severity, Severity, Severity, Severity]] = {
    Impact.STOPPED: (Severity.P3, Severity.P2, Severity.P1, Severity.P1),
    Impact.ALTERNATIVE: (Severity.P4, Severity.P3, Severity.P2, Severity.P1),
    Impact.PARTIAL: (Severity.P4, Severity.P3, Severity.P3, Severity.P2),
    Impact.AT_RISK: (Severity.P4, Severity.P4, Severity.P4, Severity.P3),
}
_COLUMNS = tuple(Reach)
_STEPS = tuple(Severity)


def suggest(
    impact: Impact, reach: Reach, *, tier_one: bool = False, deadline_or_payment: bool = False
) -> Severity:
    """The severity of the matrix, one step higher for a tier-1 service, and one for a statutory
    deadline or lost payments; never above P1."""
    step = _STEPS.index(_MATRIX[impact][_COLUMNS.index(reach)])
    return _STEPS[max(0, step - tier_one - deadline_or_payment)]


def impact_of(health: Health, has_alternative: bool) -> Impact:
    """The impact that `health`, the worst of the services, speaks for when nobody was asked.

    `has_alternative`: every one of them that is out has another way that is written down.
    """
    match health:
        case Health.MAJOR_OUTAGE:
            return Impact.ALTERNATIVE if has_alternative else Impact.STOPPED
        case Health.PARTIAL_OUTAGE:
            # The channel that still works is the other way.
            return Impact.ALTERNATIVE
        case Health.DEGRADED:
            return Impact.PARTIAL
        case _:
            # Planned work is no incident's doing, and of what is unknown no effect is known.
            return Impact.AT_RISK


def reach_of(services: int, agencies: int, any_shared: bool, channels_down: int) -> Reach:
    """The reach of a problem that lists so many services, of so many agencies.

    `channels_down` counts over all of them. One that is down is down for all its users, and one
    channel counts like a service; where none is, only some users may notice.
    """
    if any_shared or agencies >= NATIONAL_FROM_AGENCIES:
        return Reach.NATIONAL
    if services > 1:
        return Reach.AGENCY
    return Reach.SERVICE if channels_down else Reach.SOME_USERS
