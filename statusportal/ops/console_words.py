"""What the console says: whole sentences in the language of the page, from plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.bilingual import Bilingual
from incidents.clocks import ClockState
from incidents.labels import Declared, EntryKind
from incidents.severity import Impact, Reach
from services.labels import HEALTH, Network
from services.status.health import Health
from statusportal.ops.machines import Fault, Trouble
from statusportal.ops.words import in_language
from statusportal.public import words
from statusportal.public.words import name, number

# --- instants and lengths -----------------------------------------------------------------------


def short(at: datetime, now: datetime) -> SafeString:
    """ "13:20" today, otherwise with its day: what stands in a narrow row."""
    zone = ZoneInfo(settings.TIME_ZONE)
    local = at.astimezone(zone)
    if local.date() != now.astimezone(zone).date():
        return words.moment(at)
    return format_html(
        '<time datetime="{}">{}</time>',
        local.isoformat(timespec="minutes"),
        in_language(local.strftime("%H:%M")),
    )


def lasted(length: timedelta) -> str:
    """A length of time, to the minute."""
    return words.duration(max(0, int(length.total_seconds())))


def open_for(length: timedelta) -> str:
    """How long it has been open."""
    # Translators: {length} stands in the genitive: «مفتوح منذ ساعتين».
    return gettext("open for {length}").format(length=lasted(length))


def clock(stands: ClockState, length: timedelta) -> str:
    """How much time is left, or by how much it is over."""
    if stands is ClockState.OVERDUE:
        # Translators: a clock that ran out; {length} in the genitive: «متأخر منذ ساعتين».
        return pgettext("clock", "overdue for {length}").format(length=lasted(length))
    # Translators: a clock that runs; {length} in the genitive: «خلال ساعتين».
    return pgettext("clock", "due in {length}").format(length=lasted(length))


# --- people -------------------------------------------------------------------------------------


def by(person: object | None, at: datetime, now: datetime) -> SafeString:
    """Who acknowledged it, and when."""
    return format_html(
        gettext("{name} acknowledged it at {time}"),
        name=format_html("<bdi>{}</bdi>", person or ""),
        time=short(at, now),
    )


def names_of(names: Iterable[Bilingual], more: int) -> SafeString:
    """ "Passport renewal, Visit visa and 2 more services"."""
    joined = format_html_join(
        pgettext("between items of a list", ", "), "{}", ((name(one),) for one in names)
    )
    return format_html("{} {}", joined, words.more_services(more)) if more else joined


# --- the portal itself --------------------------------------------------------------------------

POOLS: Mapping[str, Promise] = {
    "control": pgettext_lazy("pool of workers", "control"),
    "probes": pgettext_lazy("pool of workers", "probes"),
    "deliveries": pgettext_lazy("pool of workers", "deliveries"),
}


def trouble(found: Trouble) -> SafeString:
    """What is wrong with the portal itself, and whom to look for."""
    match found.fault:
        case Fault.QUEUE_UNREACHABLE:
            return format_html(
                "{}", gettext("The queue (Redis) does not answer: no work reaches the workers.")
            )
        case Fault.NOTHING_PUBLISHED:
            return format_html("{}", gettext("Nothing is published yet: the public site is empty."))
        case Fault.SNAPSHOT_OLD:
            sentence = gettext(
                "The public site has not been renewed since {moment}: are beat and the control"
                " workers alive?"
            )
        case Fault.CHECKS_LATE:
            sentence = ngettext(
                "{n} check has been due since {moment} and nobody has claimed it: is beat alive?",
                "{n} checks have been due, the first since {moment}, and nobody has claimed them:"
                " is beat alive?",
                found.count,
            )
        case Fault.NO_ANSWERS if found.since is None:
            return format_html(
                "{}", gettext("No check has ever been answered: are the probe workers alive?")
            )
        case Fault.NO_ANSWERS:
            sentence = gettext(
                "No check has been answered since {moment}: are the probe workers alive?"
            )
        case Fault.QUEUE_LONG:
            sentence = ngettext(
                "{n} task waits in the pool “{pool}”: are its workers alive?",
                "{n} tasks wait in the pool “{pool}”: are its workers alive?",
                found.count,
            )
    return format_html(
        sentence,
        n=number(found.count),
        moment=words.moment(found.since) if found.since else "",
        pool=POOLS.get(found.pool, found.pool),
    )


def doubt(location: Bilingual, network: str, began_at: datetime) -> SafeString:
    """Where the portal does not trust its own eyes (rule 7)."""
    return format_html(
        gettext(
            "{location}, {network}: doubted since {moment}. Bad answers from there count as our"
            " own fault and change no status."
        ),
        location=name(location),
        network=Network(network).label if network in Network.values else network,
        moment=words.moment(began_at),
    )


# --- the log ------------------------------------------------------------------------------------


def state_word(value: str) -> str:
    """The word of a state that was measured or declared."""
    if value in Declared.values:
        return str(Declared(value).label)
    try:
        return str(HEALTH[Health(value)])
    except (KeyError, ValueError):
        return value


def entry(kind: str, facts: Mapping[str, Any], names: Mapping[str, Bilingual]) -> SafeString:
    """One line of an incident's log. `names` holds its services by public id; one that it does
    not list any more is left out."""
    listed = [names[one] for one in facts.get("services", ()) if one in names]
    what = str(EntryKind(kind).label) if kind in EntryKind.values else kind
    said: list[SafeString | str] = []
    if listed:
        said.append(names_of(listed, 0))
    if move := _move(kind, facts):
        said.append(move)
    if kind == EntryKind.OVERRIDDEN and (until := _instant(facts.get("until"))):
        said.append(format_html(gettext("until {moment}"), moment=words.moment(until)))
    if not said:
        return format_html("{}", what)
    # Translators: what happened, then its details: "Severity changed: P3, then P2".
    return format_html(
        pgettext("line of a log", "{what}: {details}"),
        what=what,
        details=format_html_join(" · ", "{}", ((one,) for one in said)),
    )


def _move(kind: str, facts: Mapping[str, Any]) -> SafeString | None:
    old, new = facts.get("from"), facts.get("to")
    if kind == EntryKind.SEVERITY and old and new:
        return _then(str(old), str(new))
    if new or old:
        nothing = pgettext("declared by a person", "nothing declared")
        return _then(
            state_word(str(old)) if old else nothing, state_word(str(new)) if new else nothing
        )
    return None


def _then(old: str, new: str) -> SafeString:
    # Translators: a change from one word to another: "P3, then P2". No arrow: it would point the
    # wrong way in Arabic.
    return format_html(
        pgettext("a change", "{old}, then {new}"),
        old=format_html("<bdi>{}</bdi>", old),
        new=format_html("<bdi>{}</bdi>", new),
    )


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


# --- how long each thing took -------------------------------------------------------------------

_TIMES: tuple[tuple[str, Promise], ...] = (
    ("acknowledge", _("To acknowledging")),
    ("first_notice", _("To the first notice")),
    ("restore", _("To restoring")),
    ("total", _("In all")),
)


def times(found: object) -> list[tuple[str, str]]:
    """(what, how long) of everything that has happened so far, in order."""
    return [
        (str(label), lasted(length))
        for field, label in _TIMES
        if (length := getattr(found, field)) is not None
    ]


# --- severity -----------------------------------------------------------------------------------

_IMPACTS: Mapping[Impact, Promise] = {
    Impact.STOPPED: _("People cannot use it, and there is no other way."),
    Impact.ALTERNATIVE: _("People cannot use it, but there is another way."),
    Impact.PARTIAL: _("It is slow, on and off, or partly out."),
    Impact.AT_RISK: _("People notice nothing yet."),
}
_REACHES: Mapping[Reach, Promise] = {
    Reach.SOME_USERS: _("It reaches some users of one service."),
    Reach.SERVICE: _("It reaches all users of one service or of one channel."),
    Reach.AGENCY: _("It reaches several services, or a whole agency."),
    Reach.NATIONAL: _("It reaches a shared service, or several agencies at once."),
}


def why_severity(
    impact: Impact, reach: Reach, *, is_tier_one: bool, has_deadline_or_payment: bool
) -> list[str]:
    """Why a severity is suggested, a sentence for each thing that counts."""
    said = [str(_IMPACTS[impact]), str(_REACHES[reach])]
    if is_tier_one:
        said.append(gettext("A service is critical for the country: one step more."))
    if has_deadline_or_payment:
        said.append(gettext("Deadlines or payments are concerned: one step more."))
    return said


# --- reach --------------------------------------------------------------------------------------


def reach(services: int, agencies: int, channels: int) -> str:
    """ "37 services of 11 agencies, 41 channels": whom an announcement concerns."""
    return gettext("{services} of {agencies}, over {channels}").format(
        # Translators: "37 services".
        services=ngettext("{n} service", "{n} services", services).format(n=number(services)),
        agencies=_agencies(agencies),
        channels=_channels(channels),
    )


def _agencies(n: int) -> str:
    """ "11 agencies", after "of"."""
    # Translators: in the genitive, after «من» or «في».
    return ngettext("{n} agency", "{n} agencies", n).format(n=number(n))


def _channels(n: int) -> str:
    # Translators: ways to use services, in the genitive.
    return ngettext("{n} channel", "{n} channels", n).format(n=number(n))
