"""What is said of planned work at each step, word by word, in both languages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.utils import translation

from maintenance.windows import Stage
from statusportal.public import reader, window_details, window_words
from statusportal.public.shape import StepFact, WindowFact
from statusportal.public.window_lists import WindowShown
from statusportal.public.window_notice import standing
from tests.statusportal.public.planned import DAY, HOUR, window, with_windows
from tests.statusportal.public.snapshots import BAD, NOW, Measured

MINUTE = timedelta(minutes=1)
# Friday 27 November 2026, from 00:30 to 04:30 in Bahrain.
STARTS = datetime(2026, 11, 26, 21, 30, tzinfo=UTC)
ENDS = STARTS + 4 * HOUR


@pytest.fixture(autouse=True)
def _bahrain(settings: Any) -> None:
    settings.TIME_ZONE = "Asia/Bahrain"
    settings.DIGITS = "latn"


def stands(
    fact: WindowFact, now: datetime, measured: Measured | None = None, *more: WindowFact
) -> WindowShown:
    """The window as a page at `now` has it, with everything seen at that instant."""
    said = reader.read(with_windows(fact, *more, measured=measured, seen_at=now), now)
    return next(one for one in standing(said) if one.ref == fact.ref)


def told(shown: WindowShown, language: str) -> str:
    with translation.override(language):
        lines = [window_details.plain_text(line.words) for line in window_words.sentences(shown)]
    text = " ".join(lines)
    return text.replace("\u2068", "").replace("\u2069", "")


# --- one window from its announcement to its end ------------------------------------------------

PLANNED = window("MW-7K3P92", "passport", starts_at=STARTS, ends_at=ENDS)
EXTENDED = msgspec.structs.replace(
    PLANNED,
    ends_at=ENDS + 2 * HOUR,
    steps=(
        *PLANNED.steps,
        StepFact("extended", ENDS + 30 * MINUTE, STARTS, ENDS + 2 * HOUR),
    ),
)
COMPLETED = msgspec.structs.replace(
    EXTENDED, state="completed", completed_at=ENDS + HOUR + 15 * MINUTE
)

LADDER = [
    (
        "announced",
        PLANNED,
        STARTS - 3 * DAY,
        Stage.ANNOUNCED,
        (
            "خدمة تجديد جواز السفر لن تكون متاحة من الساعة 00:30 يوم الجمعة 27 نوفمبر 2026 إلى"
            " الساعة 04:30 يوم الجمعة 27 نوفمبر 2026 (توقيت البحرين)."
        ),
        (
            "Passport renewal will be unavailable from 00:30 on Friday 27 November 2026 to 04:30 on"
            " Friday 27 November 2026 (Bahrain Time)."
        ),
    ),
    (
        "a day before",
        PLANNED,
        STARTS - DAY,
        Stage.UPCOMING,
        (
            "خدمة تجديد جواز السفر لن تكون متاحة من الساعة 00:30 يوم الجمعة 27 نوفمبر 2026 إلى"
            " الساعة 04:30 يوم الجمعة 27 نوفمبر 2026 (توقيت البحرين)."
        ),
        (
            "Passport renewal will be unavailable from 00:30 on Friday 27 November 2026 to 04:30 on"
            " Friday 27 November 2026 (Bahrain Time)."
        ),
    ),
    (
        "started",
        PLANNED,
        STARTS,
        Stage.IN_PROGRESS,
        (
            "خدمة تجديد جواز السفر غير متاحة الآن بسبب أعمال صيانة مجدولة. يُتوقع أن تنتهي الأعمال"
            " بعد 4 ساعات، أي الساعة 04:30 يوم الجمعة 27 نوفمبر 2026."
        ),
        (
            "Passport renewal is unavailable now because of planned work. The work should end in"
            " 4 hours, at 04:30 on Friday 27 November 2026."
        ),
    ),
    (
        "two minutes before its end",
        PLANNED,
        ENDS - 2 * MINUTE,
        Stage.IN_PROGRESS,
        (
            "خدمة تجديد جواز السفر غير متاحة الآن بسبب أعمال صيانة مجدولة. يُتوقع أن تنتهي الأعمال"
            " بعد دقيقتين، أي الساعة 04:30 يوم الجمعة 27 نوفمبر 2026."
        ),
        (
            "Passport renewal is unavailable now because of planned work. The work should end in"
            " 2 minutes, at 04:30 on Friday 27 November 2026."
        ),
    ),
    (
        "running over",
        PLANNED,
        ENDS,
        Stage.RUNNING_OVER,
        (
            "الأعمال على خدمة تجديد جواز السفر متأخرة عن موعدها منذ الساعة 04:30 يوم الجمعة 27"
            " نوفمبر 2026. تستجيب الخدمة لفحوصنا، ولم تؤكد الجهة انتهاء الأعمال بعد."
        ),
        (
            "The work on Passport renewal has been running over since 04:30 on Friday 27 November"
            " 2026. The service answers our checks; the agency has not confirmed that the work is"
            " done."
        ),
    ),
    (
        "extended",
        EXTENDED,
        ENDS + 30 * MINUTE,
        Stage.EXTENDED,
        (
            "خدمة تجديد جواز السفر غير متاحة الآن بسبب أعمال صيانة مجدولة. تستغرق الأعمال وقتًا"
            " أطول من المعلن. الموعد الجديد المتوقع لانتهائها الساعة 06:30 يوم الجمعة 27 نوفمبر"
            " 2026، أي بعد ساعة واحدة و30 دقيقةً."
        ),
        (
            "Passport renewal is unavailable now because of planned work. The work is taking longer"
            " than announced. New expected end: 06:30 on Friday 27 November 2026, in 1 hour and 30"
            " minutes."
        ),
    ),
    (
        "completed",
        COMPLETED,
        ENDS + HOUR + 15 * MINUTE,
        Stage.COMPLETED_RECENTLY,
        (
            "اكتملت الساعة 05:45 يوم الجمعة 27 نوفمبر 2026 الأعمال على خدمة تجديد جواز السفر. وكان"
            " ذلك متأخرًا عن الموعد المعلن بمقدار ساعة واحدة و15 دقيقةً. يمكنك استخدام الخدمة من"
            " جديد."
        ),
        (
            "The work on Passport renewal was completed at 05:45 on Friday 27 November 2026. That"
            " was 1 hour and 15 minutes later than announced. You can use the service again."
        ),
    ),
    (
        "a day after",
        COMPLETED,
        ENDS + DAY,
        Stage.OVER,
        (
            "اكتملت الساعة 05:45 يوم الجمعة 27 نوفمبر 2026 الأعمال على خدمة تجديد جواز السفر. وكان"
            " ذلك متأخرًا عن الموعد المعلن بمقدار ساعة واحدة و15 دقيقةً."
        ),
        (
            "The work on Passport renewal was completed at 05:45 on Friday 27 November 2026. That"
            " was 1 hour and 15 minutes later than announced."
        ),
    ),
]


@pytest.mark.parametrize(
    ("fact", "now", "stage", "arabic", "english"),
    [step[1:] for step in LADDER],
    ids=[step[0] for step in LADDER],
)
def test_at_each_step_of_its_life_it_is_said_like_this(
    fact: WindowFact, now: datetime, stage: Stage, arabic: str, english: str
) -> None:
    shown = stands(fact, now)

    assert shown.stage is stage
    assert told(shown, "ar") == arabic
    assert told(shown, "en") == english


# --- what else may become of it -----------------------------------------------------------------


def test_running_over_and_bad_it_claims_nothing() -> None:
    shown = stands(PLANNED, ENDS + HOUR, {"passport": BAD})

    assert told(shown, "en") == (
        "The work on Passport renewal has been running over since 04:30 on Friday 27 November"
        " 2026. The agency has not said yet when it will end."
    )
    assert told(shown, "ar").endswith("لم تعلن الجهة بعد موعد انتهائها.")


def test_completed_and_still_down_it_promises_nothing() -> None:
    shown = stands(COMPLETED, ENDS + HOUR + 15 * MINUTE, {"passport": BAD})

    assert "again" not in told(shown, "en")


def test_completed_early_it_names_no_delay() -> None:
    early = msgspec.structs.replace(PLANNED, state="completed", completed_at=ENDS - HOUR)

    assert told(stands(early, ENDS), "en") == (
        "The work on Passport renewal was completed at 03:30 on Friday 27 November 2026. You can"
        " use the service again."
    )


def test_cancelled_it_says_so_and_that_nothing_will_stop() -> None:
    off = msgspec.structs.replace(PLANNED, state="cancelled", cancelled_at=STARTS - DAY)
    shown = stands(off, STARTS + HOUR)

    assert told(shown, "en") == (
        "The work on Passport renewal that was planned for Friday 27 November 2026 is cancelled."
        " There will be no interruption for it."
    )
    assert told(shown, "ar") == (
        "أُلغيت الأعمال التي كانت مقررة يوم الجمعة 27 نوفمبر 2026 على خدمة تجديد جواز السفر، ولن"
        " يكون هناك توقف بسببها."
    )


def test_moved_it_names_the_new_time() -> None:
    moved = msgspec.structs.replace(PLANNED, state="postponed", moved_to="MW-NEW222")
    new = window("MW-NEW222", "passport", starts_at=STARTS + 7 * DAY, ends_at=ENDS + 7 * DAY)
    shown = stands(moved, STARTS - DAY, None, new)

    assert told(shown, "en") == (
        "The work on Passport renewal that was planned for Friday 27 November 2026 is moved to"
        " 00:30 on Friday 4 December 2026."
    )
    assert told(shown, "ar") == (
        "نُقلت الأعمال التي كانت مقررة يوم الجمعة 27 نوفمبر 2026 على خدمة تجديد جواز السفر إلى"
        " الساعة 00:30 يوم الجمعة 4 ديسمبر 2026."
    )


def test_postponed_without_a_new_time_it_promises_one() -> None:
    shown = stands(msgspec.structs.replace(PLANNED, state="postponed"), STARTS - DAY)

    assert shown.stage is Stage.POSTPONED
    assert told(shown, "en").endswith("is postponed. The new time will be announced here.")


@pytest.mark.parametrize(
    ("effect", "kind", "arabic", "english"),
    [
        (
            "stopped",
            "emergency",
            "خدمة تجديد جواز السفر غير متاحة الآن بسبب أعمال عاجلة.",
            "Passport renewal is unavailable now because of urgent work.",
        ),
        (
            "partly",
            "planned",
            "خدمة تجديد جواز السفر متاحة جزئيًا فقط الآن بسبب أعمال صيانة مجدولة.",
            "Passport renewal is only partly available now because of planned work.",
        ),
        (
            "partly",
            "emergency",
            "خدمة تجديد جواز السفر متاحة جزئيًا فقط الآن بسبب أعمال عاجلة.",
            "Passport renewal is only partly available now because of urgent work.",
        ),
        (
            "slow",
            "planned",
            "قد تكون خدمة تجديد جواز السفر أبطأ من المعتاد الآن بسبب أعمال صيانة مجدولة.",
            "Passport renewal may be slower than usual now because of planned work.",
        ),
        (
            "slow",
            "emergency",
            "قد تكون خدمة تجديد جواز السفر أبطأ من المعتاد الآن بسبب أعمال عاجلة.",
            "Passport renewal may be slower than usual now because of urgent work.",
        ),
        (
            "none",
            "planned",
            "تُجرى الآن أعمال على خدمة تجديد جواز السفر، ولن تلاحظ أثرًا لها.",
            "There is work on Passport renewal at present. You should not notice it.",
        ),
    ],
)
def test_each_effect_has_its_own_words(effect: str, kind: str, arabic: str, english: str) -> None:
    fact = window(
        "MW-1", "passport", starts_at=NOW - HOUR, ends_at=NOW + HOUR, effect=effect, kind=kind
    )
    shown = stands(fact, NOW)

    assert told(shown, "ar").startswith(arabic)
    assert told(shown, "en").startswith(english)


@pytest.mark.parametrize(
    ("slugs", "arabic", "english"),
    [
        (("passport",), "خدمة تجديد جواز السفر غير", "Passport renewal is"),
        (
            ("passport", "fines"),
            "خدمات تجديد جواز السفر ودفع المخالفات المرورية غير",
            "Passport renewal and Traffic fines are",
        ),
        (
            ("passport", "visa", "fines", "login", "court"),
            "خدمات تجديد جواز السفر وتأشيرة زيارة إلكترونية ودفع المخالفات المرورية و2 أخرى غير",
            "Passport renewal, Visit visa, Traffic fines, and 2 other services are",
        ),
        # Rule 12: not public, so it has no name, and what it announced is not told.
        (("sms-gate",), "منصة حكومية مشتركة غير", "A shared government platform is"),
    ],
)
def test_it_names_what_it_is_on(slugs: tuple[str, ...], arabic: str, english: str) -> None:
    shown = stands(window("MW-1", *slugs, starts_at=NOW - HOUR, ends_at=NOW + HOUR), NOW)

    assert told(shown, "ar").startswith(arabic)
    assert told(shown, "en").startswith(english)


def test_it_names_the_channels_that_it_is_on_where_it_is_not_on_all() -> None:
    built = with_windows(
        window("MW-1", "passport", starts_at=NOW, ends_at=NOW + HOUR, channels=(77,))
    )
    passport = next(one for one in built.truth.services if one.slug == "passport")
    app = msgspec.structs.replace(passport.channels[0], id=77, kind="app", checks=())
    both = msgspec.structs.replace(passport, channels=(*passport.channels, app))
    services = tuple(both if one is passport else one for one in built.truth.services)
    truth = msgspec.structs.replace(built.truth, services=services)
    (shown,) = standing(reader.read(msgspec.structs.replace(built, truth=truth), NOW))

    assert told(shown, "en").startswith("Passport renewal (Mobile app) is unavailable now")
    # The web site is good; the app, which the window is on, is not monitored.
    assert not shown.answers


def test_what_an_agency_typed_is_text_and_never_markup() -> None:
    text = msgspec.structs.replace(
        PLANNED, text=type(PLANNED.text)("<b>أ</b> {start} {end}", "<b>a</b> & {start}\n{end}")
    )
    with translation.override("en"):
        (line,) = window_words.sentences(stands(text, STARTS - DAY))

    assert line.words.startswith("&lt;b&gt;a&lt;/b&gt; &amp; <time ")
    assert "<br><time " in line.words


def test_a_text_with_an_unknown_placeholder_gives_way_to_our_own_words() -> None:
    odd = msgspec.structs.replace(PLANNED, text=type(PLANNED.text)("{x}", "{x}"))

    assert told(stands(odd, STARTS - DAY), "en").startswith(
        "Passport renewal will be unavailable from 00:30 on Friday 27 November 2026"
    )


# --- times --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "arabic", "english"),
    [
        (
            STARTS,
            ENDS,
            "الجمعة 27 نوفمبر 2026، من الساعة 00:30 إلى الساعة 04:30 (بتوقيت البحرين)",
            "Friday 27 November 2026, from 00:30 to 04:30 (Bahrain Time)",
        ),
        (
            STARTS - HOUR,
            STARTS - 30 * MINUTE,
            (
                "من الساعة 23:30 يوم الخميس 26 نوفمبر 2026 إلى الساعة 00:00 يوم الجمعة 27 نوفمبر"
                " 2026 (بتوقيت البحرين)"
            ),
            (
                "From 23:30 on Thursday 26 November 2026 to 00:00 on Friday 27 November 2026"
                " (Bahrain Time)"
            ),
        ),
    ],
)
def test_when_it_is_leaves_nothing_to_ask(
    starts_at: datetime, ends_at: datetime, arabic: str, english: str
) -> None:
    for language, expected in (("ar", arabic), ("en", english)):
        with translation.override(language):
            said = window_details.plain_text(window_words.when(starts_at, ends_at))
        assert said.replace("\u2068", "").replace("\u2069", "") == expected


def test_arabic_digits_are_those_of_the_deployment(settings: Any) -> None:
    settings.DIGITS = "arab"

    assert "الساعة ٠٠:٣٠ يوم الجمعة ٢٧ نوفمبر ٢٠٢٦" in told(stands(PLANNED, STARTS - DAY), "ar")


# --- the verdict on a service -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "now", "arabic", "english"),
    [
        (
            "stopped",
            STARTS,
            (
                "لا يمكنك استخدام هذه الخدمة الآن: تُجرى عليها أعمال صيانة مجدولة حتى الساعة 04:30"
                " يوم الجمعة 27 نوفمبر 2026."
            ),
            (
                "You cannot use this service now: there is planned work until 04:30 on Friday"
                " 27 November 2026."
            ),
        ),
        (
            "partly",
            STARTS,
            (
                "يمكنك استخدام جزء من هذه الخدمة فقط الآن: تُجرى عليها أعمال صيانة مجدولة حتى الساعة"
                " 04:30 يوم الجمعة 27 نوفمبر 2026."
            ),
            (
                "You can use only a part of this service now: there is planned work until 04:30 on"
                " Friday 27 November 2026."
            ),
        ),
        (
            "stopped",
            ENDS,
            (
                "قد لا يمكنك استخدام هذه الخدمة الآن: أعمال الصيانة المجدولة عليها متأخرة عن موعدها"
                " منذ الساعة 04:30 يوم الجمعة 27 نوفمبر 2026."
            ),
            (
                "You may not be able to use this service now: planned work has been running over"
                " since 04:30 on Friday 27 November 2026."
            ),
        ),
    ],
)
def test_the_verdict_says_until_when(effect: str, now: datetime, arabic: str, english: str) -> None:
    fact = window("MW-1", "passport", starts_at=STARTS, ends_at=ENDS, effect=effect)
    for language, expected in (("ar", arabic), ("en", english)):
        with translation.override(language):
            said = window_details.plain_text(window_words.planned_until(stands(fact, now)))
        assert said.replace("\u2068", "").replace("\u2069", "") == expected
