"""`manage.py replay`: do the stored observations give the stored states?"""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from services import replay
from services.models import Check


class Command(BaseCommand):
    """For operators' terminals, in English alone. Exit code 1 where anything differs."""

    help = "Fold the kept observations onto the states before them and compare with the states."

    def add_arguments(self, parser: CommandParser) -> None:
        """See `--help`."""
        parser.add_argument("--check", type=int, help="only the check with this id")
        parser.add_argument(
            "--fix", action="store_true", help="store the states that the observations give"
        )

    def handle(self, *args: Any, check: int | None, fix: bool, **options: Any) -> None:
        """Print every difference and how many there are. Raises CommandError for no such check."""
        if check is not None and not Check.objects.filter(id=check).exists():
            raise CommandError(f"There is no check with the id {check}.")
        replayed = replay.replay(check_id=check, fix=fix)
        for found in replayed.differences:
            self.stdout.write(
                f"check {found.check_id} at {found.location}, {found.field}:"
                f" stored {_text(found.stored)}, replayed {_text(found.replayed)}"
                f" (by its present interval, {found.interval.total_seconds():g} s)"
            )
        count = len(replayed.differences)
        self.stdout.write(
            f"{replayed.states} states, {count} {'difference' if count == 1 else 'differences'}"
            + (", now stored as replayed" if fix and count else "")
        )
        if count:
            sys.exit(1)


def _text(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, tuple):
        # A run: its outcomes, oldest first.
        return " ".join(seen.outcome.name.lower() for seen in value) or "an empty run"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(getattr(value, "name", value)).lower()
