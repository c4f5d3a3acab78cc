"""Texts of windows: placeholders for what the fields hold, and no times typed by hand. Pure."""

from __future__ import annotations

import core.placeholders
from core.placeholders import UnknownPlaceholder, fill, typed_times

__all__ = [
    "PLACEHOLDERS",
    "REQUIRED",
    "UnknownPlaceholder",
    "fill",
    "placeholders",
    "typed_times",
]

PLACEHOLDERS = ("service", "start", "end", "zone", "duration")
# Every announcement says from when to when: its reader wants to know when to come back.
REQUIRED = ("start", "end")


def placeholders(text: str) -> list[str]:
    """The placeholders of `text` in their order. Raises UnknownPlaceholder."""
    return core.placeholders.placeholders(text, PLACEHOLDERS)
