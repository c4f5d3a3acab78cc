"""`manage.py restore FILE`: a back-up into an empty database, looked at afterwards."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from statusportal import backup, restore


class Command(BaseCommand):
    """For operators' terminals, in English alone. Exit code 1 where anything is missing."""

    help = (
        "Put a file of `backup` into an empty database, then count its rows and verify the record"
        " of people's acts. Nothing that is there is overwritten."
    )
    # Before the first table is there.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Tables that `migrate` has made are no reason to refuse, if one says so."""
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--into-empty",
            action="store_true",
            help="replace tables that hold no data, as `migrate` leaves them",
        )

    def handle(self, *args: Any, file: Path, into_empty: bool, **options: Any) -> None:
        """Do it, say what arrived. Raises CommandError with one sentence (exit code 1)."""
        try:
            found = restore.restore(file, into_empty=into_empty)
        except (backup.CannotBackUp, OSError) as reason:
            raise CommandError(str(reason)) from None
        manifest = found.manifest
        for table, count in manifest.tables.items():
            if count:
                self.stdout.write(f"{table}: {count}")
        self.stdout.write(f"made at {manifest.made_at}")
        if not manifest.has_observations:
            self.stdout.write("without raw observations, as it was made")
        if not found.keys_fit:
            self.stdout.write(
                "FIELD_ENCRYPTION_KEYS do not open what is in it: secret headers and second"
                " factors cannot be read until the keys of then are set"
            )
        if found.missing_migrations:
            self.stdout.write(f"run migrate: {found.missing_migrations} to be applied")
        for fault in found.faults:
            self.stdout.write(fault)
        if found.faults:
            sys.exit(1)
        self.stdout.write("every table has its rows, and the record of acts is whole")
