"""The pieces that Statuspage v2 documents are joined from, as this process wrote them before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from core.bilingual import Bilingual
from statusportal.public.api_structs import Component
from statusportal.public.remembered import Remembered
from statusportal.public.said import ServiceSaid

# Notices and windows of one page. Documents show the newest fifty and those that are open.
_MOST_KEPT = 512


@dataclass(frozen=True, slots=True)
class Piece:
    """A value in a document: its JSON, and a digest of it."""

    json: bytes
    digest: bytes

    @classmethod
    def of(cls, value: object) -> Piece:
        """`value` written by itself."""
        return _piece(msgspec.json.encode(value))


@dataclass(frozen=True, slots=True)
class Agency:
    """An agency and its monitored services: what is said of each, and its component.

    `number` is the agency's place among the others. `piece` is its part of the components, the
    agency first, without the brackets of a list.
    """

    number: int
    name: Bilingual
    services: Sequence[ServiceSaid]
    members: Sequence[Component]
    by_id: Mapping[str, Component]
    piece: Piece

    @classmethod
    def of(
        cls,
        number: int,
        name: Bilingual,
        services: Sequence[ServiceSaid],
        header: Component,
        members: Sequence[Component],
    ) -> Agency:
        """An agency, written."""
        return cls(
            number=number,
            name=name,
            services=services,
            members=members,
            by_id={one.id: one for one in members},
            piece=_piece(msgspec.json.encode([header, *members])[1:-1]),
        )


@dataclass(slots=True)
class Memory:
    """What was written of one page, in one language and under the same settings.

    `agencies` are those of the last document, by their codes.
    """

    agencies: Mapping[str, Agency] = field(default_factory=dict)
    notices: Remembered[Piece] = field(default_factory=lambda: Remembered(_MOST_KEPT))


Rest = Mapping[str, Piece | Sequence[Piece]]


def joined(page: bytes, undated: bytes, rest: Rest) -> tuple[bytes, bytes]:
    """The document of `page` and of what stands beside it; and bytes that change with all of it,
    where `undated` stands for the page.

    Digests for the second, because a nation's components are megabytes.
    """
    document, marks = [b'{"page":', page], [undated]
    for key, value in rest.items():
        name = msgspec.json.encode(key)
        document += (b",", name, b":")
        marks.append(name)
        if isinstance(value, Piece):
            document.append(value.json)
            marks.append(value.digest)
        else:
            document += (b"[", *_with_commas(value), b"]")
            marks += [one.digest for one in value]
    document.append(b"}")
    return b"".join(document), b"".join(marks)


def _with_commas(pieces: Iterable[Piece]) -> Iterable[bytes]:
    for number, piece in enumerate(pieces):
        if number:
            yield b","
        yield piece.json


def _piece(json: bytes) -> Piece:
    return Piece(json, hashlib.sha256(json).digest())
