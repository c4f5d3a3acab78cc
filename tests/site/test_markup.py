"""Contracts of templates and style sheets: both directions, and a strict content policy."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Left and right mean the wrong side in one of the two languages.
PHYSICAL = re.compile(
    r"""
    (?<![\w-])(?:
        (?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)(?:-\w+)*\s*:
      | border-(?:top|bottom)-(?:left|right)-radius\s*:
      | (?:left|right)\s*:
      | (?:text-align|float|clear)\s*:\s*(?:left|right)\b
    )
    """,
    re.VERBOSE,
)
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)

# What the content policy would block, or what would make it necessary to weaken it.
INLINE = re.compile(
    r"""
    \sstyle\s*=                                  # attributes
  | \son[a-z]+\s*=\s*["']
  | <style\b
  | <script\b(?![^>]*\ssrc=)(?![^>]*\stype=["']application/(?:ld\+)?json["'])
  | (?:href|src|action)\s*=\s*["']\s*javascript:
  | (?:<script|<link|<img|<iframe|<source)\b[^>]*\s(?:src|href)\s*=\s*["'](?:https?:)?//
  | \shx-on
    """,
    re.VERBOSE | re.IGNORECASE,
)
TEMPLATE_COMMENT = re.compile(r"\{#.*?#\}|\{% comment .*?endcomment %\}", re.DOTALL)


def physical(css: str) -> list[str]:
    return [match.group(0).strip() for match in PHYSICAL.finditer(COMMENT.sub("", css))]


def inline(html: str) -> list[str]:
    text = TEMPLATE_COMMENT.sub("", html)
    return [match.group(0).strip() for match in INLINE.finditer(text)]


def files(pattern: str, *folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob(pattern))


@pytest.mark.parametrize(
    ("css", "found"),
    [
        ("a { margin-left: 1rem }", ["margin-left:"]),
        ("a { border-right-color: red }", ["border-right-color:"]),
        ("a{left:0}", ["left:"]),
        ("a { text-align: right; float:left }", ["text-align: right", "float:left"]),
        ("a { border-top-left-radius: 2px }", ["border-top-left-radius:"]),
        ("a { margin-inline-start: 1rem; inset-inline: 0; text-align: start }", []),
        ("a { background-position: left top }", []),
        ("/* margin-left: never */ .copyright: hover {}", []),
    ],
)
def test_it_finds_sides_that_depend_on_the_language(css: str, found: list[str]) -> None:
    assert physical(css) == found


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<p style="color: red">', ["style="]),
        ("<style>p {}</style>", ["<style"]),
        ("<script>go()</script>", ["<script"]),
        ('<a onclick="go()">', ['onclick="']),
        ('<a href="javascript:go()">', ['href="javascript:']),
        ('<script src="https://cdn.example/x.js" defer>', ['<script src="https://']),
        ('<link rel="stylesheet" href="//cdn.example/x.css">', ['<link rel="stylesheet" href="//']),
        ("<script src=\"{% static 'x.js' %}\" defer></script>", []),
        ('<script type="application/ld+json">{}</script>', []),
        ('<a href="https://pay.gov.example/">', []),
        ('{# no style= here #}<p class="style">', []),
        ("{% translate 'on = off' %}", []),
    ],
)
def test_it_finds_what_the_content_policy_forbids(html: str, found: list[str]) -> None:
    assert inline(html) == found


def test_style_sheets_name_no_physical_side() -> None:
    found = {path.name: physical(path.read_text("utf-8")) for path in files("*.css", "static")}
    assert {name: sides for name, sides in found.items() if sides} == {}


def test_templates_have_no_inline_style_or_script_and_ask_nobody_else() -> None:
    templates = files("*.html", "templates", "services", "accounts", "statusportal")
    found = {path.name: inline(path.read_text("utf-8")) for path in templates}
    assert {name: things for name, things in found.items() if things} == {}
