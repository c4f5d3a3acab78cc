"""The console's pages as documents: whole, in both languages, each thing named once."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import html5lib
import pytest

from accounts.models import Role
from incidents.models import ClosingReport, Incident
from services.models import Check, ProberDoubt
from tests.admin_pages import browser
from tests.factories import make_channel, make_location, make_service, make_user
from tests.maintenance.rows import make_announced
from tests.statusportal.ops.console import (
    BOARD,
    HANDOVER,
    LIST,
    NEW,
    desk,
    make_incident,
    make_text,
)
from tests.statusportal.ops.nation import INTERVAL, NOW, make_measured, play, publish

pytestmark = pytest.mark.usefixtures("at_one_o_clock")


@pytest.fixture
def eventful() -> list[Incident]:
    """A night on which nearly everything is shown: an open incident, and one to report on."""
    login = make_service(name_ar="الدخول الموحد", name_en="Login", is_shared=True)
    check = make_measured(login)
    make_channel(service=login, kind="app")
    play(check, "oobbb")
    opened = make_incident(
        services=(login, make_service(name_ar="التأشيرات", name_en="Visas")),
        severity="P1",
        title_ar="مشكلة في الدخول",
    )
    make_text(opened)
    for name in ("هدى", "نورة"):
        make_text(opened, state="waiting", author=make_user(Role.OPERATOR, username=name))
    done = make_incident(services=(login,), phase="resolved", resolved_at=NOW, title_ar="عطل سابق")
    ClosingReport.objects.create(incident=done, cause_class="software", saved_at=NOW)
    make_announced(services=(login,), starts_at=NOW - 9 * INTERVAL, ends_at=NOW - INTERVAL)
    publish()
    ProberDoubt.objects.create(location=make_location(), network="internet", began_at=NOW)
    Check.objects.filter(pk=check.pk).update(next_due_at=NOW - 3 * INTERVAL)
    return [opened, done]


def pages(eventful: list[Incident], language: str) -> list[tuple[str, Any]]:
    client = browser(make_user(Role.OPERATOR), language)
    paths = (BOARD, LIST, HANDOVER, NEW, *map(desk, eventful))
    return [(path, client.get(path)) for path in paths]


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("en", "ltr")])
def test_every_page_is_whole_and_strictly_right(
    eventful: list[Incident], language: str, direction: str
) -> None:
    for path, response in pages(eventful, language):
        content = response.content.decode()

        document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(content)

        assert (document.get("lang"), document.get("dir")) == (language, direction), path
        assert len(list(document.iter("h1"))) == 1, path
        ids = [element.get("id") for element in document.iter() if element.get("id")]
        assert sorted(set(ids)) == sorted(ids), path
        levels = [int(e.tag[1]) for e in document.iter() if re.fullmatch(r"h[1-6]", str(e.tag))]
        assert all(after - before <= 1 for before, after in pairwise(levels)), path


def test_every_label_belongs_to_a_field(eventful: list[Incident]) -> None:
    for path, response in pages(eventful, "en"):
        document = html5lib.parse(response.content.decode(), namespaceHTMLElements=False)
        ids = {element.get("id") for element in document.iter() if element.get("id")}
        wanted = {label.get("for") for label in document.iter("label") if label.get("for")}
        described = {
            one
            for element in document.iter()
            for one in (element.get("aria-describedby") or "").split()
        }

        assert wanted - ids == set(), path
        assert described - ids == set(), path
