"""A whole portal, as `make run` starts it: real probes of real endpoints, and the truth on pages.

One portal for the module, because each start costs twenty seconds; the tests stand in the order in
which they leave it usable for the next. Run beside test_blind and its portal, with one process for
each file: `pytest -n 2 --dist loadfile tests/end_to_end`.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from accounts.factors import present_code
from statusportal.demo import nation, people
from tests.end_to_end.expected import SAID, by_the_rules, everything_works
from tests.end_to_end.portal import Portal, open_folder, wait_until

pytestmark = pytest.mark.slow

INTERVAL_S = 8
CHANGES = (
    "SELECT count(*) FROM services_statuschange WHERE NOT is_demo AND service_id ="
    " (SELECT id FROM services_service WHERE slug = '{}')"
)
# Every incident that is not made up: what it lists, and its phase.
INCIDENTS = (
    "SELECT s.slug, i.phase FROM incidents_incident i"
    " JOIN incidents_listedservice l ON l.incident_id = i.id"
    " JOIN services_service s ON s.id = l.service_id WHERE NOT i.is_demo ORDER BY i.id, s.slug"
)
# Of each check of a service that had a bad answer: what came since, as one digit each (2 is bad).
SEEN_SINCE_BAD = (
    "WITH seen AS (SELECT o.check_id, o.started_at, o.outcome FROM services_observation o"
    " JOIN services_check c ON c.id = o.check_id JOIN services_channel ch ON ch.id = c.channel_id"
    " JOIN services_service s ON s.id = ch.service_id WHERE s.slug = '{}'),"
    " bad AS (SELECT check_id, min(started_at) AS at FROM seen WHERE outcome = 2 GROUP BY check_id)"
    " SELECT string_agg(outcome::text, '' ORDER BY started_at) FROM seen JOIN bad USING (check_id)"
    " WHERE started_at >= at GROUP BY check_id"
)

# Changes after one, but for checks that were not seen for so long (rule 2): on a machine that needs
# three intervals to start a worker, the gap is the truth.
CHANGED_THOUGH_SEEN = (
    "WITH seen AS (SELECT check_id, started_at - lag(started_at) OVER"
    " (PARTITION BY check_id ORDER BY started_at) AS gap"
    " FROM services_observation WHERE outcome <> 9)"
    " SELECT check_id, from_health, to_health, at FROM services_statuschange WHERE id > {}"
    " AND check_id NOT IN (SELECT check_id FROM seen WHERE gap > interval '{} s')"
)


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with open_folder() as folder:
        each = str(INTERVAL_S)
        portal = Portal(
            folder, CHECK_INTERVAL=each, CHECK_INTERVAL_URGENT=each, CHECK_FAST_INTERVAL="1"
        )
        try:
            portal.start()
            yield portal
        finally:
            portal.stop()
            portal.keep_logs(tmp_path_factory.mktemp("portal"))


def test_52_public_services_are_measured_and_the_root_speaks_arabic(portal: Portal) -> None:
    wait_until(lambda: everything_works(portal), portal.states)

    _status, arabic = portal.get("/")
    _status, english = portal.get("/en/")
    assert '<html lang="ar" dir="rtl"' in arabic
    assert '<html lang="en" dir="ltr"' in english
    assert portal.sql("SELECT count(*) FROM services_service") == ["56"]
    assert portal.states("ar") == portal.states("en")
    for door in ("/healthz", "/readyz", "/freshz", "/static/css/portal.css"):
        assert portal.status(door) == 200


def test_each_role_signs_in_with_what_is_printed(portal: Portal) -> None:
    printed = [line.split("  ") for line in portal.said().splitlines() if "otpauth://" in line]
    assert [role for role, *_ in printed] == [role.value for _name, role, _agency in people.PEOPLE]
    for _role, name, password, app in printed:
        secret = parse_qs(urlsplit(app).query)["secret"][0]
        if name == "operator":
            code = portal.command("demo", "code", name).strip()
            assert re.fullmatch(r"[0-9]{6}", code)
        else:
            code = present_code(secret, time.time())
        with httpx.Client(base_url=f"http://localhost:{portal.port}", timeout=60) as browser:
            steps = (
                ("/accounts/login/", {"login": name, "password": password}),
                ("/accounts/2fa/authenticate/", {"code": code}),
            )
            for address, typed in steps:
                page = browser.get(address).text
                token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
                assert token is not None, address
                answer = browser.post(address, data=typed | {"csrfmiddlewaretoken": token[1]})
                assert answer.status_code == 302, (name, address)
            assert browser.get("/admin/").status_code == 200, name


def test_an_error_shows_on_both_pages_in_plain_words_and_goes_when_it_is_mended(
    portal: Portal,
) -> None:
    portal.command("demo", "break", "pass-renew", "--how", "error")

    # Each web process notices by itself, within a second: asked until both languages say all.
    said = {
        "/en/services/pass-renew/": [
            "You cannot use this service now",
            "It answers with an error.",
            # The notice of the incident that the sweep opened.
            "Problem with Passport renewal",
        ],
        "/ar/services/pass-renew/": [
            "لا يمكنك استخدام هذه الخدمة الآن",
            "ترد الخدمة برسالة خطأ",
            "مشكلة في تجديد جواز السفر",
        ],
    }
    wait_until(
        lambda: all(
            sentence in portal.words(path)
            for path, sentences in said.items()
            for sentence in sentences
        ),
        lambda: portal.words("/en/services/pass-renew/"),
    )
    assert portal.sql(INCIDENTS) == ["pass-renew|investigating"]

    portal.command("demo", "mend", "pass-renew")
    wait_until(lambda: everything_works(portal), portal.states)
    # Nobody took it up: it ends by itself.
    wait_until(
        lambda: portal.sql(INCIDENTS) == ["pass-renew|resolved"], lambda: portal.sql(INCIDENTS)
    )


def test_one_bad_answer_never_shows_and_leaves_no_change(portal: Portal) -> None:
    before = portal.sql(CHANGES.format("veh-renew"))
    checks = [one for one in nation.endpoints() if one.slug == "veh-renew" and one.listens]

    portal.tell(act="break", slug="veh-renew", how="error", times=1)

    def seen_twice_more() -> bool:
        assert portal.states()["veh-renew"] == "operational"
        seen = portal.sql(SEEN_SINCE_BAD.format("veh-renew"))
        # It was seen; two more turns like it would have been enough to confirm it.
        return len(seen) == len(checks) and all(len(outcomes) >= 3 for outcomes in seen)

    wait_until(seen_twice_more, lambda: portal.sql(SEEN_SINCE_BAD.format("veh-renew")))
    assert portal.sql(CHANGES.format("veh-renew")) == before


def test_a_broken_login_changes_exactly_its_dependants_each_naming_the_cause(
    portal: Portal,
) -> None:
    expected = by_the_rules(SAID | {"idn": "major_outage"})
    assert len(expected) == 43
    before = portal.sql("SELECT count(*) FROM services_statuschange WHERE NOT is_demo")

    portal.tell(act="break", slug="idn", how="refused")

    def as_expected() -> bool:
        states = portal.states()
        return {s: h for s, h in states.items() if h != "operational"} == expected

    wait_until(as_expected, portal.states)
    # The gateway of text messages does not need the login.
    for slug in sorted(expected.keys() - {"idn", "sms"}):
        wait_until(
            lambda slug=slug: "National login (SSO)" in portal.words(f"/en/services/{slug}/"),  # type: ignore[misc]
            lambda slug=slug: slug,  # type: ignore[misc]
        )
    after = portal.sql("SELECT count(*) FROM services_statuschange WHERE NOT is_demo")
    # One incident, its dependants derived, and one Event of it.
    assert "idn|investigating" in portal.sql(INCIDENTS)
    assert {line.partition("|")[0] for line in portal.sql(INCIDENTS)} == {"pass-renew", "idn"}
    opened = "SELECT count(*) FROM core_event WHERE kind = 'incident.opened' AND payload->>'ref' = "
    ref = "(SELECT i.ref FROM incidents_incident i JOIN incidents_listedservice l ON"
    of_login = " l.incident_id = i.id JOIN services_service s ON s.id = l.service_id WHERE"
    assert portal.sql(f"{opened}{ref}{of_login} s.slug = 'idn' AND NOT i.is_demo)") == ["1"]
    own = portal.sql(CHANGES.format("idn") + " AND to_health = 2")
    assert int(after[0]) - int(before[0]) == int(own[0]) == 2

    portal.tell(act="mend", slug="idn")
    wait_until(lambda: everything_works(portal), portal.states)


def test_a_killed_worker_comes_back_and_leaves_state_and_history_as_without(
    portal: Portal,
) -> None:
    (last,) = portal.sql("SELECT max(id) FROM services_statuschange")
    killed = set(portal.pids("celery", "worker", "probes"))
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    killed_at = time.time()

    wait_until(lambda: len(set(portal.pids("celery", "worker", "probes")) - killed) >= 2)
    wait_until(lambda: portal.has_seen_all_since(killed_at))
    wait_until(lambda: everything_works(portal), portal.states)
    assert portal.sql(CHANGED_THOUGH_SEEN.format(last, 3 * INTERVAL_S)) == []


def test_ctrl_c_leaves_nothing_behind_and_a_second_start_keeps_the_data(portal: Portal) -> None:
    changes = portal.sql("SELECT count(*) FROM services_statuschange WHERE is_demo")

    assert portal.stop() == 0
    assert portal.pids() == []

    started_at = time.time()
    portal.start()
    assert portal.sql("SELECT count(*) FROM services_statuschange WHERE is_demo") == changes
    # By what it sees itself, and not by the last-good file alone.
    wait_until(lambda: portal.has_seen_all_since(started_at))
    wait_until(lambda: everything_works(portal), portal.states)
