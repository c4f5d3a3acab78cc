"""The services of each agency and of each category, as they are said."""

from __future__ import annotations

from collections.abc import Iterable

from services.status.health import Health, worst
from statusportal.public.said import GroupSaid, ServiceSaid
from statusportal.public.shape import AgencyFact, CategoryFact


def by_agency(
    agencies: Iterable[AgencyFact], services: Iterable[ServiceSaid]
) -> dict[str, GroupSaid]:
    """Code → the agency with its public services, in the order of `agencies`; none is empty."""
    members: dict[str, list[ServiceSaid]] = {}
    for said in services:
        members.setdefault(said.fact.agency, []).append(said)
    return {
        agency.code: GroupSaid(
            code=agency.code,
            name=agency.name,
            services=tuple(members[agency.code]),
            health=_worst_of(members[agency.code]),
            problems=sum(said.has_problem for said in members[agency.code]),
            agency=agency,
        )
        for agency in agencies
        if agency.code in members
    }


def by_category(
    categories: Iterable[CategoryFact], services: Iterable[ServiceSaid]
) -> dict[str, GroupSaid]:
    """Slug → the category with its public services, in the order of `categories`."""
    members: dict[str, list[ServiceSaid]] = {}
    for said in services:
        if said.category is not None:
            members.setdefault(said.category.slug, []).append(said)
    return {
        category.slug: GroupSaid(
            code=category.slug,
            name=category.name,
            services=tuple(members[category.slug]),
            health=_worst_of(members[category.slug]),
            problems=sum(said.has_problem for said in members[category.slug]),
        )
        for category in categories
        if category.slug in members
    }


def _worst_of(services: Iterable[ServiceSaid]) -> Health | None:
    return worst([said.health for said in services if said.health is not None])
