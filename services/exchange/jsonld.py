"""A catalogue as JSON-LD: a graph of agencies, categories and services with all that is theirs.

What is read is what is written, and besides it plain CPSV-AP and schema.org descriptions of
services. Nothing is fetched; services.exchange.terms says which words are known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.exchange.cells import NO, YES
from services.exchange.columns import in_order
from services.exchange.faults import Fault
from services.exchange.records import Document, Key, Present, Record, Row, Value, Values
from services.exchange.specs import PREFIX, spec_columns, write_field
from services.exchange.terms import (
    NESTED,
    OURS,
    SPEC,
    TERMS,
    TOP,
    TYPES,
    Term,
    context,
    names_of,
    short,
)

_LANGUAGES = ("ar", "en")
_ARABIC = re.compile(r"[\u0600-\u06ff]")
_GRAPH = re.compile(r'"@graph"\s*:\s*\[')
_BETWEEN = re.compile(r"[ \t\r\n,]*")
_LAST_PART = re.compile(r"[^/#:]+$")


# --- Reading --------------------------------------------------------------------------------


def read(content: bytes) -> Document:
    """The rows of a JSON-LD file, or what is wrong with it as a file. Never raises."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return Document(faults=[Fault("unknown_encoding")])
    try:
        whole = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return Document(faults=[Fault("bad_json", getattr(error, "lineno", 0))])
    if isinstance(whole, dict) and "@graph" in whole:
        entries = whole["@graph"]
    else:
        # A list of entries, or one service alone as pages of agencies carry it.
        entries = whole if isinstance(whole, list) else [whole]
    if not isinstance(entries, list) or entries == [{}]:
        return Document(faults=[Fault("no_graph")])
    if not entries:
        return Document(faults=[Fault("empty_file")])
    reading = _Reading(_identifiers(entries))
    for line, entry in zip(_lines(text, entries), entries, strict=True):
        reading.entry(entry, line)
    return Document(reading.rows, reading.faults)


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _lines(text: str, entries: list[Any]) -> Iterator[int]:
    """The line on which each entry begins; 1 where that cannot be told."""
    decoder = json.JSONDecoder()
    start = _GRAPH.search(text)
    position = start.end() if start else text.find("[") + 1
    line = 1 + text.count("\n", 0, position)
    for entry in entries:
        try:
            begin = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]
            found, end = decoder.raw_decode(text, begin)
        except ValueError:
            found, begin, end = None, position, position
        if found != entry:
            yield 1
            continue
        line += text.count("\n", position, begin)
        yield line
        line += text.count("\n", begin, end)
        position = end


def _identifiers(entries: list[Any]) -> dict[str, str]:
    """The identifier of each entry by its address, for those that point to it."""
    found: dict[str, str] = {}
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("@id"), str):
            keyed = {short(key): value for key, value in entry.items()}
            for name in ("identifier", "dct:identifier", "schema:identifier", "skos:notation"):
                if isinstance(keyed.get(name), str):
                    found.setdefault(entry["@id"], _last_part(keyed[name]))
    return found


def _last_part(text: str) -> str:
    """The name at the end of an address; a plain name is itself."""
    match = _LAST_PART.search(text.strip().rstrip("/#"))
    return match.group() if match else text


@dataclass
class _Reading:
    identifiers: Mapping[str, str]
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def entry(self, entry: Any, line: int) -> None:
        """One entry of the graph, with everything inside it."""
        if not isinstance(entry, dict):
            self.faults.append(Fault("not_an_object", line))
            return
        record = _record_of(entry)
        if record is None:
            allowed = tuple(TYPES[each][0] for each in TOP)
            given = ", ".join(_types(entry))
            self.faults.append(
                Fault("unknown_type", line, "@type", params={"value": given, "allowed": allowed})
            )
            return
        self._row(record, entry, {}, line, "")

    def _row(
        self, record: Record, entry: Mapping[str, Any], outer: dict[str, str], line: int, path: str
    ) -> None:
        cells = {"record": record.value, **outer}
        known = {name: term for term in reversed(TERMS[record]) for name in names_of(term)}
        inside = {
            key: each
            for each in NESTED.get(record, ())
            for key in (each[0], each[1], *each[3], each[1].partition(":")[2])
        }
        nested: list[tuple[str, Record, Any]] = []
        for key, value in entry.items():
            key = short(key)
            if key in inside:
                nested.append((key, inside[key][2], value))
            elif key in known:
                self._term(known[key], value, cells, line, path)
            elif record is Record.CHECK and key in (SPEC, f"portal:{SPEC}"):
                self._spec(value, cells, line, path)
            elif not key.startswith("@") and (":" not in key or key.startswith("portal:")):
                # Words of other vocabularies say things that a catalogue has no place for.
                self.faults.append(Fault("unknown_column", line, "", path, {"value": key}))
        self.rows.append(Row(line, cells, path))
        for key, inner, value in nested:
            self._inside(key, inner, value, cells, line, path)

    def _inside(
        self, key: str, inner: Record, value: Any, outer: Mapping[str, str], line: int, path: str
    ) -> None:
        own = _keys_for(inner, outer)
        for number, entry in enumerate(value if isinstance(value, list) else [value]):
            here = f"{path}{key}[{number}]."
            if isinstance(entry, dict):
                self._row(inner, entry, own, line, here)
            else:
                self.faults.append(Fault("not_an_object", line, "", here))

    def _term(self, term: Term, value: Any, cells: dict[str, str], line: int, path: str) -> None:
        if term.languages:
            for language, texts in self._languages(value, line, path, term.name):
                column = f"{term.column}_{language}"
                cells[column] = "\n".join(texts) if term.many else texts[0] if texts else ""
            return
        values = value if isinstance(value, list) else [value]
        if term.points_to is not None:
            told = [self._pointed(each) for each in values]
        else:
            told = [_text(each) for each in values]
        plain = [text for text in told if text is not None]
        if len(plain) < len(told) or (len(plain) > 1 and not term.many):
            self.faults.append(Fault("not_a_text", line, term.name, path))
            return
        cells[term.column] = ", ".join(plain)
        if term.name == "identifier":
            cells[term.column] = _last_part(cells[term.column])

    def _pointed(self, value: Any) -> str | None:
        """The key of the entry that `value` names, by its address or its own identifier."""
        if isinstance(value, dict):
            keyed = {short(key): each for key, each in value.items()}
            value = keyed.get("identifier", keyed.get("dct:identifier", keyed.get("@id")))
        if value is None:
            return ""
        if not isinstance(value, str):
            return None
        return self.identifiers.get(value) or _last_part(value)

    def _languages(
        self, value: Any, line: int, path: str, name: str
    ) -> Iterator[tuple[str, list[str]]]:
        """(language, texts) of a text in one of the forms that JSON-LD has for it."""
        found: dict[str, list[str]] = {}
        pairs: list[tuple[str | None, Any]] = []
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, dict) and "@value" not in each:
                pairs += [
                    (language, text)
                    for language, texts in each.items()
                    for text in (texts if isinstance(texts, list) else [texts])
                ]
                # A language with an empty list has no text, which is said.
                found |= {language: [] for language, texts in each.items() if texts == []}
            elif isinstance(each, dict):
                pairs.append((each.get("@language"), each["@value"]))
            else:
                pairs.append((None, each))
        for language, text in pairs:
            plain = _text(text)
            if plain is None:
                self.faults.append(Fault("not_a_text", line, name, path))
                continue
            # Where no language is named the letters tell.
            tongue = language or ("ar" if _ARABIC.search(plain) else "en")
            found.setdefault(str(tongue).partition("-")[0].casefold(), []).append(plain)
        for language, texts in found.items():
            if language in _LANGUAGES:
                yield language, texts
            else:
                params = {"value": language}
                self.faults.append(Fault("unknown_language", line, name, path, params))

    def _spec(self, value: Any, cells: dict[str, str], line: int, path: str) -> None:
        """A spec is given whole: what it does not name is not asked."""
        if isinstance(value, dict) and "@value" in value:
            value = value["@value"]
        if not isinstance(value, dict):
            self.faults.append(Fault("not_an_object", line, SPEC, path))
            return
        known = {column.column for column in spec_columns()}
        cells.update(dict.fromkeys(known, ""))
        for name, each in value.items():
            if PREFIX + name in known:
                cells[PREFIX + name] = write_field(each)
            else:
                params = {"value": PREFIX + name}
                self.faults.append(Fault("unknown_column", line, "", path, params))


def _keys_for(inner: Record, outer: Mapping[str, str]) -> dict[str, str]:
    """The columns by which an entry belongs to the one around it."""
    if inner is Record.CHANNEL:
        return {"service": outer.get("slug", "")}
    if inner is Record.EDGE:
        return {"dependant": outer.get("slug", "")}
    return {"service": outer.get("service", ""), "channel": outer.get("channel", "")}


def _types(entry: Mapping[str, Any]) -> list[str]:
    given = entry.get("@type", [])
    return [str(each) for each in (given if isinstance(given, list) else [given])]


def _record_of(entry: Mapping[str, Any]) -> Record | None:
    names = {_last_part(each) for each in _types(entry)}
    for record in TOP:
        if names & {iri.partition(":")[2] for iri in TYPES[record]}:
            return record
    return None


def _text(value: Any) -> str | None:
    """One plain value as the text of a cell; None for anything else."""
    if isinstance(value, dict) and "@value" in value:
        value = value["@value"]
    if value is None:
        return ""
    if isinstance(value, bool):
        return YES if value else NO
    return str(value) if isinstance(value, (str, int, float)) else None


# --- Writing --------------------------------------------------------------------------------


def write(present: Present) -> bytes:
    """The whole catalogue, the same bytes for the same catalogue; secrets are not in it."""
    entries: dict[Key, dict[str, Any]] = {}
    graph = []
    for key in in_order(present):
        values = present.rows[key]
        record = Record(key[0])
        entry: dict[str, Any] = {"@type": _written_types(record)}
        if record in TOP:
            entry = {"@id": _address(record, key[1]), **entry}
        for term in TERMS[record]:
            written = _written(term, record, values)
            if written is not None:
                entry[term.name] = written
        entries[key] = entry
        if record in TOP:
            graph.append(entry)
            continue
        if record is Record.CHECK and isinstance(spec := values.get("spec"), Mapping):
            entry[SPEC] = dict(spec)
        outer, name = _around(key)
        entries[outer].setdefault(name, []).append(entry)
    whole = {"@context": context(), "@graph": graph}
    return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()


def _around(key: Key) -> tuple[Key, str]:
    """The entry in which the one of `key` stands, and under which name."""
    if key[0] == Record.CHANNEL:
        return (Record.SERVICE.value, key[1]), "availableChannel"
    if key[0] == Record.CHECK:
        return (Record.CHANNEL.value, *key[1:3]), "check"
    return (Record.SERVICE.value, key[2]), "dependsOn"


def _written_types(record: Record) -> str | list[str]:
    types = TYPES[record]
    return types[0] if len(types) == 1 else list(types)


def _address(record: Record, name: str) -> str:
    return f"{OURS}{record.value}:{name}"


def _written(term: Term, record: Record, values: Values) -> Any:
    """The JSON of one property; None where there is nothing to say."""
    if term.languages:
        texts = {language: values.get(f"{term.column}_{language}") or "" for language in _LANGUAGES}
        told = {
            language: str(text).split("\n") if term.many else text
            for language, text in texts.items()
            if text
        }
        return told or None
    value: Value = values.get(term.column)
    if value in ("", None, ()):
        return None
    if term.points_to is not None:
        return _address(term.points_to, str(value))
    return list(value) if isinstance(value, tuple) else value
