"""System checks: settings that are fine alone and wrong together. Each has an id and a hint."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from statusportal.public import brand


@register(Tags.security, deploy=True)
def public_address_is_https(**_: Any) -> list[CheckMessage]:
    """A national portal without TLS can be rewritten by anybody on the way."""
    if settings.PUBLIC_URL.startswith("https://"):
        return []
    return [
        Error(
            f"PUBLIC_URL is not https: {settings.PUBLIC_URL}.",
            hint="Set PUBLIC_URL to the https address that people type.",
            id="statusportal.E001",
        )
    ]


@register(Tags.security, deploy=True)
def demo_is_off(**_: Any) -> list[CheckMessage]:
    """The demo nation opens loopback to probes and writes logins into a file."""
    if not settings.DEMO:
        return []
    return [
        Error(
            "PORTAL_DEMO is on in a deployment.",
            hint="Unset PORTAL_DEMO; it is for a machine of one's own.",
            id="statusportal.E002",
        )
    ]


@register(Tags.security, deploy=True)
def weaknesses_can_be_told(**_: Any) -> list[CheckMessage]:
    """Whoever finds a hole in a national portal must find somebody to tell."""
    if settings.SECURITY_CONTACT:
        return []
    return [
        Warning(
            "SECURITY_CONTACT is not set: there is no /.well-known/security.txt.",
            hint="Set it to an address such as mailto:security@gov.example.",
            id="statusportal.W002",
        )
    ]


@register()
def probe_authority_exists(**_: Any) -> list[CheckMessage]:
    """Without the file every check over TLS would fail for a reason of our own."""
    path = settings.PROBE_EXTRA_CA
    # The demo makes its authority together with its endpoints.
    if not path or settings.DEMO or Path(path).is_file():
        return []
    return [
        Error(
            f"PROBE_EXTRA_CA names no file: {path}.",
            hint="Point it to a PEM file with the authority's certificates, or unset it.",
            id="statusportal.E003",
        )
    ]


@register()
def last_good_file_can_be_written(**_: Any) -> list[CheckMessage]:
    """Without it the page is empty after a restart while Redis is down."""
    folder = Path(settings.LAST_GOOD_FILE).parent
    while not folder.exists():
        folder = folder.parent
    if os.access(folder, os.W_OK):
        return []
    return [
        Warning(
            f"LAST_GOOD_FILE cannot be written: {folder} is read-only for this user.",
            hint="Let LAST_GOOD_FILE point into a folder that the web processes may write.",
            id="statusportal.W001",
        )
    ]


@register()
def brand_colours_are_readable(**_: Any) -> list[CheckMessage]:
    """A colour from a style guide is often too pale for text; people would see it too late."""
    chosen = brand.configured()
    found: list[CheckMessage] = [
        Error(
            f"{setting} is not a colour: {colour!r}.",
            hint="Write it as # and six hexadecimal digits, such as #14663f.",
            id="statusportal.E004",
        )
        for setting, colour in (
            ("BRAND_ACCENT", chosen.accent),
            ("BRAND_ACCENT_DARK", chosen.accent_dark),
        )
        if colour and not brand.is_colour(colour)
    ]
    found += [
        Error(
            f"{bad.setting} {bad.colour} cannot be read everywhere: its lowest contrast is"
            f" {bad.ratio:.2f} to 1, and text needs {brand.TEXT} to 1.",
            hint="Choose a darker colour for BRAND_ACCENT, a lighter one for BRAND_ACCENT_DARK.",
            id="statusportal.E005",
        )
        for bad in brand.unreadable(chosen)
    ]
    return found


@register()
def brand_files_can_be_served(**_: Any) -> list[CheckMessage]:
    """The head of every page names them."""
    settings_of = {
        "logo.svg": "BRAND_LOGO",
        "font.woff2": "BRAND_FONT",
        "font-bold.woff2": "BRAND_FONT_BOLD",
    }
    return [
        Error(
            f"{settings_of[name]} names a file that cannot be served: {path}. {problem}",
            hint="Logos are SVG, fonts are WOFF2, each of at most 300,000 bytes.",
            id="statusportal.E006",
        )
        for name, path in brand.configured().files
        if (problem := brand.file_problem(name, path)) is not None
    ]
