"""`manage.py forget_person`: make somebody who has left nameless (docs/personal-data.md)."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from statusportal.forgetting import StillHere, forget_person


class Command(BaseCommand):
    """For administrators' terminals, in English alone."""

    help = "Delete the names, the mail address and the ways in of somebody who has left."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--reason", required=True, help="goes into the record of acts")

    def handle(self, *args: Any, username: str, reason: str, **options: Any) -> None:
        person = User.objects.filter(username=username).first()
        if person is None:
            raise CommandError(f"There is nobody called {username}.")
        try:
            forget_person(person=person, actor=None, now=timezone.now(), reason=reason)
        except StillHere:
            raise CommandError(f"{username} is still active: deactivate them first.") from None
        self.stdout.write(f"{username} is forgotten; their acts stay as those of {person.pk}.")
