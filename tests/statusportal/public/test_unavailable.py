"""The page that the proxy shows when it reaches no portal and has no copy."""

from __future__ import annotations

from pathlib import Path

import html5lib
import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PAGE = ROOT / "docker" / "unavailable.html"


def test_it_needs_nothing_but_itself() -> None:
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    document = parser.parse(PAGE.read_text(encoding="utf-8"))
    addresses = {e.get("href") or e.get("src") for e in document.iter()} - {None}

    assert addresses == {"/ar/", "/en/"}
    assert "url(" not in PAGE.read_text(encoding="utf-8")
    assert len(list(document.iter("h1"))) == 1
    assert not list(document.iter("script"))


@pytest.mark.parametrize(
    "sentence",
    [
        "لا يعني هذا أن الخدمات الحكومية متوقفة.",
        "This does not mean that government services are down.",
    ],
)
def test_it_says_in_both_languages_what_it_does_not_mean(sentence: str) -> None:
    assert sentence in PAGE.read_text(encoding="utf-8")


def test_the_proxy_has_it_and_only_for_its_own_errors() -> None:
    proxy = (ROOT / "docker" / "nginx.conf").read_text(encoding="utf-8")
    compose = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")

    assert "error_page 502 504 /unavailable.html;" in proxy
    # The portal's own "nothing yet" and its error pages know more than this one.
    assert "proxy_intercept_errors" not in proxy
    assert "./docker/unavailable.html:/etc/nginx/pages/unavailable.html:ro" in compose
