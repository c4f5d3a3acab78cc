"""The approved texts of incidents, in both languages at once, and which of them fits an outage.

They were ready before they were needed (docs/words.md), so a first notice takes seconds. Both
languages are stored with the update, so they are no messages of the catalogue. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

import core.placeholders
from core.bilingual import Bilingual, Language
from services.status.health import Health

# `service`: the names of the services, joined. `count`: how many, with its noun, in the genitive
# («خدمتين»). `shared`: the shared service as citizens may know it (rule 12). `since`, `time`,
# `expected`, `next_update`: points in time with their days. `duration`: a length of time, in the
# accusative. `zone`: the time zone, said once in a text.
PLACEHOLDERS = (
    "service",
    "count",
    "shared",
    "since",
    "time",
    "expected",
    "next_update",
    "duration",
    "zone",
)


class Template(StrEnum):
    """What an approved text is for; stored with the update that used it."""

    # First notices. They promise a next update.
    HOLDING = "holding"
    HOLDING_MANY = "holding_many"
    HOLDING_SHARED = "holding_shared"
    SLOW = "slow"
    SLOW_MANY = "slow_many"
    # So many people at once that it is slow: a person knows why, no probe does.
    SURGE = "surge"
    PARTIAL = "partial"
    # On the way.
    IDENTIFIED = "identified"
    FIXING = "fixing"
    FIXING_EXPECTED = "fixing_expected"
    MONITORING = "monitoring"
    WORSENED = "worsened"
    REOPENED = "reopened"
    # The end.
    RESTORED = "restored"
    RESTORED_MANY = "restored_many"
    RESTORED_SHARED = "restored_shared"
    RESOLVED_ITSELF = "resolved_itself"
    # An answer to a rumour.
    CLARIFICATION = "clarification"


HOLDING = frozenset(
    {
        Template.HOLDING,
        Template.HOLDING_MANY,
        Template.HOLDING_SHARED,
        Template.SLOW,
        Template.SLOW_MANY,
        Template.SURGE,
        Template.PARTIAL,
    }
)

TEMPLATES: Mapping[Template, Bilingual] = {
    Template.HOLDING: Bilingual(
        ar="نعلم بوجود مشكلة في خدمة {service} منذ {since}، وقد لا تتمكن من استخدامها. نتحقق من"
        " المشكلة الآن، والتحديث القادم قبل {next_update} ({zone}).",
        en="There has been a problem with {service} since {since}. You may not be able to use it."
        " We know about it and are looking into it. Next update by {next_update} ({zone}).",
    ),
    Template.HOLDING_MANY: Bilingual(
        ar="نعلم بوجود مشكلة في {count} منذ {since}، وقد لا تتمكن من استخدامها: {service}. نتحقق"
        " من المشكلة الآن، والتحديث القادم قبل {next_update} ({zone}).",
        en="There has been a problem with {count} since {since}. You may not be able to use them:"
        " {service}. We know about it and are looking into it. Next update by {next_update}"
        " ({zone}).",
    ),
    Template.HOLDING_SHARED: Bilingual(
        ar="نعلم بوجود مشكلة في {shared} منذ {since}، وهي تؤثر في {count}. لا حاجة إلى تقديم بلاغ"
        " عن كل خدمة. نتحقق من المشكلة الآن، والتحديث القادم قبل {next_update} ({zone}).",
        en="There has been a problem with {shared} since {since}, and it affects {count}. You do"
        " not need to report each service. We know about it and are looking into it. Next update"
        " by {next_update} ({zone}).",
    ),
    Template.SLOW: Bilingual(
        ar="خدمة {service} بطيئة أو متقطّعة منذ {since}. يمكنك استخدامها، وقد يستغرق ذلك وقتًا أطول"
        " من المعتاد. نتحقق من السبب الآن، والتحديث القادم قبل {next_update} ({zone}).",
        en="{service} has been slow or unsteady since {since}. You can use it, but it may take"
        " longer than usual. We are looking into the cause. Next update by {next_update} ({zone}).",
    ),
    Template.SLOW_MANY: Bilingual(
        ar="نعلم بوجود بطء أو تقطّع في {count} منذ {since}: {service}. يمكنك استخدامها، وقد يستغرق"
        " ذلك وقتًا أطول من المعتاد. نتحقق من السبب الآن، والتحديث القادم قبل {next_update}"
        " ({zone}).",
        en="{count} have been slow or unsteady since {since}: {service}. You can use them, but it"
        " may take longer than usual. We are looking into the cause. Next update by {next_update}"
        " ({zone}).",
    ),
    Template.SURGE: Bilingual(
        ar="خدمة {service} أبطأ من المعتاد منذ {since} بسبب كثرة المستخدمين في الوقت نفسه. الخدمة"
        " تعمل؛ إن لم تكن مستعجلًا فحاول في وقت لاحق. التحديث القادم قبل {next_update} ({zone}).",
        en="{service} has been slower than usual since {since} because very many people are using"
        " it at once. It works; if you are not in a hurry, try again later. Next update by"
        " {next_update} ({zone}).",
    ),
    Template.PARTIAL: Bilingual(
        ar="بعض قنوات خدمة {service} لا تعمل منذ {since}، ويمكنك استخدام القنوات الأخرى. نتحقق من"
        " المشكلة الآن، والتحديث القادم قبل {next_update} ({zone}).",
        en="Some of the ways to use {service} have not worked since {since}. You can use the"
        " others. We know about it and are looking into it. Next update by {next_update} ({zone}).",
    ),
    Template.IDENTIFIED: Bilingual(
        ar="حُدِّد سبب المشكلة في {service}، ونعمل على حلّها. التحديث القادم قبل {next_update}"
        " ({zone}).",
        en="We have found the cause of the problem with {service} and are working on a solution."
        " Next update by {next_update} ({zone}).",
    ),
    Template.FIXING: Bilingual(
        ar="نعمل على إصلاح المشكلة في {service}. التحديث القادم قبل {next_update} ({zone}).",
        en="We are fixing the problem with {service}. Next update by {next_update} ({zone}).",
    ),
    Template.FIXING_EXPECTED: Bilingual(
        ar="نعمل على إصلاح المشكلة في {service}، ووقت العودة المتوقع {expected} ({zone}).",
        en="We are fixing the problem with {service}. Expected return: {expected} ({zone}).",
    ),
    Template.MONITORING: Bilingual(
        ar="أُصلحت المشكلة في {service}، ونراقب الآن استقرار العمل. التحديث القادم قبل {next_update}"
        " ({zone}).",
        en="The problem with {service} has been fixed, and we are watching that it stays so. Next"
        " update by {next_update} ({zone}).",
    ),
    Template.WORSENED: Bilingual(
        ar="تفاقمت المشكلة في {service} عند {time}. نعمل على حلّها، والتحديث القادم قبل"
        " {next_update} ({zone}).",
        en="The problem with {service} became worse at {time}. We are working on it. Next update"
        " by {next_update} ({zone}).",
    ),
    Template.REOPENED: Bilingual(
        ar="عادت المشكلة في {service} إلى الظهور عند {time}. نتحقق منها من جديد، والتحديث القادم"
        " قبل {next_update} ({zone}).",
        en="The problem with {service} came back at {time}. We are looking into it again. Next"
        " update by {next_update} ({zone}).",
    ),
    Template.RESTORED: Bilingual(
        ar="عادت خدمة {service} إلى العمل كالمعتاد عند {time} ({zone}). نعتذر عن المشكلة التي"
        " استمرت {duration}.",
        en="{service} has been working as usual again since {time} ({zone}). We apologise for the"
        " problem, which lasted {duration}.",
    ),
    Template.RESTORED_MANY: Bilingual(
        ar="انتهت المشكلة في {count} عند {time} ({zone})، وعاد العمل كالمعتاد: {service}. نعتذر عن"
        " المشكلة التي استمرت {duration}.",
        en="The problem with {count} ended at {time} ({zone}), and they work as usual again:"
        " {service}. We apologise for the problem, which lasted {duration}.",
    ),
    Template.RESTORED_SHARED: Bilingual(
        ar="انتهت المشكلة في {shared} عند {time} ({zone})، وقد أثّرت في {count}. نعتذر عن المشكلة"
        " التي استمرت {duration}.",
        en="The problem with {shared}, which affected {count}, ended at {time} ({zone}). We"
        " apologise for the problem, which lasted {duration}.",
    ),
    Template.RESOLVED_ITSELF: Bilingual(
        ar="انتهت المشكلة في {service} من تلقاء نفسها عند {time} ({zone})، كما تُظهر فحوصنا الآلية،"
        " بعد أن استمرت {duration}.",
        en="The problem with {service} ended by itself at {time} ({zone}), as our automatic checks"
        " show. It lasted {duration}.",
    ),
    Template.CLARIFICATION: Bilingual(
        ar="توضيح: ما يُتداول عن {service} غير صحيح. يُرجى الاعتماد على الإعلانات الرسمية وحدها.",
        en="Clarification: what is being said about {service} is incorrect. Please rely on official"
        " announcements only.",
    ),
}

# What an incident is called from its first text on.
TITLES: Mapping[Template, Bilingual] = {
    Template.HOLDING: Bilingual(ar="مشكلة في {service}", en="Problem with {service}"),
    Template.HOLDING_MANY: Bilingual(ar="مشكلة في {count}", en="Problem with {count}"),
    Template.HOLDING_SHARED: Bilingual(ar="مشكلة في {shared}", en="Problem with {shared}"),
    Template.SLOW: Bilingual(ar="بطء أو تقطّع في {service}", en="Slow or unsteady: {service}"),
    Template.SLOW_MANY: Bilingual(ar="بطء أو تقطّع في {count}", en="Slow or unsteady: {count}"),
    Template.SURGE: Bilingual(ar="إقبال كبير على {service}", en="High demand for {service}"),
    Template.PARTIAL: Bilingual(ar="توقف جزئي في {service}", en="Partial outage of {service}"),
    Template.CLARIFICATION: Bilingual(
        ar="توضيح بشأن {service}", en="Clarification about {service}"
    ),
}


def which(
    *, services: int, is_shared: bool, health: Health, has_working_channel: bool = False
) -> Template:
    """The first notice that says no more than is known.

    `services` counts what is affected: of a shared service its dependants. `health` is the worst
    of the services that the incident lists, `has_working_channel` whether one of the ways to use
    the only service is measured to work.
    """
    if is_shared and services:
        return Template.HOLDING_SHARED
    is_slow = health is Health.DEGRADED
    if services > 1:
        return Template.SLOW_MANY if is_slow else Template.HOLDING_MANY
    if is_slow:
        return Template.SLOW
    if health is Health.PARTIAL_OUTAGE and has_working_channel:
        return Template.PARTIAL
    return Template.HOLDING


def restored(*, services: int, is_shared: bool) -> Template:
    """The text for the end of an incident; counted as for `which`."""
    if is_shared and services:
        return Template.RESTORED_SHARED
    return Template.RESTORED_MANY if services > 1 else Template.RESTORED


def approved(text: Bilingual) -> Template | None:
    """The template that `text` repeats word for word in both languages: it needs no second person.

    Where lines were broken does not count; None for free text.
    """
    folded = _folded(text)
    return next((code for code, known in TEMPLATES.items() if _folded(known) == folded), None)


def _folded(text: Bilingual) -> tuple[str, str]:
    return " ".join(text.ar.split()), " ".join(text.en.split())


def fill(
    text: Bilingual,
    values: Mapping[Language, Mapping[str, str]],
    *,
    shown: Callable[[str], str] | None = None,
) -> Bilingual:
    """Both languages of `text` with the placeholders filled, each value passed through `shown`.

    Raises core.placeholders.UnknownPlaceholder, also for a placeholder without a value.
    """
    return Bilingual(
        ar=core.placeholders.fill(text.ar, values["ar"], shown=shown),
        en=core.placeholders.fill(text.en, values["en"], shown=shown),
    )
