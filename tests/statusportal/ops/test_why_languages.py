"""The page that tells why, in Arabic and in English."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

import html5lib
import pytest
from django.http import HttpResponse
from django.urls import reverse

from accounts.models import Role
from services.models import Check, ProberDoubt, Service
from tests.admin_pages import browser, page_text
from tests.factories import make_channel, make_edge, make_location, make_service, make_user
from tests.statusportal.ops.nation import INTERVAL, NOW, get, make_measured, path, play, publish


def full_of_news(passport: Service) -> None:
    """A service about which nearly every sentence of the page is said."""
    make_location(code="south", name_ar="الجنوب", name_en="South")
    login = make_service(name_ar="الدخول الموحد", name_en="Login", visibility="hidden")
    text = make_service(name_ar="الرسائل", name_en="Messages")
    make_edge(
        upstream=login,
        dependant=passport,
        kind="alternative",
        alternative_ar="بالحضور شخصيًا",
        alternative_en="In person",
    )
    make_edge(upstream=text, dependant=passport, kind="soft")
    make_edge(upstream=text, dependant=login)
    make_edge(upstream=make_service(name_ar="الشبكة", name_en="Network"), dependant=text)
    play(make_measured(login), "oobbb")
    play(make_measured(text), "oosss")
    web, app, api = (make_measured(passport, kind) for kind in ("web", "app", "api"))
    play(web, "oobbbo")
    play(web, "oob", location="south")
    play(app, "obobobobf")
    play(app, "oo", until=NOW - 10 * INTERVAL, location="south")
    play(app, "b", location="south")
    play(api, "oo", until=NOW - 5 * INTERVAL)
    Check.objects.filter(pk=web.pk).update(is_fast=False)
    Check.objects.filter(pk=api.pk).update(next_due_at=NOW - INTERVAL)
    make_measured(passport, "kiosk", is_enabled=False, network="government")
    make_channel(service=passport, kind="counter")
    ProberDoubt.objects.create(location=make_location(), network="internet", began_at=NOW)
    passport.visibility = "agencies"
    passport.save()


_X = "{http://www.w3.org/1999/xhtml}"


def foreign_words(response: HttpResponse) -> list[str]:
    """Latin words on the page that are neither marked as English nor names of machines."""
    page = html5lib.parse(response.content, transport_encoding="utf-8")
    for element in page.iter():
        marked = element.get("lang") == "en" or element.tag in {f"{_X}code", f"{_X}style"}
        if marked:
            tail = element.tail
            element.clear()
            element.tail = tail
    attributes = " ".join(
        element.get(name) or "" for element in page.iter() for name in ("aria-label", "title")
    )
    return re.findall(r"[A-Za-z]{2,}", "".join(page.itertext()) + attributes)


def test_the_arabic_page_has_no_english_word_and_runs_from_right_to_left(
    passport: Service,
) -> None:
    full_of_news(passport)
    publish(age=timedelta(minutes=2))
    # The database has moved on since.
    play(Check.objects.get(channel__service=passport, channel__kind="api"), "bb")
    passport.agency.name_ar = "شؤون الجوازات"
    passport.agency.save()

    response = get(passport, "ar", username="نورة")

    assert b'<html lang="ar" dir="rtl">' in response.content
    assert foreign_words(response) == []
    text = page_text(response)
    assert "كانت أحدث استجابة أسوأ، ولم يتأكد ذلك ولا يظهر للناس. القاعدة 2" in text
    assert "القاعدتان 9 و10" in text
    assert "نشك في اتصالنا نحن بهذه الشبكة منذ 2026-11-22 13:00:00" in text


def test_the_english_page_runs_from_left_to_right(passport: Service) -> None:
    full_of_news(passport)

    response = get(passport, "en")

    assert b'<html lang="en" dir="ltr">' in response.content
    text = page_text(response)
    assert "This service is not public: what stands here is said to staff only." in text
    assert "What it needs is told elsewhere in this list." in text


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_page_is_whole_and_strictly_right(passport: Service, language: str) -> None:
    full_of_news(passport)
    content = get(passport, language).content.decode()

    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(content)

    assert len(list(document.iter("h1"))) == 1
    ids = [element.get("id") for element in document.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    levels = [int(e.tag[1]) for e in document.iter() if re.fullmatch(r"h[1-6]", str(e.tag))]
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_the_language_is_the_one_that_the_reader_chose_in_the_admin(passport: Service) -> None:
    client = browser(make_user(Role.OPERATOR), "ar")

    client.post(reverse("set_language"), {"language": "en", "next": path(passport)})

    assert b'<html lang="en"' in client.get(path(passport)).content
