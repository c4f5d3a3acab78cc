"""`manage.py publish_static DIR`: the whole public site as plain files."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from statusportal import tracing
from statusportal.public import reader, static_site
from statusportal.public.store import store


@contextmanager
def _unlogged() -> Iterator[None]:
    """Without the line that each request has: nobody asked for these thousands of pages."""
    log = logging.getLogger(tracing.__name__)
    before = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(before)


class Command(BaseCommand):
    """For operators' terminals, in English alone. Needs neither database nor Redis."""

    help = (
        "Write every public page, feed, calendar, API document, badge and embed in both languages"
        " as files that any web server or CDN can serve (docs/serving.md)."
    )
    # It has to work while the database does not.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One folder."""
        parser.add_argument("folder", type=Path, help="becomes a link to the newest files")

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        """Raises CommandError where nothing was published yet or the folder is somebody else's."""
        began_at = monotonic()
        store.load()
        showing = store.showing_at(reader.step(timezone.now()))
        if showing is None:
            raise CommandError("Nothing has been published yet, and there is no last-good file.")
        try:
            with _unlogged():
                done = static_site.publish(
                    folder.absolute(), django=WSGIHandler(), store=store, showing=showing
                )
        except static_site.CannotPublish as error:
            raise CommandError(str(error)) from None
        for address in done.missing:
            self.stderr.write(f"There was no page at {address}.")
        self.stdout.write(
            f"{done.files} files, {done.changed} of them changed, as of"
            f" {done.as_of.isoformat(timespec='seconds')}, in {monotonic() - began_at:.1f} s."
        )
