"""The page that tells staff why a service is what it is, read as they read it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from services.models import Check, ProberDoubt, Service, StatusChange
from tests.factories import make_channel, make_edge, make_location, make_service
from tests.statusportal.ops.nation import INTERVAL, NOW, make_measured, play, publish, said

# --- the ladder -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letters", "published", "sentences"),
    [
        (
            "oo",
            "Operational Since 2026-11-22 12:58:01 Our own checks say so. rules 2, 9 and 10",
            ["3 more bad answers in a row confirm: Failing rule 2"],
        ),
        (
            "oob",
            "Operational Since 2026-11-22 12:57:01 Our own checks say so.",
            [
                "The newest answer was worse; that is not confirmed and not shown. rule 2",
                "2 more bad answers in a row confirm: Failing rule 2",
            ],
        ),
        (
            "oobb",
            "Operational Since 2026-11-22 12:56:01 Our own checks say so.",
            [
                "The newest 2 answers were worse; that is not confirmed and not shown. rule 2",
                "1 more bad answer in a row confirms: Failing rule 2",
            ],
        ),
        (
            "oobbb",
            (
                "Outage Since 2026-11-22 12:57:01 Our own checks say so. rules 2, 9 and 10"
                " It answers with an error. server_error"
            ),
            [
                "2 more good answers in a row confirm: OK rule 2",
                (
                    "OK, then Failing: it began at 2026-11-22 12:57:01"
                    " and was confirmed at 2026-11-22 12:59:01. rules 2 and 3"
                ),
                "It is asked again 10 seconds after the end of each answer. rule 5",
            ],
        ),
        (
            "oobbbo",
            "Outage Since 2026-11-22 12:56:01 Our own checks say so.",
            [
                "The newest answer was better; recovery is not confirmed yet. rule 2",
                "1 more good answer in a row confirms: OK rule 2",
            ],
        ),
        (
            "oobbboo",
            "Operational Since 2026-11-22 12:58:01 Our own checks say so.",
            ["Failing, then OK: it began at 2026-11-22 12:58:01"],
        ),
    ],
)
def test_an_outage_is_told_on_its_way_up_and_down(
    passport: Service, check: Check, letters: str, published: str, sentences: list[str]
) -> None:
    play(check, letters)
    publish()

    text = said(passport)

    assert f"What is published now {published}" in text
    assert [sentence for sentence in sentences if sentence not in text] == []
    assert "The database says" not in text


def test_the_run_that_confirmed_is_shown_with_its_reasons_and_times(
    passport: Service, check: Check
) -> None:
    play(check, "oobrb")
    publish()

    row = "{at}:00 {at}:01 Failed {reason} 3 11 – 47 61"
    assert (
        "The answers that confirmed it Due Started Outcome Reason"
        " Name, ms Connection, ms Encryption, ms First byte, ms In all, ms "
        + " ".join(
            [
                row.format(at="2026-11-22 12:57", reason="It answers with an error. server_error"),
                row.format(at="2026-11-22 12:58", reason="It refuses connections. refused"),
                row.format(at="2026-11-22 12:59", reason="It answers with an error. server_error"),
            ]
        )
    ) in said(passport)


def test_the_last_20_observations_stand_newest_first(passport: Service, check: Check) -> None:
    play(check, "o" * 25)
    publish()

    text = said(passport)

    assert "The last 20 observations" in text
    listed = re.findall(r"(2026-11-22 12:\d\d:00) 2026-11-22 12:\d\d:01 OK", text)[-20:]
    assert (listed[0], listed[-1]) == ("2026-11-22 12:59:00", "2026-11-22 12:40:00")


def test_a_change_whose_answers_are_gone_says_so(passport: Service, check: Check) -> None:
    play(check, "oo")
    StatusChange.objects.create(
        service=passport,
        channel=check.channel,
        check_ref=check,
        location=make_location(),
        from_health=2,
        to_health=0,
        at=NOW - timedelta(days=30),
        confirmed_at=NOW - timedelta(days=30),
    )
    StatusChange.objects.filter(at__gt=NOW - timedelta(days=1)).delete()
    publish()

    assert "The answers that confirmed it are not kept any more." in said(passport)


# --- what else can have decided -------------------------------------------------------------------


def test_rule_12_an_upstream_is_named_to_staff_also_where_it_is_hidden(
    passport: Service, check: Check
) -> None:
    login = make_service(
        slug="login", name_en="National login", is_shared=True, visibility="hidden"
    )
    make_edge(upstream=login, dependant=passport)
    play(make_measured(login), "oobbb")
    play(check, "oo")
    publish()

    text = said(passport)

    assert (
        "Outage Since 2026-11-22 12:57:01 It is affected by a problem with National login. rule 12"
    ) in text
    assert "Outage National login Hidden Hard: without it nothing works" in text
    assert "It makes what depends on it: Outage rule 12" in text
    assert "Our own checks alone would say: Operational" in text


def test_rule_12_a_dependency_says_its_channel_and_its_alternative(
    passport: Service, check: Check
) -> None:
    login = make_service(slug="login", name_en="National login")
    make_edge(
        upstream=login,
        dependant=passport,
        kind="alternative",
        channel=check.channel,
        alternative_en="Sign in with your bank",
    )
    play(make_measured(login), "oobbb")
    play(check, "oo")
    publish()

    text = said(passport)

    assert "With an alternative · Only this channel needs it: Web site" in text
    assert "It makes what depends on it: Degraded rule 12" in text
    assert "Alternative: Sign in with your bank" in text


def test_rule_20_what_nobody_saw_lately_is_stale(passport: Service, check: Check) -> None:
    play(check, "oo", until=NOW - 5 * INTERVAL)
    publish()

    text = said(passport)

    assert (
        "No recent information Since 2026-11-22 12:54:01"
        " Nothing was observed lately, so nobody can say. rule 20"
    ) in text
    assert "Stale since 2026-11-22 12:57:11: it reads as unknown" in text


def test_rule_20_a_gap_that_came_to_light_is_told_as_one(passport: Service, check: Check) -> None:
    play(check, "oo", until=NOW - 10 * INTERVAL)
    play(check, "o")
    publish()

    text = said(passport)

    assert "It is being observed, but the answers do not add up to a state yet." in text
    assert "1 answer so far: too few to say what it is. rule 2" in text
    assert "OK, then Unknown: it began at 2026-11-22 12:49:01" in text
    assert "Nothing was seen of it in between, for longer than 3 intervals. rule 2" in text


def test_rule_11_an_unstable_check_is_degraded_at_least(passport: Service, check: Check) -> None:
    play(check, "oobobobob")
    publish()

    text = said(passport)

    assert "A check keeps changing between good and not good" in text
    assert "Degraded" in text
    assert "Unstable: it counts as degraded at least until 2026-11-22 13:29:01. rule 11" in text


def test_rule_7_a_doubt_of_our_own_eyes_is_told_for_its_network_only(
    passport: Service, check: Check
) -> None:
    inside = make_measured(passport, "app", network="government", name="inside")
    for each in (check, inside):
        play(each, "oof")
    ProberDoubt.objects.create(location=make_location(), network="government", began_at=NOW)
    publish()

    text = said(passport)

    doubt = "We have doubted our own connection to this network since 2026-11-22 13:00:00"
    assert text.count(doubt) == 1
    assert text.index("inside") < text.index(doubt)
    assert "Our own fault We cannot check it at the moment. prober_doubt" in text


def test_rule_9_a_channel_without_a_check_that_is_switched_on_is_not_monitored(
    passport: Service,
) -> None:
    make_measured(passport, is_enabled=False, next_due_at=None)
    make_channel(service=passport, kind="counter")
    publish()

    text = said(passport)

    assert (
        "Not monitored No check is switched on, so nothing is measured and nothing is counted."
        " rules 9 and 10"
    ) in text
    assert "This check is switched off: nobody asks, and it is not counted." in text
    assert "Service centre in person Not monitored" in text


def test_rule_8_each_location_has_its_say(passport: Service, check: Check) -> None:
    make_location(code="south", name_ar="الجنوب", name_en="South")
    play(check, "oo")
    play(check, "oobbb", location="south")
    publish()

    text = said(passport)

    assert "2 of 2 locations know its state; more than half decide. rule 8" in text
    assert text.index("Seen from: Main l") < text.index("Seen from: South")


def test_it_says_when_nobody_asks_any_more(passport: Service) -> None:
    check = make_measured(passport)
    play(check, "oo")
    Check.objects.update(next_due_at=NOW - timedelta(seconds=11))
    publish()

    assert "It was due at 2026-11-22 12:59:49, and nobody has asked" in said(passport)


def test_the_numbers_that_were_used_are_all_there(passport: Service, check: Check) -> None:
    play(check, "oo")
    publish()

    text = said(passport)

    for words in (
        "Interval60 seconds",
        "Time-out10 seconds",
        "Slow from4,000 milliseconds",
        "Unknown when not seen for190 seconds",
        "Answers that confirm a worse state3",
        "Answers that confirm a better state2",
        "Fast interval10 seconds",
        "Changes that do not make it unstable yet6",
    ):
        assert words in text


# --- the snapshot and the database ----------------------------------------------------------------


def test_where_nothing_was_published_it_says_so_and_tells_from_the_database(
    passport: Service, check: Check
) -> None:
    play(check, "oobbb")

    text = said(passport)

    assert "Nothing is published of this service yet. The database says Outage" in text


@pytest.mark.parametrize(
    "age", [timedelta(seconds=3), timedelta(minutes=2)], ids=["a moment old", "left behind"]
)
def test_both_are_told_where_the_public_page_has_not_followed(
    passport: Service, check: Check, age: timedelta
) -> None:
    play(check, "oo", until=NOW - timedelta(seconds=90))
    publish(age=age)
    play(check, "bbb", every=timedelta(seconds=30))

    text = said(passport)

    assert "What is published now Operational" in text
    assert "The database says another thing Outage Since 2026-11-22 12:58:31" in text
    assert "The snapshot has not followed yet." in text


def test_an_old_snapshot_that_is_still_true_is_told_once(passport: Service, check: Check) -> None:
    play(check, "oo")
    publish(age=timedelta(minutes=2))

    text = said(passport)

    assert "What is published now Operational" in text
    assert "From the snapshot of 2026-11-22 12:58:00" in text
    assert "The database says" not in text
