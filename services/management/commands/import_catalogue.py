"""`manage.py import_catalogue FILE`: bring agencies, services, checks and edges from a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation
from django.utils.translation import gettext, ngettext

from accounts.models import User
from services.exchange.apply import Unsound, import_catalogue, preview
from services.exchange.files import CatalogueFile
from services.exchange.plan import Plan


class Command(BaseCommand):
    """All of the file or nothing; every fault is listed, and the exit code is then 1."""

    help = "Import a catalogue from a CSV or JSON-LD file, whole or not at all."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, whether to write, and in which language to speak."""
        parser.add_argument("file", type=Path, help="a .csv or .jsonld file")
        parser.add_argument("--dry-run", action="store_true", help="only say what would change")
        parser.add_argument(
            "--language", choices=["ar", "en"], default="en", help="of what is said; en"
        )
        parser.add_argument("--as", dest="username", help="the person for whom it is recorded")
        parser.add_argument("--why", default="", help="the reason that is recorded")

    def handle(
        self,
        *args: Any,
        file: Path,
        dry_run: bool,
        language: str,
        username: str | None,
        why: str,
        **options: Any,
    ) -> None:
        """Import. Raises CommandError (exit code 1) where nothing was changed."""
        with translation.override(language):
            self._import(file, dry_run, self._person(username), why, options["verbosity"])

    def _import(self, path: Path, dry_run: bool, actor: Any, why: str, verbosity: int) -> None:
        try:
            file = CatalogueFile(path.name, path.read_bytes())
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        if dry_run:
            plan = preview(file)
            if plan.faults:
                self._refuse(plan)
            self._say(plan)
            self.stdout.write(gettext("Nothing was written: this was a dry run."))
            return
        try:
            plan = import_catalogue(
                file=file,
                actor=actor,
                now=timezone.now(),
                reason=why,
                progress=self._progress if verbosity else None,
            )
        except Unsound as refused:
            self._refuse(refused.plan)
        else:
            self._say(plan)

    def _person(self, username: str | None) -> User | None:
        if username is None:
            return None
        person = User.objects.filter(username=username).first()
        if person is None:
            raise CommandError(gettext("There is no person “%(name)s”.") % {"name": username})
        return person

    def _progress(self, done: int, of_all: int) -> None:
        self.stdout.write(gettext("%(done)s of %(all)s rows") % {"done": done, "all": of_all})
        self.stdout.flush()

    def _say(self, plan: Plan) -> None:
        for record, (added, changed) in plan.counts().items():
            self.stdout.write(
                gettext("%(record)s: %(added)s added, %(changed)s changed")
                % {"record": record.value, "added": added, "changed": changed}
            )
        self.stdout.write(
            ngettext(
                "%(count)s row is as it was.", "%(count)s rows are as they were.", plan.unchanged
            )
            % {"count": plan.unchanged}
        )

    def _refuse(self, plan: Plan) -> None:
        for fault in plan.faults:
            self.stderr.write(fault.sentence(), self.style.NOTICE)
        raise CommandError(
            ngettext(
                "Nothing was imported: %(count)s thing is wrong.",
                "Nothing was imported: %(count)s things are wrong.",
                len(plan.faults),
            )
            % {"count": len(plan.faults)}
        )
