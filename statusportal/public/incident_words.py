"""What is said of incidents, announcements and clarifications: whole sentences of our own.

The texts that people wrote stand beside them, in both languages, as they were published.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext, npgettext, pgettext
from django.utils.translation import gettext_lazy as _

from core.arabic import without_bidi_controls
from core.bilingual import Bilingual
from incidents import labels
from incidents.labels import EntryKind, Kind, Phase
from statusportal.public import day_words, words
from statusportal.public.incident_lists import IncidentShown, Line
from statusportal.public.service_words import joined
from statusportal.public.shape import EntryFact, ServiceFact
from statusportal.public.window_words import clock

_NAMES_SHOWN = 3
_DAY_S = 86_400


# --- names, times -------------------------------------------------------------------------------


def title(notice: IncidentShown) -> SafeString:
    """What the notice is called; where its title names what is not public, a name for that."""
    if notice.fact.title and notice.may_say(notice.fact.title):
        return words.name(notice.fact.title)
    return format_html("<bdi>{}</bdi>", gettext("Problem with a shared government platform"))


def kind(notice: IncidentShown) -> str:
    """ "Incident", "Announcement" or "Clarification"."""
    code = notice.fact.kind
    return str(Kind(code).label) if code in Kind.values else code


def phase(code: str) -> str:
    """The word of a phase; the snapshot may come from a newer release."""
    return str(Phase(code).label) if code in Phase.values else code


def state(notice: IncidentShown) -> str:
    """The one word beside its sign: how far people are with it, or what kind of notice it is."""
    if not notice.is_incident:
        return kind(notice)
    if notice.is_absorbed:
        return pgettext("phase of an incident", "Joined to another notice")
    return phase(notice.fact.phase)


def names(notice: IncidentShown, *, linked: bool = False) -> SafeString:
    """ "Passport renewal (mobile app), Visit visa and 4 more": what it lists."""
    facts = notice.said.services
    if not facts:
        return words.hidden_upstream()
    told = [_named(notice, fact, linked) for fact in facts[:_NAMES_SHOWN]]
    if more := len(facts) - len(told):
        said = npgettext("end of a list", "{n} other service", "{n} other services", more)
        told.append(format_html("<bdi>{}</bdi>", said.format(n=words.number(more))))
    return joined(told)


def _named(notice: IncidentShown, fact: ServiceFact, linked: bool) -> SafeString:
    name = words.name(fact.name)
    if linked:
        name = format_html('<a href="{}">{}</a>', reverse("public:service", args=[fact.slug]), name)
    kinds = channels(notice, fact)
    if not kinds:
        return name
    return format_html(
        pgettext("service and channels", "{name} ({channels})"),
        name=name,
        channels=words.listed(kinds),
    )


def channels(notice: IncidentShown, fact: ServiceFact) -> list[object]:
    """The ways to a service that it is about, where these are not all."""
    chosen = {id_ for one in notice.fact.services if one.id == fact.id for id_ in one.channels}
    kinds = [channel.kind for channel in fact.channels if channel.id in chosen]
    if len(kinds) == len(fact.channels):
        return []
    return [words.channel_name(kind) for kind in kinds]


def relative(at: datetime, now: datetime) -> str:
    """ "25 minutes ago", "in 2 hours": how far an instant is from now; in whole days beyond one."""
    seconds = int((now - at).total_seconds())
    if seconds >= _DAY_S:
        return day_words.days_ago(seconds // _DAY_S)
    if seconds >= 0:
        # Translators: {duration} is a length of time in the genitive: «قبل ساعتين».
        return pgettext("point in time", "{duration} ago").format(duration=words.duration(seconds))
    # Translators: {duration} is a length of time in the genitive: «بعد ساعتين».
    return pgettext("point in time", "in {duration}").format(duration=words.duration(-seconds))


def _with_distance(at: datetime, now: datetime) -> SafeString:
    """A point in time with its distance in brackets, for the end of a sentence."""
    return format_html(
        # Translators: "14:30 on Sunday 22 November 2026 (in 25 minutes)".
        pgettext("point in time", "{moment} ({distance})"),
        moment=words.moment(at),
        distance=relative(at, now),
    )


# --- where it stands ----------------------------------------------------------------------------

_SENTENCES: Mapping[str, Promise] = {
    Phase.INVESTIGATING: _("We know about this problem and are looking into it."),
    Phase.IDENTIFIED: _("The cause of this problem has been found."),
    Phase.FIXING: _("This problem is being fixed."),
    Phase.MONITORING: _("This problem has been fixed, and we are watching that it stays so."),
}


def sentence(notice: IncidentShown) -> SafeString:
    """Where it stands, in one plain sentence."""
    if not notice.is_incident:
        return _not_an_incident(notice)
    if notice.is_absorbed:
        return format_html(
            "{}", gettext("This problem is part of a larger one, which has a notice of its own.")
        )
    if notice.is_open:
        return format_html("{}", _SENTENCES.get(notice.fact.phase, ""))
    said = (
        _("This problem ended by itself after {duration}, as our automatic checks show.")
        if notice.fact.resolved_itself
        else _("This problem is over. It lasted {duration}.")
    )
    return format_html(str(said), duration=_length(notice))


def _length(notice: IncidentShown) -> str:
    """How long it lasted: in whole minutes, begun ones too, as the approved texts count them."""
    return words.duration(math.ceil(notice.lasted.total_seconds() / 60) * 60)


def _not_an_incident(notice: IncidentShown) -> SafeString:
    at = words.moment(notice.fact.first_notice_at)
    if not notice.is_open and notice.fact.resolved_at is not None:
        said = gettext("Published at {at}. It has not applied any more since {end}.")
        return format_html(said, at=at, end=words.moment(notice.fact.resolved_at))
    return format_html(gettext("Published at {at}."), at=at)


def promises(notice: IncidentShown) -> list[SafeString]:
    """Until when, and when there is news again: what is promised, and what was not kept."""
    if not notice.is_open:
        return []
    fact, now = notice.fact, notice.now
    said = []
    if fact.expected_return_at is not None and notice.is_incident:
        sentence = (
            _("It should work again by {at}.")
            if now < fact.expected_return_at
            else _("It was expected to work again by {at}; nobody has confirmed that yet.")
        )
        said.append(format_html(str(sentence), at=_with_distance(fact.expected_return_at, now)))
    if notice.said.overdue_since is not None:
        said.append(overdue(notice.said.overdue_since, now))
    elif fact.next_update_by is not None:
        said.append(
            format_html(
                gettext("Next update by {at}."), at=_with_distance(fact.next_update_by, now)
            )
        )
    return said


def unsaid_promises(notice: IncidentShown) -> list[SafeString]:
    """Of the promises those that the newest text does not make itself, where both stand together:
    approved texts name their times."""
    newest = notice.newest
    if newest is None:
        return promises(notice)
    text = without_bidi_controls(newest.text.in_language(words.language()))
    times = (notice.fact.expected_return_at, notice.fact.next_update_by)
    said = {strip_tags(words.moment(at)) for at in times if at is not None and notice.now < at}
    made = [moment for moment in said if moment in text]
    return [
        promise
        for promise in promises(notice)
        if not any(moment in strip_tags(promise) for moment in made)
    ]


def overdue(since: datetime, now: datetime) -> SafeString:
    """The update that was promised and did not come (rule 20)."""
    return format_html(
        gettext("An update has been overdue since {at}."), at=_with_distance(since, now)
    )


def newest_at(notice: IncidentShown) -> SafeString | None:
    """When the newest text was published."""
    if notice.newest is None:
        return None
    return format_html(gettext("Newest update: {at}"), at=words.moment(notice.newest.at))


def when(notice: IncidentShown) -> SafeString:
    """In a list: since when, or from when to when and how long; when a notice was published."""
    fact = notice.fact
    if not notice.is_incident:
        return format_html(gettext("Published at {at}"), at=words.moment(fact.first_notice_at))
    if notice.ended_at is None:
        return words.since(fact.started_at)
    zone = ZoneInfo(settings.TIME_ZONE)
    day = fact.started_at.astimezone(zone).date()
    length = _length(notice)
    if day == notice.ended_at.astimezone(zone).date():
        return format_html(
            # Translators: the day once, then two times of it; {duration} is in the genitive.
            pgettext("problem that is over", "{day}, from {start} to {end} ({duration})"),
            day=words.day(day),
            start=clock(fact.started_at),
            end=clock(notice.ended_at),
            duration=length,
        )
    return format_html(
        # Translators: {start} and {end} are points in time with their days, {duration} a length
        # of time in the genitive.
        pgettext("problem that is over", "From {start} to {end} ({duration})"),
        start=words.moment(fact.started_at),
        end=words.moment(notice.ended_at),
        duration=length,
    )


# --- texts of people ----------------------------------------------------------------------------


def html(notice: IncidentShown, html_text: Bilingual, text: Bilingual) -> SafeString:
    """A published text in the language of the page; nothing where it names what is not public."""
    if not notice.may_say(text):
        return SafeString("")
    language = words.language()
    shown = html_text.language_shown(language)
    # Made by core.markup from an allow-list when it was published.
    body = mark_safe(html_text.in_language(language))  # noqa: S308
    if shown == language:
        return format_html('<div class="prose">{}</div>', body)
    direction = "rtl" if shown == "ar" else "ltr"
    return format_html('<div class="prose" lang="{}" dir="{}">{}</div>', shown, direction, body)


def paragraphs(text: Bilingual) -> SafeString:
    """A plain text with its line breaks, as it was typed."""
    language = words.language()
    shown = text.language_shown(language)
    parts = text.in_language(language).replace("\r\n", "\n").strip().split("\n\n")
    # Each line was escaped; what stands between are breaks of ours.
    broken = [
        mark_safe("<br>".join(str(conditional_escape(line)) for line in part.split("\n")))  # noqa: S308
        for part in parts
    ]
    body = format_html_join("", "<p>{}</p>", ((part,) for part in broken))
    direction = "rtl" if shown == "ar" else "ltr"
    if shown == language:
        return body
    return format_html('<div lang="{}" dir="{}">{}</div>', shown, direction, body)


# --- facts --------------------------------------------------------------------------------------


def deadlines(notice: IncidentShown) -> SafeString | None:
    """What becomes of deadlines, as a whole sentence; None where the service has none."""
    fact = notice.fact
    if fact.deadlines == labels.Deadlines.EXTENDED and fact.deadlines_until is not None:
        return format_html(
            gettext(
                "The deadline is extended to {day}; no late fine applies because of this"
                " interruption."
            ),
            day=words.day(fact.deadlines_until),
        )
    said = _DEADLINES.get(fact.deadlines)
    return format_html("{}", said) if said is not None else None


_DEADLINES: Mapping[str, Promise] = {
    labels.Deadlines.UNCHANGED: _("Deadlines stay as they are."),
    labels.Deadlines.UNDER_REVIEW: _(
        "The agency is deciding about deadlines that fall into this interruption. What it decides"
        " will stand here."
    ),
    labels.Deadlines.EXTENDED: _(
        "Deadlines that fall into this interruption are extended. The new day will stand here."
    ),
}
_PAYMENTS: Mapping[str, Promise] = {
    labels.Payments.SAFE: _("Payments that were under way are safe. You need not do anything."),
    labels.Payments.DO_NOT_REPEAT: _(
        "If you were charged but got no receipt, do not pay again: your payment will be settled"
        " afterwards."
    ),
}


def payments(notice: IncidentShown) -> SafeString | None:
    """What becomes of payments under way, as a whole sentence; None where none are taken."""
    said = _PAYMENTS.get(notice.fact.payments)
    return format_html("{}", said) if said is not None else None


def cause(code: str) -> str:
    """Why it happened, by its class."""
    return str(labels.CauseClass(code).label) if code in labels.CauseClass.values else ""


# --- timeline -----------------------------------------------------------------------------------


def happening(line: Line, notice: IncidentShown) -> SafeString:
    """What happened beside the texts, in one sentence, with the services that it is about."""
    entry = line.entry
    assert entry is not None
    if entry.kind == EntryKind.ABSORBED:
        return _joined_to(entry, notice)
    told = _services(entry, notice)
    if told and entry.kind in _ABOUT:
        return format_html(str(_ABOUT[EntryKind(entry.kind)]), services=joined(told))
    return format_html("{}", _HAPPENINGS.get(entry.kind, ""))


def _services(entry: EntryFact, notice: IncidentShown) -> list[SafeString]:
    public = {fact.id: fact for fact in notice.said.services}
    return [words.name(public[id_].name) for id_ in entry.services if id_ in public]


_ABOUT: Mapping[str, Promise] = {
    EntryKind.JOINED: _("The problem spread to {services}."),
    EntryKind.WORSENED: _("The problem with {services} became worse."),
    EntryKind.RECOVERED: _("Our checks find {services} working again."),
    EntryKind.RELAPSED: _("The problem with {services} came back."),
}
_HAPPENINGS: Mapping[str, Promise] = {
    EntryKind.OPENED: _("The problem was confirmed."),
    EntryKind.JOINED: _("The problem spread to other services."),
    EntryKind.LISTED: _("The list of what is affected was changed."),
    EntryKind.WORSENED: _("The problem became worse."),
    EntryKind.RECOVERED: _("Our checks find it working again."),
    EntryKind.RELAPSED: _("The problem came back."),
    EntryKind.OVERRIDDEN: _("The agency says that it works better than our checks find."),
    EntryKind.OVERRIDE_OVER: _("What our checks find counts again."),
    EntryKind.RESOLVED: _("The problem was over."),
    EntryKind.REOPENED: _("The problem had not ended after all."),
    EntryKind.REPORTED: _("What was learned from it was published."),
}


def _joined_to(entry: EntryFact, notice: IncidentShown) -> SafeString:
    link = ref_link(entry.ref) if entry.ref else ""
    if entry.ref == notice.fact.absorbed_into:
        return format_html(gettext("This notice was joined to {notice}."), notice=link)
    return format_html(gettext("Notice {notice} was joined to this one."), notice=link)


def ref_link(ref: str) -> SafeString:
    """A reference with the address of its page."""
    return format_html(
        '<a href="{}"><bdi dir="ltr">{}</bdi></a>', reverse("public:incident", args=[ref]), ref
    )


def corrected(at: datetime) -> SafeString:
    """When a text was corrected."""
    return format_html(gettext("Corrected at {at}"), at=words.moment(at))


# --- on other pages -----------------------------------------------------------------------------


def affected_by(notice: IncidentShown, link: SafeString) -> SafeString:
    """On the page of a service that the notice reaches but does not list."""
    return format_html(
        # Translators: {notice} is the title of a notice.
        gettext("This service is affected by: {notice}"),
        notice=link,
    )


def dependants(n: int) -> str:
    """ "33 services that need it are affected too"."""
    return ngettext(
        "{n} service that needs it is affected too",
        "{n} services that need it are affected too",
        n,
    ).format(n=words.number(n))


def more(n: int) -> str:
    """After a list that was cut."""
    return ngettext("{n} more notice", "{n} more notices", n).format(n=words.number(n))
