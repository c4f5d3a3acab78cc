"""docs/roles.md says who may do what; accounts.access decides it. They are one."""

from __future__ import annotations

from pathlib import Path

from accounts.access import Act, roles
from accounts.models import AUTHORITY_ROLES, Role

PAGE = Path(__file__).parents[2] / "docs" / "roles.md"
COLUMNS = (
    Role.AGENCY_STAFF,
    Role.AGENCY_PUBLISHER,
    Role.CONTACT_CENTRE,
    Role.OPERATOR,
    Role.SUPERVISOR,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
)


def told() -> dict[str, list[str]]:
    """What the page says of each act, in the order of its columns."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines()]
    return {cells[1].strip("`"): cells[2:] for cells in lines if len(cells) == 2 + len(COLUMNS)}


def test_the_page_says_of_every_act_who_may_do_it_and_for_whom() -> None:
    decided = {
        act.value: [
            "–" if role not in roles(act) else "all" if role in AUTHORITY_ROLES else "own"
            for role in COLUMNS
        ]
        for act in Act
    }
    page = told()
    assert page.pop("name in the code")[0] == "agency staff"
    assert page == decided


def test_the_page_has_a_column_for_every_role() -> None:
    assert set(COLUMNS) == set(Role)
