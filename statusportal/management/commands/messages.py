"""`manage.py messages`: bring the Arabic catalogue up to date, or check that it is complete."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from statusportal.management import catalogues


class Command(BaseCommand):
    """Extract the messages of the sources into locale/ar, keeping every translation."""

    help = "Bring the Arabic catalogue up to date with the sources (--check: only look)."
    # Needs no database and no other settings than BASE_DIR.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """`--check` writes nothing and fails where the catalogue is not complete."""
        parser.add_argument(
            "--check",
            action="store_true",
            help="write nothing; fail with the name of each message that is not right",
        )
        parser.add_argument(
            "--prune",
            action="store_true",
            help="drop the translations of messages that left the sources",
        )

    def handle(self, *args: Any, check: bool, prune: bool, **options: Any) -> None:
        """Update or check. Raises CommandError (exit code 1) where something is not right."""
        base = Path(settings.BASE_DIR)
        problems = catalogues.source_problems(base)
        if check:
            problems += catalogues.catalogue_problems(base)
            self._fail_on(problems)
            self.stdout.write("The Arabic catalogue is complete.")
            return
        update = catalogues.update(base, prune=prune)
        for message in update.added:
            self.stdout.write(f"+ {message}")
        for message in update.retired:
            self.stdout.write(f"- {message}")
        self.stdout.write(
            f"{len(update.added)} added, {len(update.retired)} retired,"
            f" {catalogues.ARABIC_PO} {'written' if update.written else 'unchanged'}."
        )
        self._fail_on(problems)

    def _fail_on(self, problems: list[catalogues.Problem]) -> None:
        if problems:
            lines = "\n".join(f"  {problem}" for problem in problems)
            raise CommandError(f"{len(problems)} to put right:\n{lines}")
