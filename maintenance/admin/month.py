"""The month of planned work: a table by weeks, beside the list of windows."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext, pgettext

from core.arabic import ascii_digits
from maintenance.admin.shown import services_named
from maintenance.labels import CalendarKind
from maintenance.models import CalendarPeriod, Window
from maintenance.wording import clock, dated, in_page_digits

# datetime.date ends at 9999; a month needs its neighbours as well.
_YEARS = range(1900, 2200)


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the calendar."""

    year: int
    number: int

    @staticmethod
    def of(day: date) -> Month:
        """The month in which `day` lies."""
        return Month(day.year, day.month)

    @staticmethod
    def read(text: str, *, otherwise: Month) -> Month:
        """The month that `text` names as 2026-11, in any digits; else `otherwise`."""
        year, _dash, number = ascii_digits(text.strip()).partition("-")
        if not (year.isascii() and year.isdigit() and number.isascii() and number.isdigit()):
            return otherwise
        found = Month(int(year), int(number))
        return found if found.year in _YEARS and 1 <= found.number <= 12 else otherwise

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    def moved(self, months: int) -> Month:
        """The month so many months later, or earlier."""
        years, zero_based = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(years, zero_based + 1)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def weeks_of(month: Month, *, first_weekday: int) -> list[list[date]]:
    """The weeks that touch `month`, seven days each; `first_weekday` 0 is Monday."""
    return calendar.Calendar(first_weekday).monthdatescalendar(month.year, month.number)


def days_touched(starts_at: datetime, ends_at: datetime, zone: ZoneInfo) -> list[date]:
    """The local days of a half-open span: one that ends at 00:00 does not touch that day."""
    first = starts_at.astimezone(zone).date()
    last = max((ends_at - timedelta(microseconds=1)).astimezone(zone).date(), first)
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


class MonthOfWork(admin.ModelAdmin):
    """Adds the month to the admin of windows."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.month_view)
        return [path("month/", view, name="maintenance_window_month"), *super().get_urls()]

    def month_view(self, request: HttpRequest) -> HttpResponse:
        """Every window that this person may see and that touches the month asked for."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        zone = ZoneInfo(settings.TIME_ZONE)
        now = timezone.now()
        today = now.astimezone(zone).date()
        month = Month.read(request.GET.get("month", ""), otherwise=Month.of(today))
        weeks = weeks_of(month, first_weekday=settings.WEEK_START)
        first, last = weeks[0][0], weeks[-1][-1]
        begins = datetime(first.year, first.month, first.day, tzinfo=zone)
        after = last + timedelta(days=1)
        ends = datetime(after.year, after.month, after.day, tzinfo=zone)
        windows = (
            self.get_queryset(request)
            .filter(starts_at__lt=ends, ends_at__gt=begins)
            .order_by("starts_at", "pk")
        )
        periods = CalendarPeriod.objects.filter(first_day__lte=last, last_day__gte=first)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Planned work by month"),
            "opts": self.opts,
            "month": month,
            "month_name": dated(month.first, "LLLL y"),
            "earlier": month.moved(-1),
            "later": month.moved(1),
            "day_names": [dated(day, "cccc") for day in weeks[0]],
            "weeks": _cells(weeks, month, today, _lines(windows, zone), list(periods)),
        }
        return TemplateResponse(request, "admin/maintenance/window/month.html", context)


def _lines(windows: Iterable[Window], zone: ZoneInfo) -> dict[date, list[dict[str, Any]]]:
    """What stands in each day: a line for every window that touches it."""
    found: dict[date, list[dict[str, Any]]] = {}
    for window in windows:
        days = days_touched(window.starts_at, window.ends_at, zone)
        for day in days:
            found.setdefault(day, []).append(
                {
                    "window": window,
                    "services": services_named(window),
                    "times": _times(window, day, days, zone),
                }
            )
    return found


def _times(window: Window, day: date, days: list[date], zone: ZoneInfo) -> str:
    """The part of a window that lies in `day`, as 23:00–05:00, or in words where it goes on."""
    starts = clock(window.starts_at.astimezone(zone))
    ends = clock(window.ends_at.astimezone(zone))
    match day == days[0], day == days[-1]:
        case True, True:
            # Isolated, so that the start stands before the end in both directions.
            return f"\u2066{starts}–{ends}\u2069"
        case True, False:
            return pgettext("a day of planned work", "from {time}").format(time=starts)
        case False, True:
            return pgettext("a day of planned work", "until {time}").format(time=ends)
        case _:
            return pgettext("a day of planned work", "all day")


def _cells(
    weeks: list[list[date]],
    month: Month,
    today: date,
    lines: dict[date, list[dict[str, Any]]],
    periods: list[CalendarPeriod],
) -> list[list[dict[str, Any]]]:
    return [
        [
            {
                "day": day,
                "number": in_page_digits(str(day.day)),
                "name": dated(day, "EEEE d MMMM"),
                "in_month": Month.of(day) == month,
                "is_today": day == today,
                "is_weekend": day.weekday() in settings.WEEKEND,
                "lines": lines.get(day, []),
                "periods": [each for each in periods if each.first_day <= day <= each.last_day],
                "is_frozen": any(
                    each.kind == CalendarKind.FREEZE and each.first_day <= day <= each.last_day
                    for each in periods
                ),
            }
            for day in week
        ]
        for week in weeks
    ]
