"""How the pages of windows say times and lists, in the language of the page."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import pgettext, pgettext_lazy

from maintenance.models import Step, Window, WindowService
from maintenance.queries import facts_of, policy
from maintenance.windows import Stage, stage
from maintenance.wording import clock, local, moment
from maintenance.wording import day as day_words

STAGE: dict[Stage, Promise] = {
    Stage.DRAFT: pgettext_lazy("state of a window", "Draft"),
    Stage.SUBMITTED: pgettext_lazy("state of a window", "Submitted"),
    Stage.RETURNED: pgettext_lazy("state of a window", "Returned"),
    Stage.ANNOUNCED: pgettext_lazy("state of a window", "Announced"),
    Stage.UPCOMING: pgettext_lazy("state of a window", "Announced, soon"),
    Stage.IN_PROGRESS: pgettext_lazy("state of a window", "In progress"),
    Stage.EXTENDED: pgettext_lazy("state of a window", "In progress, extended"),
    Stage.RUNNING_OVER: pgettext_lazy("state of a window", "Running over"),
    Stage.COMPLETED_RECENTLY: pgettext_lazy("state of a window", "Completed"),
    Stage.OVER: pgettext_lazy("state of a window", "Completed"),
    Stage.CANCELLED: pgettext_lazy("state of a window", "Cancelled"),
    Stage.POSTPONED: pgettext_lazy("state of a window", "Postponed"),
}


def minute(at: datetime) -> SafeString:
    """An instant as a column of a list shows it: in the deployment's zone, in one order."""
    # Isolated: from right to left, the day and the time would change places.
    return format_html('<bdi dir="ltr">{}</bdi>', local(at).strftime("%Y-%m-%d %H:%M"))


def span(starts_at: datetime, ends_at: datetime) -> SafeString:
    """From one instant to another; the day is said twice only where it differs."""
    starts, ends = local(starts_at), local(ends_at)
    if starts.date() != ends.date():
        return format_html(
            pgettext("span of time", "from {start} to {end}"),
            start=_time(starts, moment(starts_at)),
            end=_time(ends, moment(ends_at)),
        )
    return format_html(
        pgettext("span of time", "{day}, from {start} to {end}"),
        day=day_words(starts),
        start=_time(starts, clock(starts)),
        end=_time(ends, clock(ends)),
    )


def _time(at: datetime, words: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', at.isoformat(timespec="minutes"), words)


def listed(names: list[str]) -> str:
    """Names one after the other, with the comma of the language."""
    return pgettext("between the items of a list", ", ").join(names)


def services_named(window: Window) -> str:
    """The services of a window, each with its channels where it does not name all of them."""
    return listed([line_named(line) for line in window.services.all()])


def line_named(line: WindowService) -> str:
    """One service of a window, with its channels where not all of them are meant."""
    kinds = [str(channel.get_kind_display()) for channel in line.channels.all()]
    return f"{line.service} ({listed(kinds)})" if kinds else str(line.service)


def stage_of(window: Window, now: datetime) -> Promise:
    """Where a window stands by what people did and by the clock."""
    return STAGE[stage(facts_of(window), policy(), now)]


def steps_of(window: Window) -> list[dict[str, Any]]:
    """Everything that was done to a window, oldest first."""
    rows = window.steps.select_related("actor").order_by("at", "pk")
    return [
        {"row": row, "at": moment(row.at), "times": span(row.starts_at, row.ends_at)}
        for row in rows
    ]


def why_returned(window: Window) -> str:
    """Why the window was handed back, as long as it is; empty otherwise."""
    if window.state != Step.Kind.RETURNED:
        return ""
    last = window.steps.filter(kind=Step.Kind.RETURNED).order_by("-at", "-pk").first()
    return "" if last is None else last.note_ar or last.note_en
