"""`manage.py recompute`: are the stored figures what the stored changes and observations say?"""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from services import hours
from services.status.timeline import days
from statusportal import figures
from statusportal.figure_proof import Difference


class Command(BaseCommand):
    """For operators' terminals, in English alone. Exit code 1 where anything differs."""

    help = (
        "Recompute the daily figures of services and channels from the stored changes, and the"
        " hourly ones from the observations that are still kept, and name every difference."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Days are days of the deployment's zone."""
        parser.add_argument(
            "--from", type=date.fromisoformat, dest="first", help="first day, as 2026-01-31"
        )
        parser.add_argument(
            "--to", type=date.fromisoformat, dest="last", help="last day, as 2026-01-31"
        )
        parser.add_argument(
            "--fix", action="store_true", help="store what was recomputed where it differs"
        )

    def handle(
        self, *args: Any, first: date | None, last: date | None, fix: bool, **options: Any
    ) -> None:
        """Compare both kinds of figures. Raises CommandError where the days are the wrong way."""
        if first and last and first > last:
            raise CommandError("--from must not be later than --to.")
        now = timezone.now()
        daily = figures.compare(now=now, first=first, last=last, fix=fix)
        for found in daily.differences:
            self.stdout.write(
                f"{_owner(found)} {found.day} {found.field}:"
                f" stored {_text(found.stored)}, recomputed {_text(found.recomputed)}"
            )
        hourly = _hours(now, first, last, fix=fix)
        for wrong in hourly.differences:
            self.stdout.write(
                f"check {wrong.check_id} at {wrong.location} {_hour(wrong.hour_at)} {wrong.field}:"
                f" stored {_text(wrong.stored)}, recomputed {_text(wrong.recomputed)}"
            )
        self.stdout.write(
            f"{_count(len(daily.differences))} in {daily.days} days of {daily.services} services"
            f" and {daily.channels} channels"
        )
        self.stdout.write(
            f"{_count(len(hourly.differences))} in {hourly.hours} hours of observations"
        )
        if daily.differences or hourly.differences:
            if fix:
                self.stdout.write("The recomputed figures are stored.")
            sys.exit(1)


def _owner(found: Difference) -> str:
    return f"{found.service}/{found.channel}" if found.channel else found.service


def _hours(now: datetime, first: date | None, last: date | None, *, fix: bool) -> hours.Compared:
    zone = ZoneInfo(settings.TIME_ZONE)
    start = end = None
    if first is not None:
        start = days(first, first + timedelta(days=1), zone)[0][1]
    if last is not None:
        end = days(last, last + timedelta(days=1), zone)[0][2]
    kept = timedelta(days=settings.FIGURE_HOURS_DAYS)
    return hours.compare(start=start, end=min(end or now, now), kept_since=now - kept, fix=fix)


def _count(differences: int) -> str:
    return f"{differences} {'difference' if differences == 1 else 'differences'}"


def _hour(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def _text(seconds: int | None) -> str:
    return "nothing" if seconds is None else str(seconds)
