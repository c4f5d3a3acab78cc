"""The stylesheet: readable in light and dark, the same in both directions, light to load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR, "static")
CSS = (STATIC / "css" / "portal.css").read_text(encoding="utf-8")

STATES = ["operational", "degraded", "partial", "outage", "maintenance", "unknown", "unmonitored"]
TEXT = 4.5  # WCAG 2.2, 1.4.3
SIGN = 3.0  # 1.4.11
PAIRS = [
    *((f"{state}-ink", f"{state}-paper", TEXT) for state in STATES),
    *((f"{state}-ink", "surface", TEXT) for state in STATES),
    *(("ink", f"{state}-paper", TEXT) for state in STATES),
    *(("soft", f"{state}-paper", TEXT) for state in STATES),
    *(("link", f"{state}-paper", TEXT) for state in STATES),
    *(("banner-ink", f"banner-{state}", TEXT) for state in STATES[1:-1]),
    *(
        (ink, paper, TEXT)
        for ink in ("ink", "soft", "muted", "link")
        for paper in ("page", "surface")
    ),
    ("ink", "mark", TEXT),
    ("top-ink", "top", TEXT),
    ("top-soft", "top", TEXT),
    ("action-ink", "action", TEXT),
    ("edge", "surface", SIGN),
    ("edge", "page", SIGN),
    ("focus", "page", SIGN),
    ("focus", "surface", SIGN),
]


def tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})", block))


LIGHT = tokens(CSS[CSS.index(":root") : CSS.index("@media (prefers-color-scheme: dark)")])
DARK = LIGHT | tokens(
    CSS[CSS.index("@media (prefers-color-scheme: dark)") : CSS.index("*, *::before")]
)


def luminance(colour: str) -> float:
    """WCAG 2.2's relative luminance of #rrggbb."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_computed_as_published() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21.0
    assert round(contrast("#b42318", "#fef3f2"), 2) == 6.05
    assert round(contrast("#dc6803", "#ffffff"), 2) == 3.49


@pytest.mark.parametrize(("scheme", "colours"), [("light", LIGHT), ("dark", DARK)])
@pytest.mark.parametrize(("ink", "paper", "least"), PAIRS)
def test_every_pair_is_readable(
    scheme: str, colours: dict[str, str], ink: str, paper: str, least: float
) -> None:
    assert contrast(colours[ink], colours[paper]) >= least


def test_the_dark_scheme_has_a_colour_of_its_own_for_every_state() -> None:
    for state in STATES:
        assert DARK[f"{state}-ink"] != LIGHT[f"{state}-ink"]


def test_the_stylesheet_knows_no_left_and_no_right() -> None:
    rules = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)

    assert re.findall(r"\b(?:left|right)\b", rules) == []
    assert re.findall(r"(?:margin|padding|border)-(?:top|bottom)", rules) == []
    assert "letter-spacing" not in rules
    assert "justify;" not in rules


def test_what_a_first_visit_loads_is_small() -> None:
    fonts = sum(path.stat().st_size for path in (STATIC / "fonts").glob("*.woff2"))

    assert fonts <= 90_000
    assert len(CSS.encode()) + (STATIC / "js" / "stale.js").stat().st_size <= 40_000


def test_every_file_that_the_stylesheet_names_is_there_and_ours() -> None:
    addresses = re.findall(r'url\("([^"]+)"\)', CSS)

    assert addresses
    for address in addresses:
        assert (STATIC / "css" / address).resolve().is_file()
