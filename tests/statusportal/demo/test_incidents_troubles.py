"""When the demo's services were out: read from changes, or drawn by lot from the day itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.status.health import CheckHealth, Health
from services.status.observation import Reason
from statusportal.demo import troubles
from statusportal.demo.stories import learnt_of, stories
from statusportal.demo.troubles import Trouble, Turn

OK, SLOW, BAD = CheckHealth.OK, CheckHealth.SLOW, CheckHealth.BAD
START = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Bahrain")
WEB, APP = 11, 12
MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def turn(minutes: float, health: CheckHealth, *, channel: int = WEB, service: int = 1) -> Turn:
    return Turn(
        service, channel, channel, health, at(minutes), at(minutes + 0.5), Reason.SERVER_ERROR
    )


def out(turns: list[Turn]) -> list[tuple[Health, float, float]]:
    """The outages of a service with two monitored channels, in minutes from the start."""
    return [
        (one.health, (one.began_at - START) / MINUTE, (one.ended_at - START) / MINUTE)
        for one in troubles.outages(troubles.spells(turns), {1: 2})
    ]


def test_a_channel_that_was_down_alone_is_a_partial_outage():
    assert out([turn(0, OK), turn(10, BAD), turn(30, OK)]) == [(Health.PARTIAL_OUTAGE, 10, 30)]


def test_channels_that_went_down_together_are_one_outage_until_the_last_is_back():
    web = [turn(0, OK), turn(10, BAD), turn(30, OK)]
    app = [turn(0, OK, channel=APP), turn(11, BAD, channel=APP), turn(45, OK, channel=APP)]
    assert out(web + app) == [(Health.MAJOR_OUTAGE, 10, 45)]


def test_what_came_later_is_an_outage_of_its_own():
    web = [turn(0, OK), turn(10, BAD), turn(30, OK), turn(60, BAD), turn(70, OK)]
    assert out(web) == [(Health.PARTIAL_OUTAGE, 10, 30), (Health.PARTIAL_OUTAGE, 60, 70)]


def test_slow_is_a_spell_and_no_outage():
    turns = [turn(0, OK), turn(10, SLOW), turn(30, OK)]
    assert [spell.health for spell in troubles.spells(turns)] == [SLOW]
    assert out(turns) == []


def test_what_is_not_over_yet_is_not_told():
    assert troubles.spells([turn(0, OK), turn(10, BAD)]) == []


def test_a_day_is_a_day_of_the_deployment():
    # 22:30 UTC is half past one on the next day in Bahrain.
    late = [turn(0, OK), turn(870, BAD), turn(880, OK)]
    found = troubles.spells(late)
    assert troubles.of_day(found, {1}, date(2026, 11, 1), ZONE) == []
    assert troubles.of_day(found, {1}, date(2026, 11, 2), ZONE) == found
    assert troubles.of_day(found, {2}, date(2026, 11, 2), ZONE) == []


def older(today: date) -> list[Trouble]:
    return list(troubles.older({1: 2, 2: 1, 3: 3}, today=today, zone=ZONE))


def test_what_is_older_is_the_same_tomorrow_for_the_same_days():
    today, tomorrow = older(date(2026, 11, 22)), older(date(2026, 11, 23))
    assert len(today) > 20
    assert set(today[1:-1]) <= set(tomorrow)


def test_what_is_older_lies_before_the_generated_changes_and_within_a_year():
    for trouble in older(date(2026, 11, 22)):
        days = (date(2026, 11, 22) - trouble.began_at.date()).days
        assert 91 <= days <= 352
        assert not trouble.is_measured


def test_the_only_way_to_a_service_is_never_down_in_part():
    alone = {trouble.health for trouble in older(date(2026, 11, 22)) if trouble.service == 2}
    assert alone == {Health.MAJOR_OUTAGE}


def test_a_story_is_told_in_both_languages_and_in_order():
    for story in stories():
        for text in (story.title, story.end, *(said.text for said in story.texts)):
            assert text.ar
            assert text.en
        after = [said.after for said in story.texts]
        assert after == sorted(set(after))
        assert story.by_hand is None or story.by_hand <= after[0]


def test_every_reason_leads_to_a_report_with_a_public_part_and_an_internal_one():
    for reason in (None, *Reason):
        learnt = learnt_of(reason)
        assert learnt.summary.ar
        assert learnt.summary.en
        assert learnt.prevention.ar
        assert learnt.prevention.en
        assert learnt.cause
