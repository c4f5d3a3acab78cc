"""What a feed has of each notice and window: one entry that carries everything said so far.

Nothing in it changes by the clock alone without moving `updated_at`: times are absolute, and what
is measured at this second is left to the page that the entry links to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from core.bilingual import Bilingual
from maintenance.windows import Stage
from statusportal.public import incident_words, plain, window_details, window_words, words
from statusportal.public.incident_lists import IncidentShown, Line
from statusportal.public.incident_lists import timeline as happenings
from statusportal.public.shape import ListedFact, ServiceFact, WindowedService
from statusportal.public.window_lists import WindowShown, timeline

# A feed is read on telephones: the page has the rest.
_SERVICES_SHOWN = 20
PLANNED_WORK = "maintenance"

_DIRECTION = {"ar": "rtl", "en": "ltr"}
# The whole address of a page, from its kind and the name in its address.
Address = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry in the language that is active. `content` is HTML, `term` a word for programs.

    `author` is empty where it is the authority's own.
    """

    ref: str
    title: str
    address: str
    published_at: datetime
    updated_at: datetime
    author: str
    content: str
    term: str
    label: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A notice or a window before its entry is written: years of them are ranked.

    `made_of` is all that the entry says beside words and settings: as long as it is the same, the
    entry would be.
    """

    is_current: bool
    updated_at: datetime
    began_at: datetime
    ref: str
    made_of: tuple[object, ...]
    write: Callable[[], Entry]


def candidates(
    notices: Iterable[IncidentShown],
    windows: Iterable[WindowShown],
    address: Address,
    agencies: Collection[str],
) -> list[Candidate]:
    """What may become an entry.

    `agencies` are the codes of those that may be named: who has a public service (rule 12).
    """
    found = [
        Candidate(
            one.is_open,
            max(_moved(one)),
            one.fact.started_at,
            one.ref,
            (one.fact, one.said.services, one.hidden, one.agency),
            partial(of_notice, one, address),
        )
        for one in notices
    ]
    found += [
        Candidate(
            _is_current(one),
            max(_stepped(one)),
            one.said.fact.starts_at,
            one.ref,
            (
                one.said.fact,
                one.said.services,
                one.moved_to.fact if one.moved_to else None,
                _steady(one).stage,
                timeline(one),
                _author(one, agencies),
            ),
            partial(of_window, one, address, agencies),
        )
        for one in windows
    ]
    return found


def newest(found: Iterable[Candidate], most: int) -> list[Candidate]:
    """The `most` that matter most, by when they were updated: what is over gives way."""
    kept = sorted(found, key=lambda one: (one.is_current, one.updated_at, one.ref), reverse=True)
    return sorted(kept[:most], key=lambda one: (one.updated_at, one.ref), reverse=True)


# --- notices ------------------------------------------------------------------------------------


def of_notice(notice: IncidentShown, address: Address) -> Entry:
    """An incident, announcement or clarification, from its first notice to its report."""
    fact = notice.fact
    return Entry(
        ref=fact.ref,
        title=_titled(incident_words.state(notice), incident_words.title(notice)),
        address=address("incident", fact.ref),
        published_at=fact.first_notice_at,
        updated_at=max(_moved(notice)),
        author=plain.name(notice.agency.name) if notice.agency else "",
        content=_whole(_told_of_notice(notice, address)),
        term=fact.kind,
        label=incident_words.kind(notice),
    )


def _moved(notice: IncidentShown) -> Iterator[datetime]:
    """Every instant at which something in the entry changed."""
    fact = notice.fact
    yield fact.first_notice_at
    if fact.resolved_at is not None:
        yield fact.resolved_at
    for line in happenings(notice):
        yield line.at
        if line.update is not None and line.update.corrected_at is not None:
            yield line.update.corrected_at


def _told_of_notice(notice: IncidentShown, address: Address) -> Iterator[str]:
    fact = notice.fact
    yield _paragraph(incident_words.sentence(notice))
    if notice.is_incident:
        yield _paragraph(incident_words.when(notice))
        if notice.is_open and fact.expected_return_at is not None:
            yield _paragraph(
                format_html(
                    gettext("It should work again by {at}."),
                    at=words.moment(fact.expected_return_at),
                )
            )
        if notice.is_open and fact.next_update_by is not None:
            yield _paragraph(
                format_html(gettext("Next update by {at}."), at=words.moment(fact.next_update_by))
            )
    yield _services(notice.said.services, _ways(fact.services), address)
    if notice.is_open:
        for text in (fact.still_works, fact.meanwhile):
            yield _text(notice.spoken(text))
    for said in (incident_words.deadlines(notice), incident_words.payments(notice)):
        if said is not None:
            yield _paragraph(said)
    for text in (fact.summary, fact.prevention):
        yield _text(notice.spoken(text))
    for line in happenings(notice):
        yield from _line(line, notice)


def _line(line: Line, notice: IncidentShown) -> Iterator[str]:
    if line.update is None:
        yield _dated(line.at, plain.sentence(incident_words.happening(line, notice)))
        return
    update = line.update
    # A notice that is no incident has no phases.
    yield _dated(line.at, incident_words.phase(update.phase) if notice.is_incident else "")
    yield str(incident_words.html(notice, update.html, update.text))
    if update.corrected_at is not None:
        yield _paragraph(incident_words.corrected(update.corrected_at))


# --- planned work -------------------------------------------------------------------------------


def of_window(window: WindowShown, address: Address, agencies: Collection[str]) -> Entry:
    """Planned work, from its announcement until it is completed or called off."""
    fact = window.said.fact
    steady = _steady(window)
    return Entry(
        ref=fact.ref,
        title=_titled(window_words.stage(steady), window_words.title(window.said)),
        address=address("window", fact.ref),
        published_at=fact.approved_at,
        updated_at=max(_stepped(window)),
        author=_author(window, agencies),
        content=_whole(_told_of_window(steady, address)),
        term=PLANNED_WORK,
        label=gettext("Planned work"),
    )


def _steady(window: WindowShown) -> WindowShown:
    # "Soon" comes by the clock alone, and tells nothing that the announcement does not.
    return replace(window, stage=Stage.ANNOUNCED) if window.stage is Stage.UPCOMING else window


def _author(window: WindowShown, agencies: Collection[str]) -> str:
    return plain.name(window.said.agency.name) if window.said.fact.agency in agencies else ""


def _is_current(window: WindowShown) -> bool:
    return window.is_running or window.stage in {Stage.ANNOUNCED, Stage.UPCOMING}


def _stepped(window: WindowShown) -> Iterator[datetime]:
    """Every instant at which something in the entry changed, by people or by the clock."""
    fact = window.said.fact
    yield from (fact.approved_at, fact.changed_at)
    yield from (at for at in (fact.completed_at, fact.cancelled_at) if at is not None)
    yield from (step.at for step in timeline(window))


def _told_of_window(window: WindowShown, address: Address) -> Iterator[str]:
    fact = window.said.fact
    for said in window_details.standing(window):
        yield _paragraph(said)
    yield _services(window.said.services, _ways(fact.services), address)
    if not window.is_called_off and not window.has_unspoken:
        for text in (fact.still_works, fact.meanwhile):
            yield _text(text)
    if not window.is_called_off:
        for sentence in (
            window_details.deadlines(window.said),
            window_details.payments(window.said),
        ):
            if sentence is not None:
                yield _paragraph(sentence)
    for step in timeline(window):
        yield _dated(step.at, window_details.step(step))
        times = window_details.step_times(step)
        if times is not None:
            yield _paragraph(times)
        # Beside a name that is not public a note may hold it too (rule 12).
        if step.note and not window.has_unspoken:
            yield _text(step.note)


# --- HTML that readers may strip ----------------------------------------------------------------


def _titled(state: str, title: SafeString) -> str:
    name = plain.title(title)
    if name.startswith(state):
        # "Clarification of …" needs no "Clarification:" before it.
        return name
    # Translators: the title of an entry in a feed: "Restored: Problem with National login".
    said = pgettext("entry in a feed", "{state}: {title}")
    return said.format(state=state, title=name)


def _whole(parts: Iterable[str]) -> str:
    """All of it with its language and direction, because few programs hand on those of the feed."""
    language = words.language()
    said = plain.printable("".join(parts))
    return f'<div lang="{language}" dir="{_DIRECTION[language]}">{said}</div>'


def _paragraph(said: SafeString) -> str:
    # As characters: most programs strip the elements that isolate.
    return f"<p>{_broken(plain.sentence(said))}</p>"


def _dated(at: datetime, said: str) -> str:
    moment = plain.sentence(words.moment(at))
    if not said:
        return f"<p><strong>{escape(moment)}</strong></p>"
    # Translators: in a feed, when something happened and what: "14:30 on …: Identified".
    line = pgettext("entry in a feed", "{moment}: {said}").format(moment=moment, said=said)
    return f"<p><strong>{escape(line)}</strong></p>"


def _text(text: Bilingual) -> str:
    """What people typed, as plain paragraphs in its own direction; nothing for an empty text."""
    if not text:
        return ""
    language = text.language_shown(words.language())
    return f'<p lang="{language}" dir="{_DIRECTION[language]}">{_broken(plain.text(text))}</p>'


def _broken(text: str) -> str:
    return str(escape(text)).replace("\n", "<br>")


def _ways(listed: Iterable[ListedFact | WindowedService]) -> Mapping[str, Collection[int]]:
    """The channels that are meant of each service; none means all of them."""
    return {one.id: one.channels for one in listed}


def _services(
    facts: Sequence[ServiceFact], ways: Mapping[str, Collection[int]], address: Address
) -> str:
    """The services that it names, each with a link to its page and the ways that are meant."""
    items = []
    for fact in facts[:_SERVICES_SHOWN]:
        link = f'<a href="{escape(address("service", fact.slug))}">{escape(_isolated(fact))}</a>'
        meant = [one.kind for one in fact.channels if one.id in ways[fact.id]]
        is_all = len(meant) == len(fact.channels)
        some = "" if is_all else words.listed(words.channel_name(kind) for kind in meant)
        items.append(f"<li>{link} ({escape(some)})</li>" if some else f"<li>{link}</li>")
    if more := len(facts) - len(items):
        items.append(f"<li>{escape(words.more_services(more))}</li>")
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _isolated(fact: ServiceFact) -> str:
    return plain.sentence(words.name(fact.name))
