"""`manage.py backup DIR|FILE`: all that the portal knows, in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from statusportal import backup


class Command(BaseCommand):
    """For operators' terminals, in English alone. The portal goes on meanwhile."""

    help = (
        "Write the database, the last-good file and the archived months into one file, which"
        " `restore` puts into an empty database. Keys are not in it: keep those apart."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """A folder gets a file named after the moment."""
        parser.add_argument("target", type=Path, metavar="DIR|FILE")
        parser.add_argument(
            "--without-observations",
            action="store_true",
            help="leave out the raw observations of the last days; figures and changes stay",
        )

    def handle(self, *args: Any, target: Path, without_observations: bool, **options: Any) -> None:
        """Make it and say what is in it. Raises CommandError with one sentence (exit code 1)."""
        try:
            file, manifest = backup.make(
                target, with_observations=not without_observations, now=timezone.now()
            )
        except (backup.CannotBackUp, OSError) as reason:
            raise CommandError(str(reason)) from None
        for table, count in manifest.tables.items():
            if count:
                self.stdout.write(f"{table}: {count}")
        if manifest.audit_head:
            self.stdout.write(f"head {manifest.audit_head}")
        self.stdout.write(f"{file}: {file.stat().st_size} bytes")
