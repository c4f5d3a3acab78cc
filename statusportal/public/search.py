"""The catalogue as people ask for it: what they typed and chose, and what of it there is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlencode

from django.http import QueryDict

from core.arabic import ascii_digits, sort_key, without_bidi_controls
from core.bilingual import LANGUAGES
from core.search import Document, Index, matches
from services.labels import Audience, ChannelKind, Visibility
from services.status.health import Health
from statusportal.public.said import Said, ServiceSaid
from statusportal.public.shape import AgencyFact, ServiceFact, Truth
from statusportal.public.words import PROBLEMS

PER_PAGE = 50
_LONGEST = 200

# Beside the healths themselves: what readers ask for most, and what has no health.
PROBLEM = "problem"
NOT_MONITORED = "not_monitored"
STATUSES: tuple[str, ...] = (PROBLEM, *Health, NOT_MONITORED)
# What may be chosen, in the order of the form and of the address.
SELECTS = ("agency", "category", "status", "audience", "channel")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for: known values only; what was not understood is in `unknown`."""

    q: str = ""
    agency: str = ""
    category: str = ""
    status: str = ""
    audience: str = ""
    channel: str = ""
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
            "audience": Audience.values,
            "channel": ChannelKind.values,
        }
        chosen = dict.fromkeys(SELECTS, "")
        unknown = []
        for name in SELECTS:
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

    @property
    def chosen(self) -> tuple[tuple[str, str], ...]:
        """(name, value) of what was chosen, without what was typed."""
        return tuple((name, getattr(self, name)) for name in SELECTS if getattr(self, name))

    @property
    def is_narrowed(self) -> bool:
        return bool(self.q or self.chosen)

    def without(self, name: str) -> str:
        """The query string that asks for the same but for one choice."""
        pairs = [("q", self.q), *(pair for pair in self.chosen if pair[0] != name)]
        return _query(pairs)

    def address(self, *, page: int = 1) -> str:
        """The query string that asks for the same, on another page; "" where it asks nothing."""
        pairs = [("q", self.q), *self.chosen]
        if page > 1:
            pairs.append(("page", str(page)))
        return _query(pairs)


def _query(pairs: Iterable[tuple[str, str]]) -> str:
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
    slugs: Sequence[str]
    if wanted.q:
        hits = _index(said).search(wanted.q)
        slugs, complete = hits.keys, hits.complete
    else:
        slugs, complete = _by_name(said, language), True
    # The index may be a moment older than the catalogue, or newer.
    fitting = [slug for slug in slugs if slug in said.services]
    if wanted.chosen:
        fitting = [slug for slug in fitting if _fits(said.services[slug], wanted)]
    pages = max(1, -(-len(fitting) // PER_PAGE))
    page = min(wanted.page, pages)
    start = (page - 1) * PER_PAGE
    return Found(
        services=tuple(said.services[slug] for slug in fitting[start : start + PER_PAGE]),
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
    if wanted.audience and wanted.audience not in service.fact.audience:
        return False
    if wanted.channel and not any(c.fact.kind == wanted.channel for c in service.channels):
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


def also_known(service: ServiceSaid, query: str, language: str) -> tuple[str, str] | None:
    """(language, text) of the name or alias that the query means, where the name that the page
    shows has none of its words; None where it has, or where only the description does."""
    fact = service.fact
    if matches(fact.name.in_language(language), query):
        return None
    others = [(lang, fact.name.in_language(lang)) for lang in LANGUAGES if lang != language]
    others += [("ar", alias) for alias in fact.aliases_ar]
    others += [("en", alias) for alias in fact.aliases_en]
    found = [(len(matches(text, query)), lang, text) for lang, text in others]
    best = max(found, key=lambda one: one[0], default=None)
    return (best[1], best[2]) if best is not None and best[0] else None


# --- kept in memory ---------------------------------------------------------------------------


_Described = Sequence[tuple[ServiceFact, AgencyFact | None]]


class _Memory:
    """Of one process. Each value is replaced whole: threads never see halves of two versions."""

    # (version, documents, index)
    index: tuple[str, tuple[Document, ...], Index] | None = None
    # language → (version, slugs in order of their names)
    by_name: ClassVar[dict[str, tuple[str, tuple[str, ...]]]] = {}


def prepare(truth: Truth, version: str) -> None:
    """Make the index and the alphabetical orders: about a second at 10,000 new names, else a few
    milliseconds. The store's thread calls it for each new version, so that no reader waits."""
    if _Memory.index is not None and _Memory.index[0] == version:
        return
    agencies = {agency.code: agency for agency in truth.agencies}
    public = [fact for fact in truth.services if fact.visibility == Visibility.PUBLIC]
    _prepare(version, [(fact, agencies.get(fact.agency)) for fact in public])


def _prepare(version: str, described: _Described) -> Index:
    documents = tuple(_document(fact, agency) for fact, agency in described)
    held = _Memory.index
    # A new version mostly changes a state, not a name: the index outlives it.
    index = held[2] if held is not None and held[1] == documents else Index(documents)
    for language in LANGUAGES:
        by_name = sorted(
            (sort_key(fact.name.in_language(language)), fact.slug) for fact, _agency in described
        )
        _Memory.by_name[language] = (version, tuple(slug for _key, slug in by_name))
    _Memory.index = (version, documents, index)
    return index


def _index(said: Said) -> Index:
    held = _Memory.index
    if held is not None:
        # Perhaps one version behind, while the thread is at work: names change rarely, and what
        # is no longer there is left out.
        return held[2]
    return _prepare(said.version, [(one.fact, one.agency) for one in said.services.values()])


def _by_name(said: Said, language: str) -> Sequence[str]:
    held = _Memory.by_name.get(language)
    if held is None:
        _prepare(said.version, [(one.fact, one.agency) for one in said.services.values()])
        held = _Memory.by_name[language]
    version, order = held
    if version == said.version:
        return order
    # One version behind: what is new stands at the end for that moment.
    known = [slug for slug in order if slug in said.services]
    return [*known, *(said.services.keys() - set(known))]


def _document(fact: ServiceFact, agency: AgencyFact | None) -> Document:
    return Document(
        key=fact.slug,
        names=(fact.name.ar, fact.name.en),
        aliases=(*fact.aliases_ar, *fact.aliases_en),
        owners=(agency.name.ar, agency.name.en) if agency is not None else (),
        descriptions=(fact.description.ar, fact.description.en),
    )
