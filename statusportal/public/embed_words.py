"""What the portal says inside other sites of one service, in the language that is active.

Only trouble, and only with absolute times: a copy that lies about for a minute stays true, and
what somebody dismissed comes back when it changes, not when the clock does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from core.bilingual import Bilingual
from services import labels
from services.status.health import Health
from services.status.window import WindowEffect
from statusportal.public import (
    incident_lists,
    incident_words,
    plain,
    window_details,
    window_lists,
    window_words,
    words,
)
from statusportal.public.feed_entries import PLANNED_WORK, Address
from statusportal.public.incident_lists import IncidentShown
from statusportal.public.said import ServiceSaid
from statusportal.public.window_lists import WindowShown

# The word for programs of a service without checks; the others are the rules' own.
NOT_MONITORED = "not_monitored"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice in plain words. `kind` and `phase` are words for programs, `label` is for people;
    `ends_at` is what is promised, or when it was over."""

    kind: str
    phase: str
    label: str
    ref: str
    title: str
    text: str
    starts_at: datetime
    ends_at: datetime | None
    next_update_by: datetime | None
    address: str


def notices(
    service: ServiceSaid,
    incidents: Sequence[IncidentShown],
    windows: Sequence[WindowShown],
    address: Address,
    *,
    after: timedelta,
) -> list[Notice]:
    """What is to be said of `service`: what is wrong, then planned work, then what is only told.

    `incidents` and `windows` are all that stand. What was wrong and is mended is said for `after`.
    """
    mine = [one for one in incidents if _concerns(one, service)]
    wrong = sorted(
        (one for one in mine if one.is_open and one.is_incident),
        # Its own before those that reach it; sorting keeps the worst first.
        key=lambda one: not incident_lists.lists(one.said, service.fact.id),
    )
    mended = [one for one in mine if _is_just_mended(one, service, after)]
    planned = window_lists.for_banner(window_lists.of_service(windows, service.fact.id))
    return [
        *(_of_incident(one, service, address) for one in wrong),
        *(_of_window(one, service, address) for one in planned),
        *(_of_incident(one, service, address) for one in mended),
        *(_of_incident(one, service, address) for one in incident_lists.announced(mine)),
    ]


def state(health: Health | None) -> str:
    """The state of a service as a word for programs."""
    return NOT_MONITORED if health is None else str(health)


def state_word(health: Health | None) -> str:
    """The same for people."""
    return str(labels.NOT_MONITORED if health is None else labels.HEALTH[health])


def region(service: ServiceSaid) -> str:
    """What the notices together are called, for those who do not see where they stand."""
    return gettext("Notices about {name}").format(name=plain.name(service.name))


# --- incidents, announcements, clarifications ---------------------------------------------------


def _concerns(notice: IncidentShown, service: ServiceSaid) -> bool:
    return any(one.fact.id == service.fact.id for one in (*notice.services, *notice.derived))


def _is_just_mended(notice: IncidentShown, service: ServiceSaid, after: timedelta) -> bool:
    resolved_at = notice.fact.resolved_at
    return (
        notice.is_incident
        and not notice.is_absorbed
        and resolved_at is not None
        and notice.now - resolved_at < after
        # "Over" beside a service that is down would be the louder lie.
        and notice.works_again
        and incident_lists.lists(notice.said, service.fact.id)
    )


def _of_incident(notice: IncidentShown, service: ServiceSaid, address: Address) -> Notice:
    fact = notice.fact
    is_own = incident_lists.lists(notice.said, service.fact.id)
    title = incident_words.title(notice)
    if not is_own:
        title = incident_words.affected_by(notice, title)
    return Notice(
        kind=fact.kind,
        # What is no incident has no phases.
        phase=fact.phase if notice.is_incident else "",
        label=incident_words.state(notice),
        ref=fact.ref,
        title=plain.title(title),
        text="\n".join(told(notice, is_own=is_own)),
        starts_at=fact.started_at if notice.is_incident else fact.first_notice_at,
        ends_at=notice.ended_at or fact.expected_return_at,
        next_update_by=fact.next_update_by if notice.is_open else None,
        address=address("incident", fact.ref),
    )


def told(notice: IncidentShown, *, is_own: bool) -> Iterator[str]:
    """The newest text, then what is promised and not said in it; for a service that only needs
    what is listed (not `is_own`) our own words."""
    # Texts on what one needs were not written for those who only need it.
    newest = notice.newest if is_own or not notice.is_incident else None
    text = typed(newest.text) if newest is not None else ""
    yield text or plain.sentence(incident_words.sentence(notice))
    for at, sentence in _promises(notice):
        # Approved texts name their times themselves.
        if plain.label(words.moment(at)) not in plain.label(SafeString(text)):
            yield plain.sentence(sentence)


def _promises(notice: IncidentShown) -> Iterator[tuple[datetime, SafeString]]:
    fact = notice.fact
    if not notice.is_open:
        return
    back_at = fact.expected_return_at
    if back_at is not None and notice.is_incident:
        said = (
            gettext("It should work again by {at}.")
            if notice.now < back_at
            else gettext("It was expected to work again by {at}; nobody has confirmed that yet.")
        )
        yield back_at, format_html(said, at=words.moment(back_at))
    if notice.said.overdue_since is not None:
        overdue = gettext("An update has been overdue since {at}.")
        since = notice.said.overdue_since
        yield since, format_html(overdue, at=words.moment(since))
    elif fact.next_update_by is not None:
        due = gettext("Next update by {at}.")
        yield fact.next_update_by, format_html(due, at=words.moment(fact.next_update_by))


# --- planned work -------------------------------------------------------------------------------


def _of_window(window: WindowShown, service: ServiceSaid, address: Address) -> Notice:
    fact = window.said.fact
    return Notice(
        kind=PLANNED_WORK,
        phase=str(window.stage),
        label=window_words.stage(window),
        ref=fact.ref,
        title=plain.title(window_words.title(window.said)),
        text="\n".join(_told_of_window(window, service)),
        starts_at=fact.starts_at,
        ends_at=window.span[1] if fact.completed_at is not None else fact.ends_at,
        next_update_by=None,
        address=address("window", fact.ref),
    )


def _told_of_window(window: WindowShown, service: ServiceSaid) -> Iterator[str]:
    for said in window_details.standing(window):
        yield plain.sentence(said)
    fact = window.said.fact
    is_partly = window.said.effect is WindowEffect.PARTLY and window.is_running
    if is_partly and not window.has_unspoken and fact.still_works:
        yield typed(fact.still_works)
    needs_it = window_words.needs_it(service, window.said)
    if needs_it is not None:
        yield plain.sentence(needs_it)


def typed(text: Bilingual) -> str:
    """What people typed; each line keeps to itself where only the other language has it."""
    said = plain.text(text)
    if text.language_shown(words.language()) == words.language():
        return said
    lines = (f"{plain.FSI}{line}{plain.PDI}" if line else "" for line in said.split("\n"))
    return "\n".join(lines)
