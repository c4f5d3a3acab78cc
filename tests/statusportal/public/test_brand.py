"""The deployment's own look, and what of it nobody could read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as portal_settings
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from core.bilingual import Bilingual
from statusportal import checks
from statusportal.public import brand
from statusportal.public.brand import Brand, contrast, lightened, mix, stylesheet, unreadable
from tests.statusportal.public.reading import get, parse, text_of

CSS = Path(portal_settings.BASE_DIR, "static", "css", "portal.css").read_text(encoding="utf-8")
NAVY = "#123a6b"
COLOURS = st.integers(0, 0xFFFFFF).map(lambda n: f"#{n:06x}")


def tokens(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", css))


def test_the_papers_are_those_of_the_stylesheet() -> None:
    dark_at = CSS.index("@media (prefers-color-scheme: dark)")
    light = tokens(CSS[:dark_at])
    dark = light | tokens(CSS[dark_at : CSS.index("*, *::before")])
    names = ["page", "surface"] + [
        f"{state}-paper"
        for state in ("operational", "degraded", "partial", "outage", "maintenance", "unknown")
    ]

    assert [light[name] for name in names] == list(brand.LIGHT_PAPERS)
    assert [dark[name] for name in names] == list(brand.DARK_PAPERS)


def test_nothing_set_changes_nothing() -> None:
    assert stylesheet(Brand()) == ""


def test_an_accent_colours_the_head_links_and_buttons_and_makes_its_own_dark_twin() -> None:
    css = stylesheet(Brand(accent=NAVY))
    light, dark = css.split("\n")

    assert tokens(light)["top"] == tokens(light)["link"] == tokens(light)["action"] == NAVY
    assert tokens(dark)["link"] == lightened(NAVY) != NAVY


def test_a_dark_accent_that_is_set_is_taken_as_it_is() -> None:
    assert "--link:#9ec5ff" in stylesheet(Brand(accent=NAVY, accent_dark="#9ec5ff"))


@given(COLOURS)
def test_every_accent_that_passes_is_readable_wherever_it_stands(accent: str) -> None:
    if unreadable(Brand(accent=accent)):
        return
    light, dark = (tokens(part) for part in stylesheet(Brand(accent=accent)).split("\n"))

    for colours, papers in ((light, brand.LIGHT_PAPERS), (dark, brand.DARK_PAPERS)):
        for paper in papers:
            assert contrast(colours["link"], paper) >= 4.5
        assert contrast(colours["action-ink"], colours["action"]) >= 4.5
        assert contrast(colours["top-ink"], colours["top"]) >= 4.5
        assert contrast(colours["top-soft"], colours["top"]) >= 4.5


@given(COLOURS, COLOURS, st.floats(0, 1))
def test_a_mixture_is_a_colour(one: str, other: str, share: float) -> None:
    assert brand.is_colour(mix(one, other, share))
    assert mix(one, other, 0) == one
    assert mix(one, other, 1) == other


@pytest.mark.parametrize(
    ("set_to", "ids"),
    [
        ({}, []),
        ({"BRAND_ACCENT": NAVY}, []),
        ({"BRAND_ACCENT": "#123A6B"}, []),
        ({"BRAND_ACCENT": "navy"}, ["statusportal.E004"]),
        ({"BRAND_ACCENT": "#12f"}, ["statusportal.E004"]),
        ({"BRAND_ACCENT": "#f79009"}, ["statusportal.E005"]),
        ({"BRAND_ACCENT_DARK": "#123a6b"}, ["statusportal.E005"]),
        (
            {"BRAND_ACCENT": "red", "BRAND_ACCENT_DARK": "#000000"},
            ["statusportal.E004", "statusportal.E005"],
        ),
    ],
)
def test_colours_are_checked_at_start(
    settings: Any, set_to: dict[str, str], ids: list[str]
) -> None:
    for name, value in set_to.items():
        setattr(settings, name, value)
    found = checks.brand_colours_are_readable()

    assert [problem.id for problem in found] == ids
    assert all(problem.hint for problem in found)


def test_a_pale_colour_is_named_with_its_contrast(settings: Any) -> None:
    settings.BRAND_ACCENT = "#f79009"

    assert checks.brand_colours_are_readable()[0].msg == (
        "BRAND_ACCENT #f79009 cannot be read everywhere: its lowest contrast is 2.06 to 1,"
        " and text needs 4.5 to 1."
    )


@pytest.mark.parametrize(
    ("name", "body", "problem"),
    [
        ("BRAND_LOGO", b'<svg xmlns="http://www.w3.org/2000/svg"/>', None),
        ("BRAND_LOGO", b"\x89PNG", "It is no SVG."),
        ("BRAND_LOGO", b"<svg>" + b" " * 400_000, "It has 400005 bytes"),
        ("BRAND_FONT", b"wOF2....", None),
        ("BRAND_FONT", b"OTTO", "It is no WOFF2 font."),
        ("BRAND_FONT_BOLD", None, "It cannot be read: No such file or directory."),
    ],
)
def test_files_are_checked_at_start(
    settings: Any, tmp_path: Path, name: str, body: bytes | None, problem: str | None
) -> None:
    path = tmp_path / "file"
    if body is not None:
        path.write_bytes(body)
    setattr(settings, name, str(path))
    found = checks.brand_files_can_be_served()

    if problem is None:
        assert found == []
    else:
        (error,) = found
        assert error.id == "statusportal.E006"
        assert error.msg.startswith(name)
        assert problem in error.msg


@pytest.mark.usefixtures("at_one_o_clock", "well")
def test_a_page_carries_the_deployments_name_sheet_and_logo(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    logo = tmp_path / "logo.svg"
    logo.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    settings.BRAND_LOGO = str(logo)
    settings.BRAND_ACCENT = NAVY
    settings.PORTAL_NAME = Bilingual("حالة خدمات الإمارة", "Emirate service status")
    response = get(client, "/ar/")
    document = parse(response)
    sheet = next(
        href
        for link in document.iter("link")
        if (href := link.get("href") or "").startswith("/brand.css")
    )
    image = next(document.iter("img"))

    assert "حالة خدمات الإمارة" in text_of(response)
    assert "Emirate service status" in text_of(get(client, "/en/"))
    assert (image.get("alt"), image.get("class")) == ("", "brand__mark")
    for address, content_type in (
        (sheet, "text/css; charset=utf-8"),
        (image.get("src"), "image/svg+xml"),
    ):
        assert address is not None
        answer = get(client, address)
        assert answer["Content-Type"] == content_type
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        again = get(client, address, headers={"if-none-match": answer["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.usefixtures("at_one_o_clock", "well")
def test_without_a_brand_no_page_asks_for_one(client: Client) -> None:
    page = get(client, "/ar/").content.decode()

    assert "brand.css" not in page
    assert get(client, "/brand.css").content == b""
    assert get(client, "/brand.css")["Cache-Control"] == "public, max-age=300"
    assert get(client, "/brand/logo.svg").status_code == 404
    assert get(client, "/brand/settings.py").status_code == 404


def test_a_font_takes_the_place_of_the_portals_own(settings: Any, tmp_path: Path) -> None:
    font = tmp_path / "font.woff2"
    font.write_bytes(b"wOF2....")
    settings.BRAND_FONT = str(font)
    css = stylesheet(brand.configured())

    assert 'src:url("/brand/font.woff2?v=' in css
    assert 'html{font-family:"Brand Sans"' in css
