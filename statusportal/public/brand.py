"""The deployment's own look: name, colours, logo and font from settings, without touching code.

What is set becomes one small stylesheet at /brand.css behind the portal's own. No inline style
would pass the Content-Security-Policy, and no deployment should have to build static files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

TEXT = 4.5  # WCAG 2.2, 1.4.3
# What links stand on, from portal.css; a test holds the two together.
LIGHT_PAPERS = (
    "#f7f8f9", "#ffffff", "#ecfdf3", "#fffaeb", "#fef6ee", "#fef3f2", "#f9f5fa", "#eef0f3",
)  # fmt: skip
DARK_PAPERS = (
    "#0d131d", "#161e2b", "#0a2f20", "#3a2306", "#43200f", "#451612", "#2f2040", "#283140",
)  # fmt: skip
_WHITE, _BLACK = "#ffffff", "#000000"
_COLOUR = re.compile(r"#[0-9a-f]{6}")
# Addresses carry the version: what stands behind one never changes.
_FOR_EVER = "public, max-age=31536000, immutable"
_LARGEST_FILE = 300_000
_TYPES = {"logo.svg": "image/svg+xml", "font.woff2": "font/woff2", "font-bold.woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class Brand:
    """Colours as #rrggbb, files by the name under which they are served; all may be missing."""

    accent: str = ""
    accent_dark: str = ""
    files: tuple[tuple[str, Path], ...] = ()

    def file(self, name: str) -> Path | None:
        return dict(self.files).get(name)


def configured() -> Brand:
    """The brand as the settings have it now."""
    paths = {
        "logo.svg": settings.BRAND_LOGO,
        "font.woff2": settings.BRAND_FONT,
        "font-bold.woff2": settings.BRAND_FONT_BOLD,
    }
    return Brand(
        accent=settings.BRAND_ACCENT.strip().lower(),
        accent_dark=settings.BRAND_ACCENT_DARK.strip().lower(),
        files=tuple((name, Path(path)) for name, path in paths.items() if path),
    )


# --- contrast ---------------------------------------------------------------------------------


def is_colour(text: str) -> bool:
    """Whether `text` is #rrggbb in small letters: the one form that is understood."""
    return _COLOUR.fullmatch(text) is not None


def _channels(colour: str) -> list[int]:
    return [int(colour[at : at + 2], 16) for at in (1, 3, 5)]


def luminance(colour: str) -> float:
    """The relative luminance of #rrggbb (WCAG 2.2)."""
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0 to 1) of `other` in it."""
    mixed = (
        round(a + (b - a) * share) for a, b in zip(_channels(one), _channels(other), strict=True)
    )
    return "#" + "".join(f"{channel:02x}" for channel in mixed)


def _least(colour: str, against: Iterable[str]) -> float:
    return min(contrast(colour, other) for other in against)


def lightened(accent: str) -> str:
    """`accent` with just so much white that it can be read on every dark paper."""
    return next(
        colour
        for step in range(101)
        if _least(colour := mix(accent, _WHITE, step / 100), DARK_PAPERS) >= TEXT
    )


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A colour that nobody could read somewhere: in which setting, and how bad it is."""

    setting: str
    colour: str
    ratio: float


def unreadable(brand: Brand) -> list[Unreadable]:
    """The colours with less contrast than text must have, in any place where they stand."""
    found = []
    if is_colour(brand.accent):
        # White stands on it in the head and on buttons; it stands on every light paper as a link.
        ratio = min(_least(brand.accent, LIGHT_PAPERS), contrast(brand.accent, _WHITE))
        if ratio < TEXT:
            found.append(Unreadable("BRAND_ACCENT", brand.accent, ratio))
    if is_colour(brand.accent_dark):
        ratio = _least(brand.accent_dark, DARK_PAPERS)
        if ratio < TEXT:
            found.append(Unreadable("BRAND_ACCENT_DARK", brand.accent_dark, ratio))
    return found


# --- the stylesheet ---------------------------------------------------------------------------


def stylesheet(brand: Brand) -> str:
    """The rules that differ from the portal's own; "" where nothing is set."""
    rules = []
    dark = brand.accent_dark
    if is_colour(brand.accent):
        rules.append(f":root{{{_light(brand.accent)}}}")
        dark = dark or lightened(brand.accent)
    if is_colour(dark):
        rules.append(f"@media (prefers-color-scheme:dark){{:root{{{_dark(dark)}}}}}")
    if brand.file("logo.svg"):
        # A logo has a width of its own, unlike our sign.
        rules.append("img.brand__mark{inline-size:auto;max-inline-size:12rem}")
    if brand.file("font.woff2"):
        rules += [
            _font_face(name, weight)
            for name, weight in (("font.woff2", 400), ("font-bold.woff2", 600))
            if brand.file(name)
        ]
        rules.append('html{font-family:"Brand Sans","Portal Sans",Tahoma,sans-serif}')
    return "\n".join(rules)


def _light(accent: str) -> str:
    return (
        f"--top:{accent};--top-ink:{_WHITE};--top-soft:{_soft(accent)};"
        f"--link:{accent};--action:{accent};--action-ink:{_WHITE}"
    )


def _dark(accent: str) -> str:
    top = mix(accent, _BLACK, 0.72)
    return (
        f"--top:{top};--top-ink:{_WHITE};--top-soft:{_soft(top)};"
        f"--link:{accent};--action:{accent};--action-ink:{mix(accent, _BLACK, 0.85)}"
    )


def _soft(top: str) -> str:
    """White with as much of the ground in it as small print there bears, a fifth at most."""
    shades = (mix(_WHITE, top, step / 100) for step in range(20, 0, -1))
    return next((shade for shade in shades if contrast(shade, top) >= TEXT), _WHITE)


def _font_face(name: str, weight: int) -> str:
    return (
        f'@font-face{{font-family:"Brand Sans";font-weight:{weight};font-display:swap;'
        f'src:url("{reverse("brand-file", args=[name])}?v={_digest_of(name)}") format("woff2")}}'
    )


# --- what is served ---------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _read(path: Path) -> bytes:
    # Once for each process: a new logo comes with a restart, like every setting.
    return path.read_bytes()


def content(brand: Brand, name: str) -> bytes | None:
    """The bytes of one of the brand's files; None where it is not set or cannot be read."""
    path = brand.file(name)
    if path is None:
        return None
    try:
        return _read(path)
    except OSError:
        # The check at start has said so; a page without a logo is still a page.
        return None


def _digest_of(name: str) -> str:
    return _digest(content(configured(), name) or b"")


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]


@lru_cache(maxsize=8)
def _sheet(brand: Brand) -> tuple[str, str]:
    css = stylesheet(brand)
    return css, _digest(css.encode())


def sheet_address() -> str | None:
    """Where the brand's stylesheet is, with its version; None where nothing is set."""
    css, version = _sheet(configured())
    return f"{reverse('brand-css')}?v={version}" if css else None


def file_address(name: str) -> str | None:
    """Where one of the brand's files is, with its version; None where there is none."""
    body = content(configured(), name)
    return f"{reverse('brand-file', args=[name])}?v={_digest(body)}" if body else None


@require_safe
def serve_stylesheet(request: HttpRequest) -> HttpResponse:
    """/brand.css: also where nothing is set, for pages that were kept from before."""
    css, version = _sheet(configured())
    return _kept(request, css.encode(), "text/css; charset=utf-8", version)


@require_safe
def serve_file(request: HttpRequest, name: str) -> HttpResponse:
    """/brand/logo.svg and the fonts."""
    body = content(configured(), name) if name in _TYPES else None
    if body is None:
        raise Http404
    return _kept(request, body, _TYPES[name], _digest(body))


def _kept(request: HttpRequest, body: bytes, content_type: str, version: str) -> HttpResponse:
    etag = f'"{version}"'
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(body, content_type=content_type)
    # Somebody who asks without a version wants to know of the next one.
    asked = request.GET.get("v") == version
    response["Cache-Control"] = _FOR_EVER if asked else "public, max-age=300"
    response["ETag"] = etag
    return response


def file_problem(name: str, path: Path) -> str | None:
    """Why a file of the brand cannot be served, as a sentence; None where it can."""
    try:
        body = path.read_bytes()
    except OSError as error:
        return f"It cannot be read: {error.strerror}."
    if len(body) > _LARGEST_FILE:
        return f"It has {len(body)} bytes; at most {_LARGEST_FILE} are served with every page."
    if name.endswith(".svg") and b"<svg" not in body[:2000]:
        return "It is no SVG."
    if name.endswith(".woff2") and not body.startswith(b"wOF2"):
        return "It is no WOFF2 font."
    return None
