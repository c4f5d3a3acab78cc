"""`manage.py invite NAME`: a one-time link for the first person, or for one who lost everything."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import operations
from accounts.models import User
from core.audit import record


class Command(BaseCommand):
    """For whoever may reach the machine, in English alone."""

    help = "Print a link with which a person sets their password and second factor anew."

    def add_arguments(self, parser: CommandParser) -> None:
        """The person has to exist: `createsuperuser --noinput` makes the first one."""
        parser.add_argument("username")
        parser.add_argument(
            "--break-glass",
            action="store_true",
            help="also let them sign in with a password while there is single sign-on",
        )

    @transaction.atomic
    def handle(self, *args: Any, username: str, break_glass: bool, **options: Any) -> None:
        """Raises CommandError with one sentence (exit code 1)."""
        person = User.objects.select_for_update().filter(username=username).first()
        if person is None:
            raise CommandError(f"There is nobody named {username}.")
        now = timezone.now()
        if break_glass and not person.may_break_glass:
            person.may_break_glass = True
            person.save(update_fields=["may_break_glass"])
            record(
                now=now,
                actor=None,
                act="change",
                subject=person,
                before={"may_break_glass": "False"},
                after={"may_break_glass": "True"},
                reason="manage.py invite --break-glass",
            )
        try:
            token = operations.invite(person=person, actor=None, now=now)
        except operations.InvitationOver:
            raise CommandError(f"{username} is inactive.") from None
        link = settings.PUBLIC_URL + reverse("invitation_link", args=(token,))
        self.stdout.write(f"Once, within three days: {link}")
