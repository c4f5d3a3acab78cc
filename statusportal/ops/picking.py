"""Choosing services and their channels, with scripts and without: a search, then boxes to tick.

What is ticked stays ticked whatever is searched for next. Two statements, and one of the search.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.http import QueryDict

from core.arabic import fold
from services.models import Service

FOUND_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Chosen:
    """A service that is ticked; `channels` are the ids of those meant, none means all."""

    service: Service
    channels: frozenset[int]


@dataclass(frozen=True, slots=True)
class Picked:
    """What is chosen, and what the search for more found."""

    chosen: tuple[Chosen, ...]
    q: str = ""
    found: tuple[Service, ...] = ()
    more: int = 0

    @property
    def lines(self) -> dict[int, set[int]]:
        """The choice as operations take it."""
        return {one.service.pk: set(one.channels) for one in self.chosen}

    @property
    def agency_id(self) -> int | None:
        """The agency of all of them, None where they are of several."""
        owners = {one.service.agency_id for one in self.chosen}
        return owners.pop() if len(owners) == 1 else None


def picked(typed: QueryDict, agencies: Collection[int] | None) -> Picked:
    """The choice that `typed` makes, within `agencies` (None: all).

    `services` and `channels` are ids as they were ticked, `add` is one more, `drop` one less, and
    `find` what was searched for. Ids that are none, or of other agencies, are left out.
    """
    wanted = _ids(typed.getlist("services")) | _ids(typed.getlist("add"))
    wanted -= _ids(typed.getlist("drop"))
    return choose(
        {pk: _ids(typed.getlist("channels")) for pk in wanted}, agencies, q=typed.get("find", "")
    )


def choose(
    lines: Mapping[int, Collection[int]], agencies: Collection[int] | None, *, q: str = ""
) -> Picked:
    """The choice of `lines`; of its channels those that the service has."""
    services = Service.objects.select_related("agency").order_by("position", "slug")
    if agencies is not None:
        services = services.filter(agency__in=agencies)
    chosen = []
    for service in services.filter(pk__in=lines).prefetch_related("channels") if lines else ():
        own = {channel.pk for channel in service.channels.all()}
        chosen.append(Chosen(service, frozenset(own & set(lines[service.pk]))))
    words = fold(q).split()
    if not words:
        return Picked(tuple(chosen), q)
    rows = services.exclude(pk__in=lines).only(
        "slug", "name_ar", "name_en", "aliases_ar", "aliases_en", "agency__code", "agency__name_ar",
        "agency__name_en",
    )  # fmt: skip
    found = [row for row in rows if _fits(row, words)]
    return Picked(tuple(chosen), q, tuple(found[:FOUND_SHOWN]), max(0, len(found) - FOUND_SHOWN))


def _fits(service: Service, words: list[str]) -> bool:
    known = fold(
        " ".join(
            (
                service.slug,
                service.name_ar,
                service.name_en,
                service.aliases_ar,
                service.aliases_en,
                service.agency.code,
            )
        )
    )
    return all(word in known for word in words)


def _ids(values: list[str]) -> set[int]:
    return {int(value) for value in values if value.isascii() and value.isdigit()}
