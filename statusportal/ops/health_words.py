"""What the page about the portal's own health says: each reading, its value, its limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from services.labels import Network
from statusportal.ops.console_words import POOLS
from statusportal.ops.health import DISK_FREE, Group, Kind, Reading, State
from statusportal.ops.machines import QUEUE_LONG
from statusportal.ops.words import code, in_language
from statusportal.public import words
from statusportal.public.words import number

GROUPS: Mapping[Group, Promise] = {
    Group.CHECKS: _("Checks"),
    Group.QUEUES: _("Tasks that wait"),
    Group.DOUBT: _("Whether we trust what we see"),
    Group.SITE: _("The public site"),
    Group.WORKERS: _("Who works"),
    Group.SWEEPS: _("What comes by itself"),
    Group.STORAGE: _("What is kept"),
}
STATES: Mapping[State, Promise] = {
    State.WRONG: pgettext_lazy("a reading", "Look at it"),
    State.UNKNOWN: pgettext_lazy("a reading", "Not known"),
    State.FINE: pgettext_lazy("a reading", "Fine"),
    State.TOLD: pgettext_lazy("a reading", "No limit"),
}
SIGNS: Mapping[State, str] = {
    State.WRONG: "clock-overdue",
    State.UNKNOWN: "status-unknown",
    State.FINE: "status-operational",
    State.TOLD: "clock-running",
}
_NAMES: Mapping[Kind, Promise] = {
    Kind.DATABASE_SILENT: _("Database"),
    Kind.REDIS_SILENT: _("Queue (Redis)"),
    Kind.LATENESS: _("How late checks begin, lately"),
    Kind.LATENESS_HOUR: _("How late checks began, in the last hour"),
    Kind.DUE: _("Checks that nobody has claimed"),
    Kind.SNAPSHOT_AGE: _("Age of what is published"),
    Kind.SNAPSHOT_BUILD: _("Time that publishing takes"),
    Kind.BEAT: _("Beat, the portal's clock"),
    Kind.EVENTS: _("Events written for those who tell people"),
    Kind.AUDIT_WAITING: _("Entries of the record that are in no link yet"),
    Kind.AUDIT_HEAD: _("Head of the record's chain"),
    Kind.BACKUP: _("Last back-up from this machine"),
    Kind.PARTITIONS: _("Room for the observations of today and tomorrow"),
    Kind.DATABASE_SIZE: _("Size of the database"),
    Kind.DISK: _("Free space on the disk"),
}
_SWEEPS: Mapping[str, Promise] = {
    "services.tasks.dispatch_due": _("Handing out checks"),
    "incidents.tasks.sweep": _("Opening and closing incidents"),
    "maintenance.tasks.sweep": _("Following planned work"),
    "accounts.tasks.chain_audit": _("Linking the record of acts"),
    "statusportal.tasks.publish_snapshot": _("Publishing"),
    "statusportal.tasks.refresh_figures": _("Daily figures"),
}
_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page."""

    key: str
    name: str | SafeString
    value: str | SafeString
    limit: str | SafeString
    state: State

    @property
    def word(self) -> Promise:
        return STATES[self.state]

    @property
    def sign(self) -> str:
        return SIGNS[self.state]


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the page."""

    group: Group
    rows: tuple[Row, ...]

    @property
    def title(self) -> Promise:
        return GROUPS[self.group]


def sections(readings: Sequence[Reading]) -> list[Section]:
    """The page's tables, from readings in its order."""
    return [
        Section(group, tuple(row(one) for one in found))
        for group, found in groupby(readings, key=lambda one: one.group)
    ]


def row(reading: Reading) -> Row:
    """A reading in the language of the page."""
    key = "-".join(part for part in (reading.kind, reading.name, _suffix(reading)) if part)
    return Row(key, _name(reading), _value(reading), _limit(reading), reading.state)


def _suffix(reading: Reading) -> str:
    return reading.text if reading.kind is Kind.DOUBT else ""


def _name(reading: Reading) -> str | SafeString:
    match reading.kind:
        case Kind.QUEUE | Kind.POOL_EMPTY:
            return _pool(reading.name)
        case Kind.WORKER:
            return code(reading.name)
        case Kind.SWEEP:
            return str(_SWEEPS[reading.name])
        case Kind.DOUBT:
            known = reading.text in Network.values
            network = Network(reading.text).label if known else reading.text
            return format_html("{}, {}", code(reading.name), network)
    return str(_NAMES[reading.kind])


def _pool(name: str) -> str | SafeString:
    # Translators: {pool} is a pool of workers: «مجموعة التحكم».
    return format_html(gettext("Pool “{pool}”"), pool=POOLS.get(name) or code(name))


def _value(reading: Reading) -> str | SafeString:
    """What was read; where nothing is known, that."""
    for told in (_measured(reading), _alive(reading), _kept(reading)):
        if told is not None:
            return told
    return pgettext("a reading", "not known")


def _measured(reading: Reading) -> str | SafeString | None:
    match reading.kind:
        case Kind.LATENESS | Kind.LATENESS_HOUR if reading.lengths:
            half, most = map(seconds, reading.lengths)
            return format_html(
                gettext("up to {half} for half of them, {most} for 99 of 100"), half=half, most=most
            )
        case Kind.DUE | Kind.QUEUE | Kind.AUDIT_WAITING:
            return _waiting(reading)
        case Kind.SNAPSHOT_BUILD if reading.lengths:
            return seconds(reading.lengths[0])
        case Kind.EVENTS if reading.number is not None:
            return number(int(reading.number))
        case Kind.DATABASE_SIZE if reading.number is not None:
            return _megabytes(reading.number)
        case Kind.DISK if reading.number is not None:
            return _share(reading.number)
    return None


def _alive(reading: Reading) -> str | SafeString | None:
    match reading.kind:
        case Kind.DATABASE_SILENT | Kind.REDIS_SILENT:
            return gettext("does not answer")
        case Kind.POOL_EMPTY:
            return gettext("no worker serves it")
        case Kind.WORKER if reading.at is not None:
            return format_html(
                gettext("gone: no sign since {moment}"), moment=words.moment(reading.at)
            )
        case Kind.SWEEP if reading.age is not None:
            return format_html(
                gettext("{age} ago, took {length}"),
                age=seconds(reading.age),
                length=seconds(reading.lengths[0]),
            )
        case Kind.SNAPSHOT_AGE | Kind.BEAT | Kind.WORKER if reading.age is not None:
            return format_html(gettext("{age} ago"), age=seconds(reading.age))
        case Kind.SNAPSHOT_AGE | Kind.SWEEP | Kind.BEAT if reading.state is State.WRONG:
            return pgettext("a reading", "never")
    return None


def _kept(reading: Reading) -> str | SafeString | None:
    match reading.kind:
        case Kind.DOUBT if reading.at is not None:
            return format_html(gettext("doubted since {moment}"), moment=words.moment(reading.at))
        case Kind.DOUBT:
            return gettext("trusted")
        case Kind.AUDIT_HEAD if reading.at is not None:
            return format_html("{} · {}", code(reading.text), words.moment(reading.at))
        case Kind.BACKUP if reading.at is not None:
            size = _megabytes(reading.number or 0)
            return format_html("{} · {}", words.moment(reading.at), size)
        case Kind.BACKUP:
            return pgettext("a back-up", "none")
        case Kind.PARTITIONS if reading.text:
            return format_html(gettext("missing: {names}"), names=code(reading.text))
        case Kind.PARTITIONS:
            return gettext("is there")
    return None


def _waiting(reading: Reading) -> str | SafeString:
    count = int(reading.number or 0)
    if not count:
        return pgettext("what waits", "none")
    return format_html(
        # Translators: {n} counts tasks, checks or entries.
        ngettext("{n}, for {age}", "{n}, the first for {age}", count),
        n=number(count),
        age=seconds(reading.age or timedelta(0)),
    )


def _limit(reading: Reading) -> str | SafeString:
    limit = seconds(reading.limit) if reading.limit is not None else ""
    match reading.kind:
        case Kind.LATENESS | Kind.LATENESS_HOUR:
            return format_html(gettext("99 of 100 within {limit}"), limit=limit)
        case Kind.DUE | Kind.AUDIT_WAITING:
            return format_html(gettext("none for longer than {limit}"), limit=limit)
        case Kind.QUEUE:
            return format_html(
                gettext("fewer than {n}, none for longer than {limit}"),
                n=number(QUEUE_LONG),
                limit=limit,
            )
        case Kind.DOUBT:
            return gettext("trusted")
        case Kind.POOL_EMPTY:
            return gettext("at least one worker")
        case Kind.SNAPSHOT_BUILD:
            return format_html(gettext("at most {limit}"), limit=limit)
        case Kind.SNAPSHOT_AGE | Kind.BEAT | Kind.WORKER | Kind.SWEEP | Kind.BACKUP:
            return format_html(gettext("at most {limit} ago"), limit=limit)
        case Kind.PARTITIONS:
            return gettext("is there")
        case Kind.DISK:
            return format_html(gettext("at least {share}"), share=_share(DISK_FREE))
    return "–"


def seconds(length: timedelta) -> str | SafeString:
    """A short length to the tenth of a second, a longer one in words."""
    short = length.total_seconds()
    if short >= 120:
        return words.duration(int(short))
    figure = f"{short:.1f}" if short < 10 and round(short, 1) % 1 else f"{short:.0f}"
    # Translators: seconds, short.
    return format_html(pgettext("seconds", "{n} s"), n=in_language(figure))


def _share(share: float) -> SafeString:
    return format_html('<bdi dir="ltr">{}</bdi>', in_language(f"{int(share * 100)}%"))


def _megabytes(count: float) -> SafeString:
    # Translators: megabytes, short.
    return format_html(gettext("{n} MB"), n=number(max(1, round(count / _MEGABYTE))))
