"""The catalogue as people ask for it: what they typed and chose, and what of it there is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from django.http import QueryDict

from core.arabic import ascii_digits, sort_key, without_bidi_controls
from core.search import Document, Index
from services.status.health import Health
from statusportal.public.said import Said, ServiceSaid
from statusportal.public.words import PROBLEMS

PER_PAGE = 50
_LONGEST = 200

# Beside the healths themselves: what readers ask for most, and what has no health.
PROBLEM = "problem"
NOT_MONITORED = "not_monitored"
STATUSES: tuple[str, ...] = (PROBLEM, *Health, NOT_MONITORED)
_SELECTS = ("agency", "category", "status")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for: known values only; what was not understood is in `unknown`."""

    q: str = ""
    agency: str = ""
    category: str = ""
    status: str = ""
    page: int = 1
    # Names of the parameters whose values we do not know.
    unknown: tuple[str, ...] = ()

    @classmethod
    def of(cls, query: QueryDict, said: Said) -> Wanted:
        """Read the parameters of a request. Never raises: anybody may type anything."""
        known: Mapping[str, object] = {
            "agency": said.agencies,
            "category": said.categories,
            "status": STATUSES,
        }
        chosen = dict.fromkeys(_SELECTS, "")
        unknown = []
        for name in _SELECTS:
            value = query.get(name, "").strip()
            if value and value in known[name]:  # type: ignore[operator]
                chosen[name] = value
            elif value:
                unknown.append(name)
        page = ascii_digits(query.get("page", "").strip())
        # isdecimal also takes digits of other scripts; nine of them are more pages than there are.
        usable = page.isascii() and page.isdecimal() and len(page) < 10 and int(page) > 0
        if page and not usable:
            unknown.append("page")
        # Control characters (a NUL among them) have no place in a page that repeats what was typed.
        typed = "".join(char if char.isprintable() else " " for char in query.get("q", ""))
        return cls(
            q=" ".join(without_bidi_controls(typed).split())[:_LONGEST],
            page=int(page) if usable else 1,
            unknown=tuple(unknown),
            **chosen,
        )

    def address(self, *, page: int = 1) -> str:
        """The query string that asks for the same, on another page; "" where it asks nothing."""
        pairs = [(name, getattr(self, name)) for name in ("q", *_SELECTS)]
        pairs.append(("page", str(page) if page > 1 else ""))
        query = urlencode([(name, value) for name, value in pairs if value])
        return f"?{query}" if query else ""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the catalogue."""

    services: tuple[ServiceSaid, ...]
    total: int
    page: int
    pages: int
    # False: no service has all the words; these come closest.
    complete: bool = True
    # The page asked for is beyond the last one; this is the last one.
    beyond: bool = False


def find(said: Said, wanted: Wanted, language: str) -> Found:
    """The services that fit `wanted`: best first where something was typed, else by name."""
    if wanted.q:
        hits = _index(said).search(wanted.q)
        candidates = [said.services[slug] for slug in hits.keys]
        complete = hits.complete
    else:
        candidates = [said.services[slug] for slug in _by_name(said, language)]
        complete = True
    fitting = [service for service in candidates if _fits(service, wanted)]
    pages = max(1, -(-len(fitting) // PER_PAGE))
    page = min(wanted.page, pages)
    start = (page - 1) * PER_PAGE
    return Found(
        services=tuple(fitting[start : start + PER_PAGE]),
        total=len(fitting),
        page=page,
        pages=pages,
        complete=complete,
        beyond=wanted.page > pages,
    )


def _fits(service: ServiceSaid, wanted: Wanted) -> bool:
    if wanted.agency and service.agency.code != wanted.agency:
        return False
    if wanted.category and (service.category is None or service.category.slug != wanted.category):
        return False
    match wanted.status:
        case "":
            return True
        case "problem":
            return service.health in PROBLEMS
        case "not_monitored":
            return service.health is None
        case status:
            return service.health == status


# --- kept in memory ---------------------------------------------------------------------------


class _Memory:
    """Of one process. Each value is replaced whole: threads never see halves of two versions."""

    # (version, documents, index)
    index: tuple[str, tuple[Document, ...], Index] | None = None
    # language → (version, slugs in order of their names)
    by_name: ClassVar[dict[str, tuple[str, tuple[str, ...]]]] = {}


def _index(said: Said) -> Index:
    held = _Memory.index
    if held is not None and held[0] == said.version:
        return held[2]
    documents = tuple(_document(service) for service in said.services.values())
    # A new version mostly changes a state, not a name: the index outlives it.
    index = held[2] if held is not None and held[1] == documents else Index(documents)
    _Memory.index = (said.version, documents, index)
    return index


def _document(service: ServiceSaid) -> Document:
    fact = service.fact
    return Document(
        key=fact.slug,
        names=(fact.name.ar, fact.name.en),
        aliases=(*fact.aliases_ar, *fact.aliases_en),
        owners=(service.agency.name.ar, service.agency.name.en),
        descriptions=(fact.description.ar, fact.description.en),
    )


def _by_name(said: Said, language: str) -> tuple[str, ...]:
    held = _Memory.by_name.get(language)
    if held is not None and held[0] == said.version:
        return held[1]
    order = sorted(
        said.services, key=lambda slug: sort_key(said.services[slug].name.in_language(language))
    )
    _Memory.by_name[language] = (said.version, tuple(order))
    return tuple(order)
