"""What can be wrong with a catalogue file, and what to do about it, in the reader's language.

A fault is a code and what goes into its two sentences; the sentences are made when it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language_bidi, gettext, pgettext
from django.utils.translation import gettext_lazy as _

from core.arabic import isolate, without_bidi_controls

if TYPE_CHECKING:
    # Only the stubs know the type of a lazy translation.
    from django.utils.functional import _StrPromise as Promise

_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong. `line` and `path` as in Row; line 0: the file as a whole."""

    code: str
    line: int = 0
    column: str = ""
    path: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The column, or the way to it inside an entry."""
        return f"{self.path}{self.column}".rstrip(".")

    def reason(self) -> str:
        """What is wrong, as a sentence."""
        return str(WORDS[self.code][0]) % _shown(self.params)

    def mend(self) -> str:
        """What to do about it, as a sentence."""
        better = SPEC_MENDS.get(self.params.get("spec_field", "")) if self.params else None
        return str(better or WORDS[self.code][1]) % _shown(self.params)

    def sentence(self) -> str:
        """Line, field, reason and mend, for a terminal."""
        if not self.line:
            return f"{self.reason()} {self.mend()}"
        where = gettext("Line %(line)s") % {"line": self.line}
        at = f"{where}, {self.place}" if self.place else where
        return f"{at}: {self.reason()} {self.mend()}"


def _shown(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _one(value) for name, value in params.items()}


def _one(value: Any) -> Any:
    if isinstance(value, tuple):
        return pgettext("between the words of a list", ", ").join(str(_one(each)) for each in value)
    if not isinstance(value, str):
        return value
    value = without_bidi_controls(value)
    short = value if len(value) <= _LONGEST_VALUE else value[:_LONGEST_VALUE] + "…"
    # A file must not be able to reorder the sentence that is said about it.
    printable = "".join(
        char if char.isprintable() else " " for char in without_bidi_controls(short)
    )
    return isolate(printable) if get_language_bidi() else printable


# code: (what is wrong, what to do)
WORDS: dict[str, tuple[Promise, Promise]] = {
    # --- the file ---
    "empty_file": (
        _("The file holds no rows."),
        _("Save the catalogue again and choose that file."),
    ),
    "too_large": (
        _("The file is larger than %(most)s MB."),
        _("Split it, or have it imported on the command line."),
    ),
    "workbook": (
        _("This is a workbook, not a CSV file."),
        _("In the spreadsheet choose “Save as” and “CSV UTF-8”."),
    ),
    "unknown_encoding": (
        _("The letters of this file cannot be read: it is not UTF-8."),
        _("In the spreadsheet choose “Save as” and “CSV UTF-8”, not plain “CSV”."),
    ),
    "broken_quotes": (
        _("The quotation marks of this row do not match."),
        _("Write a quotation mark inside a cell twice, and close each cell that begins with one."),
    ),
    "cell_too_large": (
        _("A cell of this row is too large, or its quotation mark never ends."),
        _("Shorten it, or close the quotation mark."),
    ),
    "unknown_column": (
        _("There is no column “%(value)s”."),
        _("Correct its name as the page about the columns has it, or remove the column."),
    ),
    "unnamed_column": (
        _("Column %(number)s holds values and has no name."),
        _("Name it in the first line, or remove it."),
    ),
    "column_twice": (
        _("The column “%(value)s” is there twice."),
        _("Keep one of them."),
    ),
    "no_record_column": (
        _("The first line does not name the column “record”."),
        _("Begin the file with the names of the columns; “record” is one of them."),
    ),
    "too_many_cells": (
        _("This row has %(count)s cells, the first line names %(expected)s columns."),
        _("Put cells that hold a separator between quotation marks, or remove what is too much."),
    ),
    "bad_json": (
        _("This is not readable JSON."),
        _("Correct the brackets, commas and quotation marks."),
    ),
    "no_graph": (
        _("The file holds no “@graph”, and is no single service either."),
        _("Put the services into a list named “@graph”."),
    ),
    "not_an_object": (
        _("This entry is not an object."),
        _("Write it between braces, with its “@type”."),
    ),
    "unknown_type": (
        _("An entry of the type “%(value)s” is no part of a catalogue."),
        _("Use one of: %(allowed)s."),
    ),
    "not_a_text": (
        _("This is neither a text nor a number nor yes or no."),
        _("Write one plain value."),
    ),
    "unknown_language": (
        _("There is no place for a text in the language “%(value)s”."),
        _("Keep the texts in Arabic (ar) and English (en)."),
    ),
    # --- a row ---
    "unknown_record": (
        _("“%(value)s” is no kind of row."),
        _("Write one of: %(allowed)s."),
    ),
    "missing": (
        _("A value is missing here."),
        _("Fill in the cell; add the column where the file has none."),
    ),
    "foreign_cell": (
        _("This column says nothing about a row of the kind “%(record)s”."),
        _("Empty the cell, or correct the kind of the row."),
    ),
    "twice": (
        _("The same row stands on line %(first)s already."),
        _("Keep one of them."),
    ),
    # --- a cell ---
    "control_character": (
        _("The text holds a character that cannot be seen (%(char)s)."),
        _("Type the text again instead of copying it."),
    ),
    "too_long": (
        _("The text has %(length)s characters; at most %(at_most)s fit."),
        _("Shorten it."),
    ),
    "bad_slug": (
        _("“%(value)s” cannot stand in an address."),
        _("Use Latin letters, digits and hyphens only, such as pass-renew."),
    ),
    "bad_code": (
        _("“%(value)s” is no code of an agency."),
        _("Use 2 to 12 capital Latin letters and digits, the first one a letter, such as MOI."),
    ),
    "bad_public_id": (
        _("“%(value)s” is no stable id."),
        _("Leave the cell empty, or write the 12 small Latin letters and digits of an export."),
    ),
    "public_id_taken": (
        _("This stable id belongs to the service “%(owner)s”."),
        _("Leave the cell empty. A service is renamed on its own page."),
    ),
    "public_id_twice": (
        _("The same stable id stands on line %(first)s."),
        _("Leave the cell empty: a new service gets an id of its own."),
    ),
    "public_id_changed": (
        _("The stable id of this service is %(owner)s, and never changes."),
        _("Leave the cell empty, or write that id."),
    ),
    "bad_url": (
        _("“%(value)s” is no address on the web."),
        _("Write the whole address, such as https://services.gov.example/."),
    ),
    "not_a_number": (
        _("“%(value)s” is no whole number."),
        _("Write digits only."),
    ),
    "out_of_range": (
        _("%(value)s is not between %(low)s and %(high)s."),
        _("Write a number from %(low)s to %(high)s."),
    ),
    "not_yes_or_no": (
        _("“%(value)s” is neither yes nor no."),
        _("Write yes or no."),
    ),
    "unknown_word": (
        _("“%(value)s” is not known here."),
        _("Write one of: %(allowed)s."),
    ),
    # --- what it points to ---
    "unknown_agency": (
        _("There is no agency with the code “%(value)s”."),
        _("Correct the code, or add a row for the agency."),
    ),
    "unknown_category": (
        _("There is no category “%(value)s”."),
        _("Correct the slug, or add a row for the category."),
    ),
    "unknown_service": (
        _("There is no service “%(value)s”."),
        _("Correct the slug, or add a row for the service."),
    ),
    "unknown_channel": (
        _("The service “%(service)s” has no channel “%(value)s”."),
        _("Correct the channel, or add a row for it."),
    ),
    "channel_of_another": (
        _("“%(value)s” is no channel of the dependant “%(service)s”."),
        _("Name a channel of the dependant, or empty the cell: then every channel needs it."),
    ),
    "edge_to_itself": (
        _("A service cannot depend on itself."),
        _("Correct one of the two slugs, or remove the row."),
    ),
    "circle": (
        _("These dependencies run in a circle: %(path)s."),
        _("Remove one of them."),
    ),
    # --- what a check asks ---
    "kind_changed": (
        _("This check is of the kind “%(kind)s”, which never changes."),
        _("Add another check with a name of its own, and disable this one."),
    ),
    "foreign_spec": (
        _("A check of the kind “%(kind)s” has no such field."),
        _("Empty the cell, or correct the kind."),
    ),
    "bad_spec": (
        _("The check cannot be carried out as it is written here."),
        _("Correct the cell as the page about the kinds of check has it."),
    ),
    "bad_header": (
        _("“%(line)s” is no header."),
        _("Write one header a line, as “Name: value”."),
    ),
    "secret_header": (
        _("The header %(name)s is a secret, and files carry no secrets."),
        _("Remove it here, and write it among the secret headers on the page of the check."),
    ),
}

# Better advice for one field of a spec.
SPEC_MENDS: dict[str, Promise] = {
    "url": _(
        "Write a whole address that begins with http:// or https:// and holds no user name "
        "or password, such as https://services.gov.example/."
    ),
    "method": _("Write GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS; HEAD has no content."),
    "headers": _(
        "A header name has Latin letters, digits and hyphens only, and its value is Latin text in "
        "one line. The portal itself sets Host, User-Agent and the like."
    ),
    "accepted_codes": _("Write codes like this: 200-299, 301."),
    "json_pointer": _(
        "Write the place of the value, such as /status; an expected value needs its place."
    ),
    "host": _("Write a host name or an address, such as gateway.gov.example."),
    "server_name": _("Write a host name or an address, such as gateway.gov.example."),
    "port": _("A port is a number from 1 to 65535."),
    "expect_banner": _("The greeting may have at most 1,024 bytes."),
    "certificate_warning_days": _("Write a whole number above zero, or empty the cell."),
    "slow_after_ms": _("Write a whole number above zero, or empty the cell."),
    "domain": _("Write a name, not a numeric address, such as services.gov.example."),
    "record_type": _("Write the type of record, such as A, AAAA, CNAME, MX, NS or TXT."),
    "expected": _("Write one record a line, as this type of record is written."),
    "match": _("Write all, any or exact."),
    "resolvers": _("Write one numeric address a line, such as 192.0.2.53."),
    "expect_every_seconds": _(
        "Write whole seconds: a call every 10 seconds at the least, within 35 days."
    ),
    "grace_seconds": _(
        "Write whole seconds: a call every 10 seconds at the least, within 35 days."
    ),
}
