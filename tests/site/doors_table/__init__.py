"""The table of doors, by hand: what comes back when somebody opens an address or sends a form.

One line is one request, with the status for each of `COLUMNS`:

- `302+`: it was done, and stands in the record. Without the plus nothing was written.
- `404`: for agency people whatever belongs to another agency, whether or not they may do the same
  to their own; for everybody what is not there.
- `403`: it is there, and this is not theirs to do. Of a kind of rows that one never sees every
  address says the same, 403 or 404, whether or not the row exists.
- `422`, and `200` for a form that was sent: theirs to do, if only it were complete.
- `302`: for outsiders the way to the sign-in.
- `-`: not asked, because it cannot differ: pages that are the same whatever the agency, and, where
  a line is about agencies only, people who have none.

Words in braces stand for rows of the side that the column names (doors_world). The third word of a
form names what is sent with it (bodies); `disable:check` is an action of a list, upon one row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.site.doors_table import catalogue, console, people, work
from tests.site.doors_table.bodies import BODIES

# Below these every address needs its rows.
ROOTS = ("admin/", "ops/", "accounts/")


@dataclass(frozen=True)
class Column:
    """Who knocks, and whose rows they ask for."""

    who: str
    side: str

    @property
    def is_of_agency(self) -> bool:
        return self.who in {"staff", "publisher"}

    def __str__(self) -> str:
        return f"{self.who} ({self.side})"


COLUMNS = (
    Column("staff", "ours"),
    Column("staff", "theirs"),
    Column("publisher", "ours"),
    Column("publisher", "theirs"),
    Column("centre", "theirs"),
    Column("operator", "theirs"),
    Column("supervisor", "theirs"),
    Column("administrator", "theirs"),
    Column("auditor", "theirs"),
    Column("no role", "theirs"),
    Column("not staff", "theirs"),
    # Not signed in.
    Column("outside", "theirs"),
)


@dataclass(frozen=True)
class Row:
    """One request and what is to come of it, in the order of the columns."""

    method: str
    path: str
    body: str
    expected: tuple[str, ...]

    @property
    def is_post(self) -> bool:
        return self.method == "POST"

    @property
    def data(self) -> dict[str, str | list[str]]:
        action, colon, word = self.body.partition(":")
        if colon:
            # An action of a list, upon one row of it.
            return {"action": action, "_selected_action": f"{{{word}}}", "post": "yes"}
        return BODIES[self.body]

    def __str__(self) -> str:
        return f"{self.method} {self.path}" + (f" {self.body}" if self.is_post else "")


def _read(text: str) -> Iterator[Row]:
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if not words:
            continue
        method, path, *rest = words
        body = rest.pop(0) if method == "POST" else "nothing"
        yield Row(method, path, body, tuple(rest))


TABLE: dict[str, tuple[Row, ...]] = {
    "work": tuple(_read(work.TABLE)),
    "catalogue": tuple(_read(catalogue.TABLE)),
    "people": tuple(_read(people.TABLE)),
    "console": tuple(_read(console.TABLE)),
}
ROWS = tuple(row for rows in TABLE.values() for row in rows)
