"""Named places where a test may end the process, to prove that nothing is lost or done twice.

Nobody arms one outside the tests: there, reaching one is a look into an empty dictionary.
"""

from __future__ import annotations

from collections.abc import Callable

_armed: dict[str, Callable[[], None]] = {}
# Every name that was ever reached in this process; tests walk through them.
_known: set[str] = set()


def failpoint(name: str) -> None:
    """A place with a name; does what a test armed there."""
    _known.add(name)
    if _armed and name in _armed:
        _armed[name]()


def arm(name: str, act: Callable[[], None]) -> None:
    """Let `act` happen whenever `name` is reached."""
    _armed[name] = act


def disarm() -> None:
    """Let nothing happen any more."""
    _armed.clear()


def reached() -> frozenset[str]:
    """The names that were reached so far."""
    return frozenset(_known)
