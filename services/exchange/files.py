"""A catalogue file whatever its format: CSV or JSON-LD, told apart by what it holds."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from services.exchange import csv_file, jsonld
from services.exchange.records import Document, Present


class Format(StrEnum):
    """The formats of a catalogue file; the words are the ends of file names."""

    CSV = "csv"
    JSON_LD = "jsonld"


CONTENT_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON_LD: "application/ld+json",
}
_WRITERS: dict[Format, Callable[[Present], bytes]] = {
    Format.CSV: csv_file.write,
    Format.JSON_LD: jsonld.write,
}


@dataclass(frozen=True, slots=True)
class CatalogueFile:
    """A file as it was handed in."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """What tells this file from every other one, in the record of imports."""
        return hashlib.sha256(self.content).hexdigest()

    def read(self) -> Document:
        """Its rows. Never raises: what cannot be read is among the faults."""
        start = self.content.removeprefix(codecs.BOM_UTF8).lstrip()[:1]
        # No column begins with a bracket.
        if start in (b"{", b"["):
            return jsonld.read(self.content)
        return csv_file.read(self.content)


def write(present: Present, written_as: Format) -> bytes:
    """The whole catalogue as a file; secrets are not in it."""
    return _WRITERS[written_as](present)
