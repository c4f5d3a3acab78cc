"""What the pages say: whole sentences, dates and durations, in the language that is active.

Sentences have named places in braces, filled by `format_html`, so that a translator may move them
and no value brings markup of its own. Names come in as `<bdi>`, moments as `<time>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache

from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.bilingual import Bilingual
from core.search import matches
from maintenance import wording
from maintenance.wording import in_page_digits, units, zone_name
from maintenance.wording import language as language
from services import labels
from services.status.headline import Headline, HeadlineKind
from services.status.health import Health
from statusportal.public.said import Cause, GroupSaid, ServiceSaid
from statusportal.public.shape import DayFact

# What counts as "has problems": neither maintenance nor silence is one (as in the headline).
PROBLEMS = frozenset({Health.DEGRADED, Health.PARTIAL_OUTAGE, Health.MAJOR_OUTAGE})
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


# --- numbers, dates, durations ----------------------------------------------------------------


def number(value: int) -> str:
    """A count in the digits of the deployment; English always counts in ASCII."""
    return in_page_digits(f"{value:,}")


# Translators: these stand before a feminine noun in the plural: ثلاث خدمات. One and two are only
# said in English; Arabic has forms of their own for them.
_IN_WORDS: tuple[Promise, ...] = (
    pgettext_lazy("number of services", "one"),
    pgettext_lazy("number of services", "two"),
    pgettext_lazy("number of services", "three"),
    pgettext_lazy("number of services", "four"),
    pgettext_lazy("number of services", "five"),
    pgettext_lazy("number of services", "six"),
    pgettext_lazy("number of services", "seven"),
    pgettext_lazy("number of services", "eight"),
    pgettext_lazy("number of services", "nine"),
    pgettext_lazy("number of services", "ten"),
)


def in_words(n: int) -> str:
    """A number of services as it is spoken, up to ten; above, its figure."""
    return str(_IN_WORDS[n - 1]) if 0 < n <= len(_IN_WORDS) else number(n)


def moment(at: datetime) -> SafeString:
    """An instant as "14:30 on Sunday 22 November 2026", within `<time>`.

    Never with "12:00 midnight": 24 hours and a weekday leave nothing to ask. The zone is named
    once on a page, beside its "as of".
    """
    minute = at.replace(second=0, microsecond=0)
    return _moment(minute, language(), settings.TIME_ZONE, settings.DIGITS)


# The same few instants stand on every row; Babel takes a tenth of a millisecond for each.
@lru_cache(maxsize=4096)
def _moment(at: datetime, _lang: str, _zone: str, _digit_shape: str) -> SafeString:
    return format_html(
        '<time datetime="{}">{}</time>',
        wording.local(at).isoformat(timespec="minutes"),
        wording.moment(at),
    )


def day(value: date) -> SafeString:
    """A day as "Sunday 22 November 2026", within `<time>`."""
    return _day(value, language(), settings.DIGITS)


@lru_cache(maxsize=1024)
def _day(value: date, _lang: str, _digit_shape: str) -> SafeString:
    return format_html('<time datetime="{}">{}</time>', value.isoformat(), wording.day(value))


def as_of(at: datetime) -> SafeString:
    """The line that every page prints: from when its knowledge is, with the zone's name."""
    return format_html(
        # Translators: {zone} is the name of the time zone, as in "Bahrain Time", «توقيت البحرين».
        gettext("As of {moment} ({zone})"),
        moment=moment(at),
        zone=zone_name(),
    )


def duration(seconds: int) -> str:
    """A length of time in its two largest units, rounded down to whole minutes."""
    if seconds < _MINUTE:
        return gettext("less than a minute")
    days, rest = divmod(seconds, _DAY)
    hours, rest = divmod(rest, _HOUR)
    return units(days=days, hours=hours, minutes=0 if days else rest // _MINUTE)


def per_cent(hundredths: int) -> SafeString:
    """Hundredths of a percent as "99.87%", kept together in either direction."""
    whole, part = divmod(hundredths, 100)
    # 100 is said bare: "100.00%" claims a precision that nobody asked for.
    figure = f"{whole}%" if part == 0 and whole == 100 else f"{whole}.{part:02}%"
    return format_html('<bdi dir="ltr">{}</bdi>', in_page_digits(figure))


def name(text: Bilingual) -> SafeString:
    """A name, isolated, and marked where it is only there in the other language."""
    lang = language()
    shown = text.language_shown(lang)
    words = text.in_language(lang)
    if shown == lang:
        return format_html("<bdi>{}</bdi>", words)
    direction = "rtl" if shown == "ar" else "ltr"
    return format_html('<bdi lang="{}" dir="{}">{}</bdi>', shown, direction, words)


def marked(text: Bilingual, query: str) -> SafeString:
    """A name as `name` says it, with the words that were searched for in `<mark>`."""
    lang = language()
    shown = text.language_shown(lang)
    return marked_text(shown, text.in_language(lang), query)


def marked_text(text_language: str, text: str, query: str) -> SafeString:
    """The same for a text in one language."""
    spans = matches(text, query)
    ends = [0, *(end for _start, end in spans)]
    before = format_html_join(
        "",
        "{}<mark>{}</mark>",
        (
            (text[last:start], text[start:end])
            for last, (start, end) in zip(ends, spans, strict=False)
        ),
    )
    inside = format_html("{}{}", before, text[ends[-1] :])
    if text_language == language():
        return format_html("<bdi>{}</bdi>", inside)
    direction = "rtl" if text_language == "ar" else "ltr"
    return format_html('<bdi lang="{}" dir="{}">{}</bdi>', text_language, direction, inside)


def also_known(text: SafeString) -> SafeString:
    """By which other name a search found the service."""
    return format_html(gettext("Also known as {name}"), name=text)


def listed(items: Iterable[object]) -> str:
    """ "web site, mobile app" within a sentence."""
    # Translators: what stands between the items of a list.
    return pgettext("between items of a list", ", ").join(str(item) for item in items)


# --- counts -----------------------------------------------------------------------------------


def services_counted(n: int) -> str:
    """ "12 services", alone on its line."""
    return ngettext("{n} service", "{n} services", n).format(n=number(n))


def services_affected(n: int) -> str:
    """ "12 services are affected": what stands behind a cause."""
    return ngettext("{n} service is affected", "{n} services are affected", n).format(n=number(n))


def more_services(n: int) -> str:
    """ "and 12 more services", after a list that was cut."""
    return ngettext("and {n} more service", "and {n} more services", n).format(n=number(n))


def services_unknown(n: int) -> str:
    """ "No recent information about 12 services"."""
    return ngettext(
        "No recent information about {n} service", "No recent information about {n} services", n
    ).format(n=number(n))


def services_found(n: int) -> str:
    """ "12 services found", above the results."""
    if n == 0:
        return gettext("No service found")
    return ngettext("{n} service found", "{n} services found", n).format(n=number(n))


def group(said: GroupSaid) -> str:
    """How an agency's or a category's services are, as one sentence: the worst there is to say."""
    healths = [service.health for service in said.services if service.health is not None]
    if not healths:
        return gettext("None of its services is monitored")
    problems = sum(health in PROBLEMS for health in healths)
    if problems:
        return ngettext("{n} service has problems", "{n} services have problems", problems).format(
            n=number(problems)
        )
    if maintained := healths.count(Health.MAINTENANCE):
        return ngettext(
            "Planned maintenance on {n} service", "Planned maintenance on {n} services", maintained
        ).format(n=number(maintained))
    if unknown := healths.count(Health.UNKNOWN):
        return services_unknown(unknown)
    return gettext("All its services are working")


# --- the headline (rule 21) -------------------------------------------------------------------


def headline(said: Headline) -> str:
    """The one sentence at the top of the home page; a second one where we are also blind."""
    first = _as_sentence(_first(said))
    if said.also_blind:
        # Translators: two whole sentences, one after the other.
        return pgettext("headline", "{first} {second}").format(
            first=first, second=_blind(said.unknown)
        )
    return first


def _as_sentence(text: str) -> str:
    """ "four services have …" with a capital; Arabic has none."""
    return text[:1].upper() + text[1:]


def _first(said: Headline) -> str:
    match said.kind:
        case HeadlineKind.MAJOR:
            return ngettext(
                "Major outage: {n} service has problems.",
                "Major outage: {n} services have problems.",
                said.problems,
            ).format(n=in_words(said.problems))
        case HeadlineKind.PARTIAL:
            return ngettext(
                "An important service is out.",
                "An important service is out; {n} services have problems.",
                said.problems,
            ).format(n=in_words(said.problems))
        case HeadlineKind.PROBLEMS:
            return ngettext(
                "{n} service has problems.", "{n} services have problems.", said.problems
            ).format(n=in_words(said.problems))
        case HeadlineKind.BLIND:
            return _blind(said.unknown)
        case HeadlineKind.MAINTENANCE:
            return ngettext(
                "Planned maintenance is under way on {n} service.",
                "Planned maintenance is under way on {n} services.",
                said.maintenance,
            ).format(n=in_words(said.maintenance))
        case HeadlineKind.NONE if said.unknown:
            return gettext("No problem is known.")
        case _:
            return gettext("All services are working.")


def _blind(unknown: int) -> str:
    if not unknown:
        return gettext("We cannot check the services at the moment.")
    return ngettext(
        "There is no recent information about {n} service.",
        "There is no recent information about {n} services.",
        unknown,
    ).format(n=in_words(unknown))


# --- one service ------------------------------------------------------------------------------

# Can I use it now, and since when: whole sentences, because agreement and order differ.
_SINCE: Mapping[Health, Promise] = {
    Health.OPERATIONAL: _(
        "You can use this service now. It has worked without interruption since {since}."
    ),
    Health.DEGRADED: _(
        "You can use this service now, but it has been slow or unsteady since {since}."
    ),
    Health.MAINTENANCE: _("Planned maintenance has been under way since {since}."),
    Health.PARTIAL_OUTAGE: _("You can use only a part of this service since {since}."),
    Health.MAJOR_OUTAGE: _("You cannot use this service now. It has been out since {since}."),
    Health.UNKNOWN: _(
        "We cannot say whether you can use this service now. There has been no information"
        " since {since}."
    ),
}
_NOW: Mapping[Health, Promise] = {
    Health.OPERATIONAL: _("You can use this service now."),
    Health.DEGRADED: _("You can use this service now, but it may be slow or unsteady."),
    Health.MAINTENANCE: _("Planned maintenance is under way."),
    Health.PARTIAL_OUTAGE: _("You can use only a part of this service now."),
    Health.MAJOR_OUTAGE: _("You cannot use this service now."),
    Health.UNKNOWN: _("We cannot say whether you can use this service now."),
}


def verdict(said: ServiceSaid) -> SafeString:
    """Whether one can use it now, and since when, in one plain sentence."""
    if said.health is None:
        return format_html(
            "{}", gettext("We do not monitor this service. Ask by phone or at the agency.")
        )
    if said.since is None:
        return format_html("{}", _NOW[said.health])
    return format_html(str(_SINCE[said.health]), since=moment(said.since))


# By channels, worst first: which way still works is what somebody in a hurry needs.
_CHANNELS: tuple[tuple[frozenset[Health], Promise], ...] = (
    (frozenset({Health.MAJOR_OUTAGE, Health.PARTIAL_OUTAGE}), _("Out: {channels}.")),
    (frozenset({Health.MAINTENANCE}), _("Under maintenance: {channels}.")),
    (frozenset({Health.DEGRADED}), _("Slow or unsteady: {channels}.")),
    (frozenset({Health.OPERATIONAL}), _("Working: {channels}.")),
)


def channels(said: ServiceSaid) -> list[str]:
    """Which ways are out and which work, a sentence each; empty where all are alike."""
    told = [channel for channel in said.channels if channel.health is not None]
    if len({channel.health for channel in told}) < 2:
        return []
    sentences = []
    for healths, sentence in _CHANNELS:
        names = [channel_name(c.fact.kind) for c in told if c.health in healths]
        if names:
            sentences.append(str(sentence).format(channels=listed(names)))
    return sentences


def channel_name(kind: str) -> object:
    """A channel's label; the snapshot may come from a newer release than this process."""
    return labels.ChannelKind(kind).label if kind in labels.ChannelKind.values else kind


def since(at: datetime) -> SafeString:
    """ "Since 14:30 on Sunday …", alone on its line."""
    return format_html(gettext("Since {moment}"), moment=moment(at))


def checked(at: datetime) -> SafeString:
    """When we looked last."""
    return format_html(gettext("We last checked it at {moment}."), moment=moment(at))


def cause(said: Cause, link: SafeString | None) -> SafeString:
    """What an upstream does to the service; `link` is the upstream's name with its address."""
    upstream = link if link is not None else hidden_upstream()
    if said.is_note:
        return format_html(
            gettext("{upstream} has a problem; this service hardly notices."), upstream=upstream
        )
    if said.health is Health.MAINTENANCE:
        return format_html(gettext("Affected by planned work on {upstream}."), upstream=upstream)
    return format_html(
        # Translators: {upstream} is the name of a shared platform.
        gettext("Affected by a problem with {upstream}."),
        upstream=upstream,
    )


def hidden_upstream() -> SafeString:
    """What a shared service that is not public is called in everything public (rule 12)."""
    return format_html("<bdi>{}</bdi>", gettext("a shared government platform"))


def hidden_name() -> str:
    """The same, where it stands alone as a name would."""
    return gettext("A shared government platform")


# --- 90 days (rule 22) ------------------------------------------------------------------------


def availability(hundredths: int | None, days: int) -> SafeString:
    """The figure as a sentence."""
    if hundredths is None:
        return format_html("{}", gettext("There is no data yet."))
    return format_html(
        ngettext(
            "Available {share} of the time in the last {n} day.",
            "Available {share} of the time in the last {n} days.",
            days,
        ),
        share=per_cent(hundredths),
        n=number(days),
    )


_TROUBLE: tuple[tuple[str, Promise], ...] = (
    ("down", _("Out for {duration}.")),
    ("overrun", _("Out after the announced end of maintenance for {duration}.")),
    ("degraded", _("Slow or partly out for {duration}.")),
    ("planned", _("Planned maintenance for {duration}.")),
)


def trouble(fact: DayFact) -> list[str]:
    """What went wrong on a day, worst first; empty for a good day.

    Missing information is said beside other trouble, and is no trouble of its own.
    """
    said = [
        str(sentence).format(duration=duration(getattr(fact, bucket)))
        for bucket, sentence in _TROUBLE
        if getattr(fact, bucket) > 0
    ]
    if said and fact.unknown >= _MINUTE:
        said.append(unknown_for(fact.unknown))
    return said


def unknown_for(seconds: int) -> str:
    """For how long we know nothing."""
    return gettext("No information for {duration}.").format(duration=duration(seconds))
