"""The words of a catalogue in JSON-LD: CPSV-AP 3 and schema.org, and our own where they have none.

A fixed profile: the context is written whole and never fetched, and reading knows the terms by
their short names, by these prefixes, and by their full addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.exchange.records import Record

OURS = "urn:statusportal:"
PREFIXES: Mapping[str, str] = {
    "cpsv": "http://purl.org/vocab/cpsv#",
    "cv": "http://data.europa.eu/m8g/",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "portal": f"{OURS}ns#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}
# Other ways in which the same vocabularies are written.
SAME: Mapping[str, str] = {
    "http://schema.org/": "https://schema.org/",
    "dcterms:": "dct:",
}


@dataclass(frozen=True, slots=True)
class Term:
    """One property of an entry, and the columns that it fills.

    `column` is a column's name; with `languages` the stem of two (`name` → `name_ar`, `name_en`),
    with `many` a list of texts in each. `points_to` makes the value another entry. `also` are
    properties of the same meaning, which are read and not written.
    """

    name: str
    iri: str
    column: str
    languages: bool = False
    many: bool = False
    points_to: Record | None = None
    also: tuple[str, ...] = ()


def _own(name: str, column: str) -> Term:
    return Term(name, f"portal:{name}", column)


_NAME = Term("name", "dct:title", "name", languages=True, also=("schema:name",))
_PREFERRED = Term(
    "prefLabel",
    "skos:prefLabel",
    "name",
    languages=True,
    also=("dct:title", "schema:name", "foaf:name"),
)
_HOURS = Term("openingHours", "schema:openingHours", "hours", languages=True)
_POSITION = Term("position", "schema:position", "position")

TERMS: Mapping[Record, tuple[Term, ...]] = {
    Record.AGENCY: (
        Term("identifier", "dct:identifier", "code", also=("schema:identifier",)),
        _PREFERRED,
        Term("telephone", "schema:telephone", "phone"),
        Term("homepage", "foaf:homepage", "url", also=("schema:url",)),
        _POSITION,
    ),
    Record.CATEGORY: (
        Term("identifier", "dct:identifier", "slug", also=("skos:notation",)),
        _PREFERRED,
        _POSITION,
    ),
    Record.SERVICE: (
        Term("identifier", "dct:identifier", "slug", also=("schema:identifier",)),
        _own("publicId", "public_id"),
        _NAME,
        Term(
            "description",
            "dct:description",
            "description",
            languages=True,
            also=("schema:description",),
        ),
        Term("alternateName", "schema:alternateName", "aliases", languages=True, many=True),
        Term(
            "hasCompetentAuthority",
            "cv:hasCompetentAuthority",
            "agency",
            points_to=Record.AGENCY,
            also=("schema:provider", "schema:serviceOperator"),
        ),
        Term(
            "thematicArea",
            "cv:thematicArea",
            "category",
            points_to=Record.CATEGORY,
            also=("schema:category",),
        ),
        _own("tier", "tier"),
        _own("isShared", "is_shared"),
        Term("audience", "portal:audience", "audience", many=True),
        Term("telephone", "schema:telephone", "phone"),
        _HOURS,
        Term("meanwhile", "portal:meanwhile", "meanwhile", languages=True),
        _own("visibility", "visibility"),
        _own("isBeta", "is_beta"),
        _POSITION,
    ),
    Record.CHANNEL: (
        _own("channel", "channel"),
        Term("serviceUrl", "schema:serviceUrl", "url"),
        Term("servicePhone", "schema:servicePhone", "phone"),
        _HOURS,
        _POSITION,
    ),
    Record.CHECK: (
        _own("checkName", "name"),
        _own("checkKind", "kind"),
        _own("isEssential", "is_essential"),
        _own("isEnabled", "is_enabled"),
        _own("network", "network"),
        _own("intervalSeconds", "interval_seconds"),
        _own("timeoutSeconds", "timeout_seconds"),
        _own("slowAfterMs", "slow_after_ms"),
    ),
    Record.EDGE: (
        Term("upstream", "portal:upstream", "upstream", points_to=Record.SERVICE),
        _own("need", "kind"),
        _own("channel", "channel"),
        Term("alternative", "portal:alternative", "alternative", languages=True),
    ),
}

# Entries that stand inside others: (outer, property, its address, inner).
SPEC = "spec"
NESTED: Mapping[Record, tuple[tuple[str, str, Record, tuple[str, ...]], ...]] = {
    Record.SERVICE: (
        ("availableChannel", "cv:hasChannel", Record.CHANNEL, ("schema:availableChannel",)),
        ("dependsOn", "portal:dependsOn", Record.EDGE, ()),
    ),
    Record.CHANNEL: (("check", "portal:check", Record.CHECK, ()),),
}
TYPES: Mapping[Record, tuple[str, ...]] = {
    Record.AGENCY: ("cv:PublicOrganisation", "schema:GovernmentOrganization"),
    Record.CATEGORY: ("skos:Concept",),
    Record.SERVICE: ("cpsv:PublicService", "schema:GovernmentService"),
    Record.CHANNEL: ("cv:Channel", "schema:ServiceChannel"),
    Record.CHECK: ("portal:Check",),
    Record.EDGE: ("portal:Dependency",),
}
# The entries of a graph; the others stand inside services.
TOP = (Record.AGENCY, Record.CATEGORY, Record.SERVICE)


def context() -> dict[str, object]:
    """The `@context` that every export carries."""
    found: dict[str, object] = dict(PREFIXES)
    for record in Record:
        for term in TERMS[record]:
            if term.points_to is not None:
                found[term.name] = {"@id": term.iri, "@type": "@id"}
            elif term.languages:
                found[term.name] = {"@id": term.iri, "@container": "@language"}
            else:
                found[term.name] = term.iri
        found |= {name: iri for name, iri, _inner, _also in NESTED.get(record, ())}
    # Its keys are those of the kind of check and no properties.
    found[SPEC] = {"@id": "portal:spec", "@type": "@json"}
    return found


def short(key: str) -> str:
    """`key` with the prefix of its vocabulary where it is a full address of one."""
    for other, same in SAME.items():
        if key.startswith(other):
            key = same + key.removeprefix(other)
    for prefix, iri in PREFIXES.items():
        if key.startswith(iri):
            return f"{prefix}:{key.removeprefix(iri)}"
    return key


def names_of(term: Term) -> tuple[str, ...]:
    """Every key under which a property is read, the one that is written first."""
    bare = tuple(iri.partition(":")[2] for iri in (term.iri, *term.also))
    return tuple(dict.fromkeys((term.name, term.iri, *term.also, *bare)))
