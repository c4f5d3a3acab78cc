"""What staff are told about a status: whole sentences, each with the rules that it follows.

Instants and lengths of time are exact to the second here; citizens' pages round to minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.arabic import Digits, in_digits
from services import labels
from services.status.flapping import FlapPolicy
from services.status.health import CheckHealth, Health, Outcome
from services.status.machine import GAP_INTERVALS, Policy
from services.status.observation import Reason
from statusportal.ops.published import Ground, PublishedService, PublishedUpstream
from statusportal.ops.why import CheckStory, Phase, PlaceStory, Prospect
from statusportal.public import words
from statusportal.public.words import name, number


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence, and the rules that it follows in words; "" where it follows none."""

    text: SafeString | str
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Term:
    """One value with its name."""

    name: str
    value: SafeString | str


def rules(*numbers: int) -> str:
    """ "rule 12", "rules 9 and 10": as they are numbered in docs/truth.md."""
    shown = [number(each) for each in numbers]
    joined = shown[-1]
    if shown[:-1]:
        # Translators: joins numbers of rules, as in "2, 9 and 10".
        joined = gettext("{first} and {last}").format(
            first=gettext(", ").join(shown[:-1]), last=shown[-1]
        )
    return ngettext("rule {numbers}", "rules {numbers}", len(numbers)).format(numbers=joined)


def instant(at: datetime) -> SafeString:
    """An instant to the second, in the deployment's zone, as in the rest of the staff's pages."""
    local = timezone.localtime(at, ZoneInfo(settings.TIME_ZONE))
    return format_html(
        '<time datetime="{}" dir="ltr">{}</time>',
        local.isoformat(timespec="milliseconds"),
        in_language(local.strftime("%Y-%m-%d %H:%M:%S")),
    )


def in_language(digits: str) -> str:
    """`digits` in the digits of the language of the page."""
    if words.language() != "ar":
        return digits
    return in_digits(digits, cast(Digits, settings.DIGITS))


def span(length: timedelta) -> str:
    """A length of time; to the second where it is short or uneven."""
    seconds = round(length.total_seconds())
    if seconds < 120 or seconds % 60:
        return ngettext("{n} second", "{n} seconds", seconds).format(n=number(seconds))
    return words.duration(seconds)


def milliseconds(value: int) -> str:
    """A length of time in milliseconds, with its unit."""
    return ngettext("{n} millisecond", "{n} milliseconds", value).format(n=number(value))


def health(value: Health | None) -> Promise:
    """The word of a state; None is "not monitored"."""
    return labels.NOT_MONITORED if value is None else labels.HEALTH[value]


# --- what is published --------------------------------------------------------------------------

_GROUND: Mapping[Ground, tuple[Promise, tuple[int, ...]]] = {
    Ground.MEASURED: (_("Our own checks say so."), (2, 9, 10)),
    Ground.UNSTABLE: (
        _("A check keeps changing between good and not good: that counts as degraded at least."),
        (11,),
    ),
    Ground.CASCADE: (_("Something that it needs is in trouble."), (12,)),
    Ground.WINDOW: (_("Announced work is under way."), (14, 16)),
    Ground.DECLARED: (_("A person declared it in an open incident."), (17,)),
    Ground.OVERRIDE: (_("A person publishes it better than it is measured, for a while."), (17,)),
    Ground.HELD: (
        _("It is not seen any more; while its incident is open, what was seen last stays."),
        (17,),
    ),
    Ground.STALE: (_("Nothing was observed lately, so nobody can say."), (20,)),
    Ground.UNDECIDED: (
        _("It is being observed, but the answers do not add up to a state yet."),
        (2, 8),
    ),
    Ground.NOT_MONITORED: (
        _("No check is switched on, so nothing is measured and nothing is counted."),
        (9, 10),
    ),
}


def ground(value: Ground) -> Line:
    sentence, numbers = _GROUND[value]
    return Line(str(sentence), rules(*numbers))


def service_lines(published: PublishedService) -> list[Line]:
    """By which rule the service is what it is, with the names of those that do it."""
    lines = []
    for value in published.grounds:
        named = _carrying(published.upstreams)
        if value is Ground.CASCADE and named:
            lines.append(
                Line(
                    format_html(
                        gettext("It is affected by a problem with {names}."), names=_list(named)
                    ),
                    rules(12),
                )
            )
        else:
            lines.append(ground(value))
    if published.reason is not None:
        lines.append(Line(_because(published.reason)))
    return lines


def _carrying(upstreams: Iterable[PublishedUpstream]) -> list[SafeString]:
    found = {up.slug: name(up.name) for up in upstreams if up.carried is not None}
    return list(found.values())


def _list(names: Iterable[SafeString]) -> SafeString:
    return format_html_join(gettext(", "), "{}", ((each,) for each in names))


def _because(reason: Reason) -> SafeString:
    """A reason in words, and its code: two codes may share their words for citizens."""
    return format_html("{} {}", labels.REASON[reason], code(reason.name))


def code(text: str) -> SafeString:
    """A word of machines, the same in every language."""
    return format_html('<code lang="en" dir="ltr">{}</code>', text.lower())


def carried(upstream: PublishedUpstream) -> str:
    """What one dependency brings about (rule 12)."""
    if upstream.carried is not None:
        return gettext("It makes what depends on it: {state}").format(
            state=health(upstream.carried)
        )
    if upstream.is_note:
        return gettext("It is only mentioned.")
    return gettext("It changes nothing.")


# --- one place ----------------------------------------------------------------------------------


def place_lines(story: PlaceStory, policy: Policy, flapping: FlapPolicy) -> list[Line]:
    """What one location says of a check, what it waits for, and what would change it."""
    state = story.place.state
    lines = []
    if state.since is not None:
        lines.append(Line(format_html(gettext("Since {moment}"), moment=instant(state.since))))
    if state.reason is not None:
        lines.append(Line(_because(state.reason)))
    lines += _phase(story)
    lines += [_prospect(prospect) for prospect in story.prospects]
    lines.append(_freshness(story))
    if story.place.doubted_since is not None:
        lines.append(
            Line(
                format_html(
                    gettext(
                        "We have doubted our own connection to this network since {moment}: bad"
                        " answers count as our own fault."
                    ),
                    moment=instant(story.place.doubted_since),
                ),
                rules(7),
            )
        )
    lines.append(_stability(story, flapping))
    if story.place.certificate_days is not None:
        lines.append(_certificate(story.place.certificate_days))
    return lines


def _phase(story: PlaceStory) -> list[Line]:
    n = story.pending
    match story.phase:
        case Phase.WORSENING:
            sentence = ngettext(
                "The newest answer was worse; that is not confirmed and not shown.",
                "The newest {n} answers were worse; that is not confirmed and not shown.",
                n,
            )
        case Phase.IMPROVING:
            sentence = ngettext(
                "The newest answer was better; recovery is not confirmed yet.",
                "The newest {n} answers were better; recovery is not confirmed yet.",
                n,
            )
        case Phase.LEARNING:
            sentence = ngettext(
                "{n} answer so far: too few to say what it is.",
                "{n} answers so far: too few to say what it is.",
                n,
            )
        case _:
            return []
    return [Line(sentence.format(n=number(n)), rules(2))]


def _prospect(prospect: Prospect) -> Line:
    n = prospect.answers
    match prospect.outcome:
        case Outcome.OK:
            sentence = ngettext(
                "{n} more good answer in a row confirms: {state}",
                "{n} more good answers in a row confirm: {state}",
                n,
            )
        case Outcome.SLOW:
            sentence = ngettext(
                "{n} more slow answer in a row confirms: {state}",
                "{n} more slow answers in a row confirm: {state}",
                n,
            )
        case _:
            sentence = ngettext(
                "{n} more bad answer in a row confirms: {state}",
                "{n} more bad answers in a row confirm: {state}",
                n,
            )
    state = labels.CHECK_HEALTH[prospect.health]
    return Line(sentence.format(n=number(n), state=state), rules(2))


def _freshness(story: PlaceStory) -> Line:
    if story.fresh_until is None:
        return Line(gettext("Nothing was ever seen of it from here."), rules(20))
    if story.is_fresh:
        sentence = gettext("Fresh until {moment}; after that it reads as unknown.")
        return Line(format_html(sentence, moment=instant(story.fresh_until)), rules(20))
    sentence = gettext("Stale since {moment}: it reads as unknown, whatever was confirmed before.")
    return Line(format_html(sentence, moment=instant(story.fresh_until)), rules(20))


def _stability(story: PlaceStory, flapping: FlapPolicy) -> Line:
    if story.unstable_until is not None:
        sentence = gettext("Unstable: it counts as degraded at least until {moment}.")
        return Line(format_html(sentence, moment=instant(story.unstable_until)), rules(11))
    sentence = ngettext(
        "{n} change between good and not good in the last {window}; more than {most} make it"
        " unstable.",
        "{n} changes between good and not good in the last {window}; more than {most} make it"
        " unstable.",
        story.turns,
    )
    return Line(
        sentence.format(
            n=number(story.turns), window=span(flapping.window), most=number(flapping.turns)
        ),
        rules(11),
    )


def _certificate(days: int) -> Line:
    if days < 0:
        return Line(gettext("Its security certificate has ended."), rules(6))
    sentence = ngettext(
        "Its security certificate ends in {n} day.",
        "Its security certificate ends in {n} days.",
        days,
    )
    return Line(sentence.format(n=number(days)), rules(6))


def change_lines(story: PlaceStory) -> list[Line]:
    """How the last change came about: from what to what, when it began, when it was confirmed."""
    change = story.place.change
    if change is None:
        return [Line(gettext("Its state has never changed."))]
    lines = [
        Line(
            format_html(
                gettext(
                    "{before}, then {after}: it began at {at} and was confirmed at {confirmed}."
                ),
                before=labels.CHECK_HEALTH[change.from_health],
                after=labels.CHECK_HEALTH[change.to_health],
                at=instant(change.at),
                confirmed=instant(change.confirmed_at),
            ),
            rules(2, 3),
        )
    ]
    if change.to_health is CheckHealth.UNKNOWN:
        sentence = gettext("Nothing was seen of it in between, for longer than {n} intervals.")
        lines.append(Line(sentence.format(n=number(GAP_INTERVALS)), rules(2)))
    elif not story.confirming:
        lines.append(Line(gettext("The answers that confirmed it are not kept any more.")))
    return lines


# --- one check ----------------------------------------------------------------------------------


def check_lines(story: CheckStory) -> list[Line]:
    """How several locations become one verdict, and when it is asked again."""
    check, lines = story.check, []
    if not check.is_enabled:
        return [Line(gettext("This check is switched off: nobody asks, and it is not counted."))]
    if len(story.places) > 1:
        sentence = gettext("{fresh} of {all} locations know its state; more than half decide.")
        lines.append(
            Line(
                sentence.format(fresh=number(story.fresh_places), all=number(len(story.places))),
                rules(8),
            )
        )
    if check.is_fast:
        sentence = gettext("It is asked again {span} after the end of each answer.")
        lines.append(Line(sentence.format(span=span(check.policy.fast_interval)), rules(5)))
    elif story.wants_fast:
        lines.append(
            Line(
                gettext(
                    "It asks for the fast interval, but has no fast turn: it is asked at its own."
                ),
                rules(5),
            )
        )
    else:
        sentence = gettext("It is asked at its own interval: every {span}.")
        lines.append(Line(sentence.format(span=span(check.policy.interval)), rules(5)))
    if check.next_due_at is None:
        lines.append(Line(gettext("It is not scheduled.")))
    elif story.is_overdue:
        sentence = gettext("It was due at {moment}, and nobody has asked: are the workers alive?")
        lines.append(Line(format_html(sentence, moment=instant(check.next_due_at))))
    else:
        sentence = gettext("Next due at {moment}.")
        lines.append(Line(format_html(sentence, moment=instant(check.next_due_at))))
    return lines


def check_numbers(story: CheckStory) -> list[Term]:
    """The numbers of this check that the rules use."""
    policy = story.check.policy
    unseen = GAP_INTERVALS * policy.interval + policy.timeout
    return [
        Term(gettext("Interval"), span(policy.interval)),
        Term(gettext("Time-out"), span(policy.timeout)),
        Term(gettext("Slow from"), milliseconds(story.check.slow_after_ms)),
        Term(gettext("Unknown when not seen for"), span(unseen)),
    ]


def portal_numbers(flapping: FlapPolicy, policy: Policy) -> list[Term]:
    """The numbers that all checks share."""
    return [
        Term(gettext("Answers that confirm a worse state"), number(policy.worsen_after)),
        Term(gettext("Answers that confirm a better state"), number(policy.improve_after)),
        Term(gettext("Intervals without an answer that make a gap"), number(GAP_INTERVALS)),
        Term(gettext("Fast interval"), span(policy.fast_interval)),
        Term(gettext("Fast after a confirmed failure for"), span(policy.fast_for)),
        Term(gettext("Changes that do not make it unstable yet"), number(flapping.turns)),
        Term(gettext("Time in which changes are counted"), span(flapping.window)),
        Term(gettext("Quiet time that ends being unstable"), span(flapping.quiet)),
    ]
