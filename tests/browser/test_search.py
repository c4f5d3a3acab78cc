"""Finding a service: as one types, by keyboard alone, on the narrowest screen, without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from statusportal.public.store import store
from tests.statusportal.public.snapshots import ALL_WELL, BAD, many, snapshot

pytestmark = pytest.mark.usefixtures("at_one_o_clock")

QUERIES = [
    ("تجديد جوازالسفر", "passport"),
    ("تَجديد جواز", "passport"),
    ("نفاذ", "login"),
    ("passport renew", "passport"),
    ("pasport", "passport"),
    ("jawaz", "passport"),
    ("باسبورت", "passport"),
]


def type_into(someone: Any, text: str) -> None:
    """Type, and wait until what is shown is what was typed."""
    field = someone.page.get_by_role("searchbox")
    with someone.page.expect_response(
        lambda response: response.request.headers.get("hx-request") and "q=" in response.url
    ):
        field.fill(text)
        someone.context.clock.run_for(500)
    someone.until("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-settling')")


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize(("query", "slug"), QUERIES)
def test_without_scripts_the_right_service_comes_first(
    reader: Any, troubled: None, language: str, query: str, slug: str
) -> None:
    someone = reader(width=390, scripts=False)
    someone.open(f"/{language}/")
    field = someone.page.get_by_role("searchbox")
    field.fill(query)
    field.press("Enter")

    first = someone.page.locator(".service").first
    assert first.get_attribute("data-slug") == slug
    assert first.locator(".status--outage").count() == 1


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("path", ["", "services/"])
def test_while_one_types_the_right_service_comes_first(
    reader: Any, troubled: None, language: str, path: str
) -> None:
    someone = reader(width=390)
    someone.open(f"/{language}/{path}")
    for query, slug in QUERIES:
        type_into(someone, query)
        first = someone.page.locator(".service").first
        first.wait_for()
        assert first.get_attribute("data-slug") == slug, query
    assert someone.page.evaluate("document.activeElement.id") == "q"
    assert someone.complaints == []


def test_the_words_are_marked_as_they_are_written(reader: Any, well: None) -> None:
    someone = reader()
    someone.open("/ar/services/")
    type_into(someone, "جوازالسفر")

    assert someone.page.locator("mark").all_inner_texts() == ["جواز", "السفر"]

    type_into(someone, "passport")

    assert someone.page.locator(".row__note mark").all_inner_texts() == ["Passport"]


def test_the_count_is_read_out_and_the_address_can_be_shared(reader: Any, well: None) -> None:
    someone = reader()
    someone.open("/en/services/")
    type_into(someone, "visa")

    expect(someone.page.locator("#announcements")).to_have_text("1 service found")
    assert someone.page.url.endswith("/en/services/?q=visa")
    twin = someone.page.get_by_role("link", name="العربية")
    assert twin.get_attribute("href") == "/ar/services/?q=visa"

    someone.page.locator("select#category").select_option("travel")
    someone.page.wait_for_url("**/en/services/?q=visa&category=travel")

    chip = someone.page.locator(".chip")
    assert chip.inner_text().split("\n")[0].strip().startswith("Travel")
    chip.click()
    someone.page.wait_for_url("**/en/services/?q=visa")


def test_an_emptied_box_shows_no_results(reader: Any, well: None) -> None:
    someone = reader()
    someone.open("/en/")
    type_into(someone, "visa")
    expect(someone.page.locator("#found .service")).to_have_count(1)

    someone.page.get_by_role("searchbox").fill("")
    someone.context.clock.run_for(500)

    expect(someone.page.locator("#found *")).to_have_count(0)


def test_by_keyboard_from_the_search_to_a_service_and_back(reader: Any, troubled: None) -> None:
    someone = reader(width=390)
    someone.open("/ar/")
    page = someone.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    for _ in range(12):
        if page.evaluate("document.activeElement.id") == "q":
            break
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "q"
    type_into(someone, "جواز")
    page.locator("#found .service").first.wait_for()
    for _ in range(4):
        page.keyboard.press("Tab")
        if "/services/passport/" in (page.evaluate("document.activeElement.href") or ""):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/ar/services/passport/")

    page.go_back()
    page.wait_for_url("**/ar/#main")
    page.locator("#found .service").first.wait_for()

    assert page.get_by_role("searchbox").input_value() == "جواز"
    assert page.locator("#found .service").first.get_attribute("data-slug") == "passport"
    assert someone.complaints == []


# Whether all of what has the focus can be seen, and is not behind something else.
SEEN = """() => {
  const held = document.activeElement;
  if (held === document.body || held.id === "main") return true;
  const box = held.getBoundingClientRect();
  if (box.width === 0 || box.height === 0) return false;
  const x = Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1);
  const y = Math.min(Math.max(box.y + Math.min(box.height / 2, 20), 0), innerHeight - 1);
  const inOneRow = (other) => held.closest("li") && other.closest("li") === held.closest("li");
  const top = document.elementFromPoint(x, y);
  return top !== null && (held.contains(top) || top.contains(held) || inOneRow(top));
}"""


@pytest.mark.parametrize("path", ["", "services/?q=خدمة", "services/passport/", "agencies/MOI/"])
def test_the_focus_is_never_hidden(reader: Any, path: str) -> None:
    store.hold(snapshot(ALL_WELL | {"login": BAD}, more=many(20)))
    someone = reader(width=390)
    someone.open(f"/ar/{path}")
    for _ in range(40):
        someone.page.keyboard.press("Tab")
        # The link that jumps to the content slides in.
        someone.until(SEEN, within_s=2)


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize(
    "path",
    ["", "services/", "services/?q=pasport&status=problem", "services/passport/", "agencies/MOI/"],
)
def test_nothing_has_to_be_scrolled_sideways_at_320_pixels_or_400_per_cent(
    reader: Any, troubled: None, language: str, path: str
) -> None:
    # 1280 px at 400 % are 320 px of the page's own (WCAG 2.2, 1.4.10).
    someone = reader(width=320)
    someone.open(f"/{language}/{path}")
    someone.page.evaluate(
        "for (const fold of document.querySelectorAll('details')) fold.open = true"
    )
    assert someone.page.evaluate("document.documentElement.scrollWidth") <= 320

    # Text alone at twice its size, on a tablet (1.4.4).
    someone.page.set_viewport_size({"width": 768, "height": 900})
    someone.page.evaluate("document.documentElement.style.setProperty('font-size', '212.5%')")
    assert someone.page.evaluate("document.documentElement.scrollWidth") <= 768
