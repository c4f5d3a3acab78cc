"""How the pages of incidents say what is known of them, in the language of the page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from core.bilingual import Bilingual
from incidents.labels import Declared, TextState
from incidents.models import Entry, Incident, ListedService, Update
from maintenance.admin.shown import listed
from maintenance.wording import length, moment

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an incident's history: a text for the public, or a line of the log."""

    at: datetime
    when: str
    what: str
    who: str
    is_public: bool
    text: Bilingual = Bilingual()
    note: str = ""


def instant(at: datetime | None) -> SafeString | str:
    """An instant with its day, or a dash."""
    if at is None:
        return NOTHING
    return format_html(
        '<time datetime="{}">{}</time>', at.isoformat(timespec="minutes"), moment(at)
    )


def age(incident: Incident, now: datetime) -> str:
    """How long it has been going on, or how long it lasted."""
    return length((incident.resolved_at or now) - incident.started_at)


def services_named(incident: Incident) -> SafeString | str:
    """The listed services, one line each: channels where not all are meant, what was declared."""
    rows = list(incident.services.all())
    return format_html_join("", "<p>{}</p>", ((_named(row),) for row in rows)) or NOTHING


def _named(row: ListedService) -> str:
    kinds = [str(channel.get_kind_display()) for channel in row.channels.all()]
    name = f"{row.service} ({listed(kinds)})" if kinds else str(row.service)
    # Prefetched by incidents.queries: what still holds.
    said = [one.get_health_display() for one in getattr(row, "declared_now", ())]
    said += [
        gettext("published as “{health}” until {time}").format(
            health=one.get_health_display(), time=moment(one.expires_at)
        )
        for one in getattr(row, "overridden_now", ())
    ]
    if not said:
        return name
    return pgettext("service and what was declared of it", "{service}: {declared}").format(
        service=name, declared=listed([str(words) for words in said])
    )


def newest_text(incident: Incident) -> Update | None:
    """What the public reads now. 1 query."""
    rows = incident.updates.filter(state=TextState.PUBLISHED)
    return rows.order_by("-published_at", "-pk").first()


def history(texts: Iterable[Update], log: Iterable[Entry]) -> list[Line]:
    """Everything that was written and done, oldest first; a log line before a text it led to."""
    lines = [_of_entry(entry) for entry in log] + [_of_update(update) for update in texts]
    return sorted(lines, key=lambda line: line.at)


def _of_update(update: Update) -> Line:
    at = update.published_at or update.written_at
    is_public = update.state == TextState.PUBLISHED
    what = (
        gettext("{phase} (corrected version)") if update.corrects_id is not None else "{phase}"
    ).format(phase=update.get_phase_display())
    if not is_public:
        what = pgettext("text of a phase and its state", "{phase}: {state}").format(
            phase=what, state=update.get_state_display()
        )
    return Line(
        at=at,
        when=moment(at),
        what=what,
        who=_who(update.author),
        is_public=is_public,
        # As readers got it once it was published; before that, as it was typed.
        text=Bilingual(update.plain_ar or update.text_ar, update.plain_en or update.text_en),
    )


def _of_entry(entry: Entry) -> Line:
    what = str(entry.get_kind_display())
    was, became = (_word(entry.facts.get(name)) for name in ("from", "to"))
    if was and became:
        what = gettext("{what}: from {before} to {after}").format(
            what=what, before=was, after=became
        )
    elif became:
        what = pgettext("what happened and to what", "{what}: {after}").format(
            what=what, after=became
        )
    return Line(
        at=entry.at,
        when=moment(entry.at),
        what=what,
        who=_who(entry.actor),
        is_public=entry.is_public,
        note=entry.note,
    )


def _word(value: object) -> str:
    """A severity, or a health as it is declared."""
    if not isinstance(value, str):
        return ""
    return str(Declared(value).label) if value in Declared.values else value


def _who(person: object | None) -> str:
    return gettext("The portal") if person is None else str(person)
