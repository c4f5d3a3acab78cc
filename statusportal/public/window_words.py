"""What is said of planned work, as people say it: whole sentences in the language of the page.

No vague words: what one cannot use, from when to when, and what became of it. Sentences take
names and moments as markup, like those of `words`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils import translation
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext, npgettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from maintenance import labels, wording
from maintenance.placeholders import UnknownPlaceholder, fill
from maintenance.windows import Stage
from maintenance.wording import zone_name
from services.status.window import WindowEffect
from statusportal.public import words
from statusportal.public.said import ServiceSaid, WindowSaid
from statusportal.public.service_words import joined
from statusportal.public.shape import ServiceFact
from statusportal.public.window_lists import Entry, WindowShown

# A sentence with more names than this is no sentence any more.
_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence. `is_green` claims that something works: an old page must take it back."""

    words: SafeString
    is_green: bool = False


# --- names, times -------------------------------------------------------------------------------


def names(window: WindowSaid) -> SafeString:
    """ "Passport renewal (mobile app), Visit visa and 4 more": what the window is on."""
    if not window.services:
        # Rule 12: an upstream that is not public.
        return format_html("<bdi>{}</bdi>", words.hidden_name())
    shown = [_named(window, fact) for fact in window.services[:_NAMES_SHOWN]]
    if more := len(window.services) - len(shown):
        # Translators: after names of services: "Passport renewal, Visit visa and 2 other services".
        said = npgettext("end of a list", "{n} other service", "{n} other services", more)
        shown.append(format_html("<bdi>{}</bdi>", said.format(n=words.number(more))))
    return joined(shown)


def _named(window: WindowSaid, fact: ServiceFact) -> SafeString:
    (named,) = [one for one in window.fact.services if one.id == fact.id]
    kinds = [c.kind for c in fact.channels if c.id in named.channels]
    if not kinds or len(kinds) == len(fact.channels):
        return words.name(fact.name)
    # Translators: a service and its ways that are meant: "Passport renewal (mobile app)".
    return format_html(
        pgettext("service and channels", "{name} ({channels})"),
        name=words.name(fact.name),
        channels=words.listed(words.channel_name(kind) for kind in kinds),
    )


def subject(window: WindowSaid) -> SafeString:
    """The names as the subject of a sentence: Arabic puts «خدمة» or «خدمات» before them."""
    if not window.services:
        return format_html("<bdi>{}</bdi>", words.hidden_name())
    # Translators: {names} are names of services, as the subject of sentences about planned work;
    # nothing before them depends on their place in the sentence.
    said = npgettext("subject", "{names}", "{names}", len(window.services))
    return format_html(said, names=names(window))


def title(window: WindowSaid) -> SafeString:
    """What the page of a window is called."""
    return format_html(gettext("Planned work on {names}"), names=names(window))


def clock(at: datetime) -> SafeString:
    """ "00:30": a time of a day that stands beside it."""
    wall = wording.local(at)
    return format_html(
        '<time datetime="{}">{}</time>', wall.isoformat(timespec="minutes"), wording.clock(wall)
    )


def when(starts_at: datetime, ends_at: datetime) -> SafeString:
    """From when to when, with weekday, date and the name of the zone; the date once where it is
    the same."""
    day = wording.local(starts_at).date()
    if day == wording.local(ends_at).date():
        return format_html(
            # Translators: "Friday 27 November 2026, from 00:30 to 04:30 (Bahrain Time)".
            gettext("{day}, from {start} to {end} ({zone})"),
            day=words.day(day),
            start=clock(starts_at),
            end=clock(ends_at),
            zone=zone_name(),
        )
    return format_html(
        # Translators: {start} and {end} are points in time with their days.
        gettext("From {start} to {end} ({zone})"),
        start=words.moment(starts_at),
        end=words.moment(ends_at),
        zone=zone_name(),
    )


def hours(window: WindowShown) -> SafeString:
    """From when to when, below the heading of the day on which it begins."""
    starts_at, ends_at = window.said.fact.starts_at, window.said.fact.ends_at
    if wording.local(starts_at).date() == wording.local(ends_at).date():
        return on_day(Entry(window, starts_at, ends_at))
    return when(starts_at, ends_at)


def month(first: date) -> str:
    """ "November 2026"."""
    return wording.dated(first, "MMMM y")


def weekday(day: date) -> str:
    """ "Friday", at the head of a column."""
    return wording.dated(day, "EEEE")


def on_day(entry: Entry) -> SafeString:
    """When on one day of a month a window lasts."""
    if entry.starts_at is None and entry.ends_at is None:
        return format_html("{}", pgettext("a day of planned work", "all day"))
    if entry.ends_at is None:
        assert entry.starts_at is not None
        return format_html(
            pgettext("a day of planned work", "from {time}"), time=clock(entry.starts_at)
        )
    if entry.starts_at is None:
        return format_html(
            pgettext("a day of planned work", "until {time}"), time=clock(entry.ends_at)
        )
    return format_html(
        pgettext("a day of planned work", "{start} to {end}"),
        start=clock(entry.starts_at),
        end=clock(entry.ends_at),
    )


# --- where it stands ----------------------------------------------------------------------------

_STAGES: Mapping[Stage, Promise] = {
    Stage.ANNOUNCED: pgettext_lazy("planned work", "Announced"),
    Stage.UPCOMING: pgettext_lazy("planned work", "Soon"),
    Stage.IN_PROGRESS: pgettext_lazy("planned work", "Under way"),
    Stage.EXTENDED: pgettext_lazy("planned work", "Extended"),
    Stage.RUNNING_OVER: pgettext_lazy("planned work", "Running over"),
    Stage.COMPLETED_RECENTLY: pgettext_lazy("planned work", "Completed"),
    Stage.OVER: pgettext_lazy("planned work", "Completed"),
    Stage.CANCELLED: pgettext_lazy("planned work", "Cancelled"),
    Stage.POSTPONED: pgettext_lazy("planned work", "Postponed"),
}


def stage(window: WindowShown) -> str:
    """The one word beside its sign."""
    return str(_STAGES[window.stage])


def sentences(window: WindowShown) -> list[Line]:
    """What a banner, a list and the window's own page say of it now."""
    match window.stage:
        case Stage.ANNOUNCED | Stage.UPCOMING:
            return [Line(ahead(window))]
        case Stage.IN_PROGRESS:
            return [Line(_now(window.said)), Line(_should_end(window))]
        case Stage.EXTENDED:
            return [Line(_now(window.said)), Line(_takes_longer(window))]
        case Stage.RUNNING_OVER:
            return _running_over(window)
        case Stage.COMPLETED_RECENTLY | Stage.OVER:
            return _completed(window)
        case Stage.CANCELLED:
            return [Line(_cancelled(window.said))]
        case _:
            return [Line(_moved(window))]


def ahead(window: WindowShown) -> SafeString:
    """The agency's announcement with its times filled in, else our own words for it."""
    said = announcement(window)
    if said is not None:
        return said
    sentence = {
        WindowEffect.STOPPED: _("{services} will be unavailable from {start} to {end} ({zone})."),
        WindowEffect.PARTLY: _(
            "{services} will be only partly available from {start} to {end} ({zone})."
        ),
        WindowEffect.SLOW: _("{services} may be slower than usual from {start} to {end} ({zone})."),
        WindowEffect.NONE: _(
            "There will be work on {services} from {start} to {end} ({zone}). You should not"
            " notice it."
        ),
    }[window.said.effect]
    return format_html(
        str(sentence),
        services=subject(window.said),
        start=words.moment(window.said.fact.starts_at),
        end=words.moment(window.said.fact.ends_at),
        zone=zone_name(),
    )


def announcement(shown_window: WindowShown) -> SafeString | None:
    """The public text as it was announced, each placeholder filled; None where there is none.

    Nor is there one where services are named that are not public: it may name them too (rule 12).
    """
    window = shown_window.said
    lang = words.language()
    text = window.fact.text
    shown = text.language_shown(lang)
    if not text or shown_window.has_unspoken:
        return None
    with translation.override(shown):
        values = {
            "service": names(window),
            "start": words.moment(window.fact.starts_at),
            "end": words.moment(window.fact.ends_at),
            "zone": zone_name(),
            "duration": words.duration(
                int((window.fact.ends_at - window.fact.starts_at).total_seconds())
            ),
        }
        try:
            filled = fill(
                conditional_escape(text.in_language(lang)),
                {key: str(conditional_escape(value)) for key, value in values.items()},
            )
        except UnknownPlaceholder:
            # Nothing announced has one; a page with our own words is better than none.
            return None
    # The text and every value were escaped or are markup of ours.
    said = mark_safe(filled.strip().replace("\r\n", "\n").replace("\n", "<br>"))  # noqa: S308
    if shown == lang:
        return said
    direction = "rtl" if shown == "ar" else "ltr"
    return format_html('<span lang="{}" dir="{}">{}</span>', shown, direction, said)


def _now(window: WindowSaid) -> SafeString:
    """What one cannot do at present, and that it is meant to be so."""
    n = max(1, len(window.services))
    is_planned = window.fact.kind != labels.Kind.EMERGENCY
    match window.effect, is_planned:
        case WindowEffect.STOPPED, True:
            said = ngettext(
                "{services} is unavailable now because of planned work.",
                "{services} are unavailable now because of planned work.",
                n,
            )
        case WindowEffect.STOPPED, False:
            said = ngettext(
                "{services} is unavailable now because of urgent work.",
                "{services} are unavailable now because of urgent work.",
                n,
            )
        case WindowEffect.PARTLY, True:
            said = ngettext(
                "{services} is only partly available now because of planned work.",
                "{services} are only partly available now because of planned work.",
                n,
            )
        case WindowEffect.PARTLY, False:
            said = ngettext(
                "{services} is only partly available now because of urgent work.",
                "{services} are only partly available now because of urgent work.",
                n,
            )
        case WindowEffect.SLOW, True:
            said = gettext("{services} may be slower than usual now because of planned work.")
        case WindowEffect.SLOW, False:
            said = gettext("{services} may be slower than usual now because of urgent work.")
        case _:
            said = gettext("There is work on {services} at present. You should not notice it.")
    return format_html(said, services=subject(window))


def _left(window: WindowShown) -> str:
    return words.duration(int((window.said.fact.ends_at - window.now).total_seconds()))


def _should_end(window: WindowShown) -> SafeString:
    return format_html(
        # Translators: {left} is a length of time in the genitive, {end} a point in time.
        gettext("The work should end in {left}, at {end}."),
        left=_left(window),
        end=words.moment(window.said.fact.ends_at),
    )


def _takes_longer(window: WindowShown) -> SafeString:
    return format_html(
        gettext("The work is taking longer than announced. New expected end: {end}, in {left}."),
        left=_left(window),
        end=words.moment(window.said.fact.ends_at),
    )


def _running_over(window: WindowShown) -> list[Line]:
    """Rule 16: never green until a person closes it, and honest about what we measure."""
    lines = [
        Line(
            format_html(
                gettext("The work on {services} has been running over since {end}."),
                services=subject(window.said),
                end=words.moment(window.said.fact.ends_at),
            )
        )
    ]
    if window.answers:
        said = ngettext(
            "The service answers our checks; the agency has not confirmed that the work is done.",
            "The services answer our checks; the agency has not confirmed that the work is done.",
            len(window.said.services),
        )
        lines.append(Line(format_html("{}", said), is_green=True))
    else:
        said = gettext("The agency has not said yet when it will end.")
        lines.append(Line(format_html("{}", said)))
    return lines


def _completed(window: WindowShown) -> list[Line]:
    fact = window.said.fact
    done_at = fact.completed_at or fact.ends_at
    late = int((done_at - fact.announced_end_at).total_seconds())
    lines = [
        Line(
            format_html(
                gettext("The work on {services} was completed at {at}."),
                services=subject(window.said),
                at=words.moment(done_at),
            )
        )
    ]
    if late >= 60:
        said = gettext("That was {late} later than announced.")
        lines.append(Line(format_html(said, late=words.duration(late))))
    if window.stage is Stage.COMPLETED_RECENTLY and window.works:
        said = ngettext(
            "You can use the service again.",
            "You can use the services again.",
            len(window.said.services),
        )
        lines.append(Line(format_html("{}", said), is_green=True))
    return lines


def _cancelled(window: WindowSaid) -> SafeString:
    return format_html(
        gettext(
            "The work on {services} that was planned for {day} is cancelled. There will be no"
            " interruption for it."
        ),
        services=subject(window),
        day=_day_of(window),
    )


def _moved(window: WindowShown) -> SafeString:
    if window.moved_to is None:
        return format_html(
            gettext(
                "The work on {services} that was planned for {day} is postponed. The new time"
                " will be announced here."
            ),
            services=subject(window.said),
            day=_day_of(window.said),
        )
    return format_html(
        gettext("The work on {services} that was planned for {day} is moved to {start}."),
        services=subject(window.said),
        day=_day_of(window.said),
        start=words.moment(window.moved_to.fact.starts_at),
    )


def _day_of(window: WindowSaid) -> SafeString:
    return words.day(wording.local(window.fact.starts_at).date())


# --- on other pages -----------------------------------------------------------------------------


def planned_until(window: WindowShown) -> SafeString:
    """The verdict on a service that is in maintenance because of this window, stopped or partly."""
    sentence = {
        (WindowEffect.STOPPED, False): _(
            "You cannot use this service now: there is planned work until {end}."
        ),
        (WindowEffect.PARTLY, False): _(
            "You can use only a part of this service now: there is planned work until {end}."
        ),
        (WindowEffect.STOPPED, True): _(
            "You may not be able to use this service now: planned work has been running over"
            " since {end}."
        ),
        (WindowEffect.PARTLY, True): _(
            "You can use only a part of this service now: planned work has been running over"
            " since {end}."
        ),
    }[window.said.effect, window.stage is Stage.RUNNING_OVER]
    return format_html(str(sentence), end=words.moment(window.said.fact.ends_at))


def needs_it(service: ServiceSaid, window: WindowSaid) -> SafeString | None:
    """On the page of a service that the window does not name, but that needs what it names."""
    if any(one.id == service.fact.id for one in window.services):
        return None
    return format_html("{}", gettext("This service needs it and may be affected too."))


def dependants(n: int) -> str:
    """ "12 services need it and may be affected too"."""
    return ngettext(
        "{n} service needs it and may be affected too",
        "{n} services need it and may be affected too",
        n,
    ).format(n=words.number(n))


def more_windows(n: int) -> str:
    """After banners that were cut."""
    return ngettext("{n} more planned interruption", "{n} more planned interruptions", n).format(
        n=words.number(n)
    )
