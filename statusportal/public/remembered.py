"""What was made before, for as long as it would be made alike.

The clock goes on every five seconds, and of a large nation hardly anything is said otherwise then.
Everything is kept beside all that it was made of, never beside a version or a time: with anything
else in it, it is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Remembered(Generic[Made]):
    """The `most` things that were asked for last, one under each name. Threads may share it."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: dict[Hashable, tuple[object, Made]] = {}

    def of(self, name: Hashable, made_of: object, make: Callable[[], Made]) -> Made:
        """What stands under `name` where it was made of the same, else what `make` gives.

        `made_of` has to name everything that `make` reads, the language and the settings too.
        """
        # Taken out and put in again: in the order in which they were asked for. A thread that
        # looks in between makes the same once more.
        known = self._kept.pop(name, None)
        made = known[1] if known is not None and known[0] == made_of else make()
        # Of equals the newer ones, or a truth that was overtaken would stay in memory with them.
        self._kept[name] = made_of, made
        if len(self._kept) > self._most:
            for oldest in tuple(self._kept)[: -self._most]:
                self._kept.pop(oldest, None)
        return made
