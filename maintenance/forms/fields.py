"""Fields that the forms of windows share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from core.arabic import ascii_digits

# What the browser's own field sends, and what people type where it has none.
_TYPED_AS = ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")
_SENT_AS = "%Y-%m-%dT%H:%M"


class InstantField(forms.DateTimeField):
    """A date and a time in the deployment's zone, to the minute; any digits."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(
            format=_SENT_AS, attrs={"type": "datetime-local", "dir": "ltr", "step": 60}
        )
        super().__init__(**{"widget": widget, "input_formats": _TYPED_AS, **options})

    def to_python(self, value: Any) -> datetime | None:
        return super().to_python(ascii_digits(value) if isinstance(value, str) else value)


def words_field(label: Any, lang: str, **options: Any) -> forms.CharField:
    direction = "rtl" if lang == "ar" else "ltr"
    widget = forms.Textarea(attrs={"rows": 3, "lang": lang, "dir": direction})
    return forms.CharField(
        **{"label": label, "required": False, "max_length": 2000, "widget": widget, **options}
    )
