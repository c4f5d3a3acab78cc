"""`may(actor, act, agency)`: the one place that decides who may do what."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from accounts.models import AUTHORITY_ROLES, Agency, Role, User


class Act(StrEnum):
    """What somebody can want to do. Later apps add their acts here."""

    VIEW_CATALOGUE = "catalogue.view"
    EDIT_CATALOGUE = "catalogue.edit"
    # Checks hold addresses inside the government network, and secrets.
    VIEW_CHECKS = "checks.view"
    EDIT_CHECKS = "checks.edit"
    # Agencies, categories, locations: what all agencies share.
    EDIT_REGISTER = "register.edit"
    VIEW_PEOPLE = "people.view"
    EDIT_PEOPLE = "people.edit"
    VIEW_AUDIT = "audit.view"
    VIEW_TOKENS = "tokens.view"
    # Let a system of the agency in, and shut it out.
    MANAGE_TOKENS = "tokens.manage"
    VIEW_WHY = "status.why"
    REQUEST_WINDOW = "window.request"
    # Within the policy and below tier 1; beyond it the authority decides.
    APPROVE_WINDOW = "window.approve"
    APPROVE_ANY_WINDOW = "window.approve_any"
    # Extend and complete what runs.
    RUN_WINDOW = "window.run"
    VIEW_INCIDENTS = "incident.view"
    # Acknowledge, write, resolve; whoever may write may approve what somebody else wrote.
    RUN_INCIDENTS = "incident.run"
    # Publish better than measured (rule 17).
    OVERRIDE = "incident.override"
    # The operators' board of the whole country.
    VIEW_BOARD = "board.view"


_EVERYBODY = frozenset(Role)
_WORK_ON_WINDOWS = frozenset(
    {
        Role.AGENCY_STAFF,
        Role.AGENCY_PUBLISHER,
        Role.OPERATOR,
        Role.SUPERVISOR,
        Role.ADMINISTRATOR,
    }
)
_ALLOWED: dict[Act, frozenset[Role]] = {
    Act.VIEW_CATALOGUE: _EVERYBODY,
    Act.EDIT_CATALOGUE: frozenset(
        {Role.AGENCY_STAFF, Role.AGENCY_PUBLISHER, Role.SUPERVISOR, Role.ADMINISTRATOR}
    ),
    # A contact centre is often another company's: it tells callers what is known, not whom we ask.
    Act.VIEW_CHECKS: _EVERYBODY - {Role.CONTACT_CENTRE},
    Act.EDIT_CHECKS: frozenset({Role.AGENCY_PUBLISHER, Role.SUPERVISOR, Role.ADMINISTRATOR}),
    Act.EDIT_REGISTER: frozenset({Role.ADMINISTRATOR}),
    Act.VIEW_PEOPLE: frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR}),
    Act.EDIT_PEOPLE: frozenset({Role.ADMINISTRATOR}),
    Act.VIEW_AUDIT: frozenset({Role.ADMINISTRATOR, Role.SUPERVISOR, Role.AUDITOR}),
    Act.VIEW_TOKENS: frozenset(
        {Role.AGENCY_PUBLISHER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.AUDITOR}
    ),
    Act.MANAGE_TOKENS: frozenset({Role.AGENCY_PUBLISHER, Role.ADMINISTRATOR}),
    Act.VIEW_WHY: _EVERYBODY,
    Act.REQUEST_WINDOW: _WORK_ON_WINDOWS,
    Act.APPROVE_WINDOW: frozenset({Role.AGENCY_PUBLISHER, Role.SUPERVISOR, Role.ADMINISTRATOR}),
    Act.APPROVE_ANY_WINDOW: frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR}),
    Act.RUN_WINDOW: _WORK_ON_WINDOWS,
    Act.VIEW_INCIDENTS: _EVERYBODY,
    Act.RUN_INCIDENTS: frozenset(
        {Role.AGENCY_PUBLISHER, Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR}
    ),
    Act.OVERRIDE: frozenset({Role.OPERATOR, Role.SUPERVISOR, Role.ADMINISTRATOR}),
    Act.VIEW_BOARD: AUTHORITY_ROLES,
}


def roles(act: Act) -> frozenset[Role]:
    """The roles that may do `act`: the authority's everywhere, the others for their own agency."""
    return _ALLOWED[act]


def _roles(actor: Any) -> list[tuple[Role, int | None]]:
    """The actor's roles and the agency of each, read once for each instance of the user."""
    if not isinstance(actor, User) or not actor.is_active or not actor.is_staff:
        return []
    held: list[tuple[Role, int | None]] | None = getattr(actor, "_roles_held", None)
    if held is None and actor.is_superuser:
        # The first person of a new deployment, made on the command line.
        held = [(Role.ADMINISTRATOR, None)]
    if held is None:
        rows = actor.memberships.values_list("role", "agency_id")
        held = [(Role(role), agency_id) for role, agency_id in rows]
        actor._roles_held = held  # type: ignore[attr-defined]
    return held


def may(actor: Any, act: Act, agency: Agency | int | None = None) -> bool:
    """Whether `actor` may do `act` for `agency` (a row or its id).

    Without an agency: for something that belongs to no agency, where only the authority's roles
    count. Ask `agencies(actor, act)` to know whether there is any agency at all.
    """
    agency_id = agency.pk if isinstance(agency, Agency) else agency
    return any(
        role in _ALLOWED[act]
        and (role in AUTHORITY_ROLES or (own_id is not None and own_id == agency_id))
        for role, own_id in _roles(actor)
    )


def agencies(actor: Any, act: Act) -> set[int] | None:
    """The ids of the agencies for which `actor` may do `act`; None means every agency."""
    found: set[int] = set()
    for role, agency_id in _roles(actor):
        if role not in _ALLOWED[act]:
            continue
        if role in AUTHORITY_ROLES:
            return None
        if agency_id is not None:
            found.add(agency_id)
    return found
