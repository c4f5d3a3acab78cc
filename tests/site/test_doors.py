"""Who may go through which door: every address of the staff, every role, by a literal table.

The table (doors_table) knows nothing of `accounts.access`. Whoever adds an address below one of
the roots adds its rows there; until then the first test names it.
"""

from __future__ import annotations

import gc
import html
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import pytest
import time_machine
from django.db import connection, transaction
from django.template.backends.django import Template
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.utils.translation import override

from services.admin import trying
from services.status.health import Outcome
from services.status.observation import Observation, Reason, Timings
from tests.site.doors_table import COLUMNS, ROOTS, ROWS, TABLE, Row
from tests.site.doors_world import NOW, TELLTALES, THEIRS, World, make_world

# What may be written without an entry in the record: sessions, and what somebody is still typing.
UNRECORDED = ("django_session", "incidents_draft")
_RECORD = 'INSERT INTO "core_auditentry"'


# --- every address ------------------------------------------------------------------------------


def addresses() -> set[str]:
    """Every route below the roots, as the URLconf spells it."""
    found = set()

    def walk(patterns: Any, prefix: str) -> None:
        for one in patterns:
            # As Django joins them: of a regular expression the anchor goes.
            route = prefix + str(one.pattern).removeprefix("^")
            if isinstance(one, URLResolver):
                walk(one.url_patterns, route)
            elif isinstance(one, URLPattern) and route.startswith(ROOTS):
                found.add(route)

    walk(get_resolver().url_patterns, "")
    return found


# A word for each brace, of which only the shape matters here.
class _AnyWord(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "1"


def test_every_address_has_a_row() -> None:
    with override("en"):
        known = {resolve(row.path.format_map(_AnyWord()).partition("?")[0]).route for row in ROWS}
    missing = addresses() - known
    assert not missing, f"Add rows to tests/site/doors_table for: {sorted(missing)}"


def test_every_row_has_a_status_for_everybody() -> None:
    assert [row for row in ROWS if len(row.expected) != len(COLUMNS)] == []


# --- every door ---------------------------------------------------------------------------------


class Porter:
    """Sends one request after the other and undoes whatever it did."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.is_rendering = True
        self.written: list[str] = []
        render = Template.render

        def perhaps(*args: Any, **kwargs: Any) -> Any:
            return render(*args, **kwargs) if self.is_rendering else ""

        monkeypatch.setattr(Template, "render", perhaps)

    def knock(self, client: Client, row: Row, named: dict[str, Any]) -> tuple[str, str]:
        """What came of it: the status, "+" where something was written, and the page."""
        path = row.path.format_map(named)
        data = {name: _filled(value, named) for name, value in row.data.items()}
        kept = {name: cookie.value for name, cookie in client.cookies.items()}
        self.written.clear()
        with transaction.atomic(), connection.execute_wrapper(self._watch):
            response = client.post(path, data) if row.is_post else client.get(path)
            page = _content(response)
            transaction.set_rollback(True)
        # Whoever signed out is signed in again: their session came back with everything else.
        client.cookies.clear()
        for name, value in kept.items():
            client.cookies[name] = value
        status = str(response.status_code)
        if self.written:
            is_recorded = any(_RECORD in sql for sql in self.written)
            status += "+" if is_recorded else " and wrote unrecorded"
        text = page.decode().lower()
        # What they asked for, which some pages repeat, was theirs to begin with.
        for asked in (html.escape(path), *_asked(path)):
            text = text.replace(asked.lower(), "")
        return status, text

    def _watch(self, execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        is_write = sql.startswith(("INSERT", "UPDATE", "DELETE"))
        if is_write and not any(table in sql for table in UNRECORDED):
            self.written.append(sql)
        return execute(sql, params, many, context)


def _content(response: Any) -> bytes:
    if response.streaming:
        return b"".join(response.streaming_content)
    content: bytes = response.content
    return content


def _asked(path: str) -> Iterator[str]:
    for name, value in parse_qsl(path.partition("?")[2]):
        yield from (f'value="{value}"', f"{name}={value}")


def _filled(value: str | list[str], named: dict[str, Any]) -> str | list[str]:
    if isinstance(value, list):
        return [each.format_map(named) for each in value]
    return value.format_map(named)


def _tried(target: Any) -> Observation:
    return Observation(
        check_id=target.check_id,
        location_id=target.location_id,
        due_at=NOW,
        started_at=NOW,
        outcome=Outcome.OK,
        reason=Reason.OK,
        timings=Timings(),
    )


@contextmanager
def _quiet() -> Iterator[None]:
    # A thousand refusals are what this is about.
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@pytest.fixture
def porter(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Porter]:
    settings.TIME_ZONE = "Asia/Bahrain"
    # Everybody comes from one address here, and comes often.
    settings.ACCOUNT_RATE_LIMITS = False
    monkeypatch.setattr(trying, "_run", _tried)
    # Thousands of pages in one process: a quarter of the time would go into looking for garbage
    # among everything that was loaded before.
    gc.freeze()
    with time_machine.travel(NOW, tick=False), _quiet():
        yield Porter(make_world(), monkeypatch)
    gc.unfreeze()


@pytest.mark.parametrize("part", list(TABLE))
def test_every_door_opens_for_whom_the_table_says_and_shows_nothing_of_another_agency(
    porter: Porter, part: str
) -> None:
    wrong, told = [], []
    for row in TABLE[part]:
        for column, expected in zip(COLUMNS, row.expected, strict=True):
            if expected == "-":
                continue
            # Of the others the status alone is asked: rendering is most of the time.
            porter.is_rendering = column.is_of_agency
            client = porter.world.clients[column.who]
            status, page = porter.knock(client, row, porter.world.named[column.side])
            if status != expected:
                wrong.append(f"{row}: {column}: {status}, not {expected}")
            if column.is_of_agency and any(word in page for word in TELLTALES):
                told.append(f"{row}: {column}")
    assert "\n".join(wrong) == ""
    assert "\n".join(told) == ""


def test_whoever_is_no_longer_active_is_like_one_who_is_not_signed_in(porter: Porter) -> None:
    porter.is_rendering = False
    client, named = porter.world.clients["inactive"], porter.world.named[THEIRS]
    lists = [row for row in ROWS if not row.is_post and "{" not in row.path]
    expected = {row: row.expected[-1] for row in lists if row.expected[-1] != "-"}
    assert len(expected) > 50
    assert {row: porter.knock(client, row, named)[0] for row in expected} == expected
