"""How settings of a kind are read: lengths of time, hours, days of the week."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.core.exceptions import ImproperlyConfigured

from core import env
from statusportal.settings.base import DEMO


def seconds(name: str, default: int, demo: int | None = None) -> timedelta:
    """A length of time in whole seconds; `demo` is the default of the demo nation."""
    chosen = demo if DEMO and demo is not None else default
    return timedelta(seconds=env.number(name, chosen, at_least=1))


def weekdays(name: str, default: str) -> frozenset[int]:
    """Days of the week by their first three letters, counted from Monday."""
    known = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    chosen = [word.lower() for word in env.words(name, default)]
    if strange := [word for word in chosen if word not in known]:
        raise ImproperlyConfigured(f"{name} names no day: {strange[0]!r}. Days: {' '.join(known)}.")
    return frozenset(known.index(word) for word in chosen)


def hours(name: str, default: str) -> tuple[time, time]:
    """A span of the clock, such as 23:00-05:00."""
    value = env.text(name, default)
    try:
        opens, closes = (
            datetime.strptime(part.strip(), "%H:%M").time()  # noqa: DTZ007 - of the wall
            for part in value.split("-")
        )
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} must be two times, such as 23:00-05:00, not {value!r}."
        ) from None
    if opens == closes:
        raise ImproperlyConfigured(f"{name} must be two different times, not {value!r}.")
    return opens, closes
