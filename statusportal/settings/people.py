"""What people promise: windows (docs/windows.md), incidents (docs/clocks.md)."""

from __future__ import annotations

from django.core.exceptions import ImproperlyConfigured

from core import env
from incidents.clocks import Row, read_row
from incidents.office import Allowance, read_allowance
from statusportal.settings.reading import hours, seconds, weekdays

WEEKEND = weekdays("WEEKEND", "fri sat")
_first = weekdays("WEEK_START", "sun")
if len(_first) != 1:
    raise ImproperlyConfigured("WEEK_START must be one day.")
# Tables of a month begin their weeks with it.
WEEK_START = min(_first)
MAINTENANCE_LOW_USE = hours("MAINTENANCE_LOW_USE", "23:00-05:00")
MAINTENANCE_RAMADAN_PEAK = hours("MAINTENANCE_RAMADAN_PEAK", "20:00-03:00")
# From the announcement to the start; urgent: tier 1 and shared services.
MAINTENANCE_LEAD_URGENT = seconds("MAINTENANCE_LEAD_URGENT", 72 * 3600)
MAINTENANCE_LEAD = seconds("MAINTENANCE_LEAD", 48 * 3600)
MAINTENANCE_LONGEST = seconds("MAINTENANCE_LONGEST", 24 * 3600)
# Banners show a window from so long before its start until so long after its completion.
MAINTENANCE_NOTICE = seconds("MAINTENANCE_NOTICE", 24 * 3600)
MAINTENANCE_AFTER = seconds("MAINTENANCE_AFTER", 2 * 3600)
# Rule 16: a window that is open so long after its end alarms a supervisor.
MAINTENANCE_OVERDUE = seconds("MAINTENANCE_OVERDUE", 3600)
# What is completed, cancelled or postponed stays in lists and calendars for so long.
MAINTENANCE_KEPT_DAYS = env.number("MAINTENANCE_KEPT_DAYS", 30, at_least=30)


def _clock(name: str, default: str) -> Row:
    """Four lengths of time, for P1 to P4."""
    try:
        return read_row(env.text(name, default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from None


def _early(name: str, default: str) -> tuple[Allowance, Allowance]:
    """Two lengths of time on the wall: how often, and for how long."""
    words = env.words(name, default)
    try:
        often, lasting = (read_allowance(word) for word in words)
    except ValueError as error:
        wrong = error if len(words) == 2 else "it must be two lengths of time, such as 30m 2h"
        raise ImproperlyConfigured(f"{name}: {wrong}.") from None
    if often.is_of_office or lasting.is_of_office:
        raise ImproperlyConfigured(f"{name}: office hours do not count here, only m and h.")
    return often, lasting


INCIDENT_ACKNOWLEDGE = _clock("INCIDENT_ACKNOWLEDGE", "10m 20m 2oh 1d")
INCIDENT_FIRST_NOTICE = _clock("INCIDENT_FIRST_NOTICE", "20m 60m 4oh -")
INCIDENT_UPDATE = _clock("INCIDENT_UPDATE", "60m 2h 1d -")
INCIDENT_REPORT = _clock("INCIDENT_REPORT", "3d 5d 10d -")
# Of P1 alone: so often, for so long.
INCIDENT_UPDATE_EARLY = _early("INCIDENT_UPDATE_EARLY", "30m 2h")
INCIDENT_OFFICE_HOURS = hours("INCIDENT_OFFICE_HOURS", "07:00-14:00")
INCIDENT_RAMADAN_HOURS = hours("INCIDENT_RAMADAN_HOURS", "08:00-14:00")
INCIDENT_HOLDING_NOTICES = env.flag("INCIDENT_HOLDING_NOTICES", default=True)
# Rule 19: automatic notices reach subscribers so late when nobody acknowledges.
INCIDENT_SUBSCRIBERS_AFTER = seconds("INCIDENT_SUBSCRIBERS_AFTER", 300)
# Rule 19: a new outage so soon after the end is the same incident.
INCIDENT_REOPEN_WITHIN = seconds("INCIDENT_REOPEN_WITHIN", 900)
# Services of one agency that fail so close together are one incident.
INCIDENT_GROUP_WITHIN = seconds("INCIDENT_GROUP_WITHIN", 120)
# The same service and cause again within so many days is pointed out.
INCIDENT_RECURRENCE_DAYS = env.number("INCIDENT_RECURRENCE_DAYS", 90, at_least=1)
# Resolved incidents stay in the live snapshot for so long; older months come from their archive.
INCIDENT_KEPT_DAYS = env.number("INCIDENT_KEPT_DAYS", 90, at_least=31)
