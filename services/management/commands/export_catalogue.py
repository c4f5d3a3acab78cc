"""`manage.py export_catalogue`: the whole catalogue as a file, without its secrets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from services.exchange import csv_file
from services.exchange.files import Format, write
from services.exchange.present import load


class Command(BaseCommand):
    """To a file or to the standard output; the same bytes for the same catalogue."""

    help = "Export the catalogue as CSV or JSON-LD (docs/catalogue-file.md)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where to and in which format."""
        parser.add_argument("file", nargs="?", type=Path, help="where to; the standard output")
        parser.add_argument(
            "--format", choices=[each.value for each in Format], help="by default as FILE ends; csv"
        )
        parser.add_argument(
            "--separator",
            choices=list(csv_file.SEPARATORS),
            default="semicolon",
            help="between the cells of a CSV file; semicolon, as Excel in Arabic expects",
        )

    def handle(
        self, *args: Any, file: Path | None, format: str | None, separator: str, **options: Any
    ) -> None:
        """Export. Raises CommandError (exit code 1) where the file cannot be written."""
        ends_as_json = file is not None and file.suffix in (".jsonld", ".json")
        chosen = Format(format or (Format.JSON_LD if ends_as_json else Format.CSV))
        present = load().present
        if chosen is Format.CSV:
            content = csv_file.write(present, separator=csv_file.SEPARATORS[separator])
        else:
            content = write(present, chosen)
        if file is None:
            # Bytes as they are: a byte order mark and line ends belong to the file.
            sys.stdout.buffer.write(content)
            return
        try:
            file.write_bytes(content)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from None
        self.stderr.write(f"{file}: {len(present.rows)} rows")
