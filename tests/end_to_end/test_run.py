"""A whole portal, as `make run` starts it: real probes of real endpoints, and the truth on pages.

One portal for the module, because each start costs half a minute; the tests stand in the order in
which they leave it usable for the next.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from accounts.factors import present_code
from services.status.cascade import Edge, EdgeKind, ServiceInput, effective
from services.status.health import Health
from statusportal.demo import nation, people
from statusportal.demo.under_way import DECLARED
from tests.end_to_end.portal import Portal, wait_until
from tests.end_to_end.processes import descendants

# One portal at a time on two cores: whoever else wants one waits for this group.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("whole portal")]

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


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    portal = Portal(tmp_path_factory.mktemp("portal"))
    try:
        portal.start()
        yield portal
    finally:
        portal.stop()


def by_the_rules(own: Mapping[str, str]) -> dict[str, str]:
    """What the rules make of the catalogue's edges when each of `own` is as it says and all else
    works: the public services that are not operational."""
    monitored = {endpoint.slug for endpoint in nation.endpoints()}
    after = effective(
        {
            one.slug: ServiceInput(
                {"web": Health(own.get(one.slug, Health.OPERATIONAL))}
                if one.slug in monitored
                else {"web": None}
            )
            for one in nation.services()
        },
        [
            Edge(need.upstream, one.slug, EdgeKind(need.kind))
            for one in nation.services()
            for need in one.needs
        ],
    )
    return {
        one.slug: health.value
        for one in nation.services()
        if one.visibility == "public"
        and (health := after[one.slug].health) is not None
        and health is not Health.OPERATIONAL
    }


# The demo's window that runs over keeps its effect until a person closes it (rule 16), and what
# is declared of its two open incidents stands until they end (rule 17).
SAID = {"id-replace": "maintenance", **DECLARED}
STANDING = by_the_rules(SAID)


def everything_works(portal: Portal) -> bool:
    states = portal.states()
    troubled = {slug: state for slug, state in states.items() if state != "operational"}
    return len(states) == 52 and troubled == STANDING


def nothing_is_known(portal: Portal) -> bool:
    """Every service reads unknown, but for what people said: that was never measured."""
    states = portal.states()
    told = {slug: state for slug, state in states.items() if state != "unknown"}
    return len(states) == 52 and told == STANDING


def pids(portal: Portal, *words: str) -> list[int]:
    """The processes below this portal's `up` whose command line holds all `words`."""
    assert portal.process is not None
    below = descendants(portal.process.pid)
    return [pid for pid, _parent, line in below if all(word in line for word in words)]


def test_52_public_services_are_measured_and_the_root_speaks_arabic(portal: Portal) -> None:
    wait_until(lambda: everything_works(portal), portal.states)

    _status, arabic = portal.get("/")
    _status, english = portal.get("/en/")
    assert '<html lang="ar" dir="rtl"' in arabic
    assert '<html lang="en" dir="ltr"' in english
    assert portal.sql("SELECT count(*) FROM services_service") == ["56"]
    assert portal.states("ar") == portal.states("en")
    for door in ("/healthz", "/readyz", "/freshz"):
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

    portal.command("demo", "break", "veh-renew", "--how", "error", "--times", "1")
    wait_until(
        lambda: (
            portal.sql(
                "SELECT count(*) > 0 FROM services_observation o"
                " JOIN services_check c ON c.id = o.check_id"
                " JOIN services_channel ch ON ch.id = c.channel_id"
                " JOIN services_service s ON s.id = ch.service_id"
                " WHERE s.slug = 'veh-renew' AND o.outcome = 2"
            )
            == ["True"]
        )
    )
    # It was seen; two more turns at the fast interval would have been enough to confirm it.
    for _look in range(12):
        assert portal.states()["veh-renew"] == "operational"

    assert portal.sql(CHANGES.format("veh-renew")) == before


def test_a_broken_login_changes_exactly_its_dependants_each_naming_the_cause(
    portal: Portal,
) -> None:
    expected = by_the_rules(SAID | {"idn": "major_outage"})
    assert len(expected) == 43
    before = portal.sql("SELECT count(*) FROM services_statuschange WHERE NOT is_demo")

    portal.command("demo", "break", "idn", "--how", "refused")

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

    portal.command("demo", "mend", "idn")
    wait_until(lambda: everything_works(portal), portal.states)


def test_a_killed_worker_comes_back_and_leaves_state_and_history_as_without(
    portal: Portal,
) -> None:
    before = portal.sql("SELECT count(*) FROM services_statuschange")
    for pid in pids(portal, "celery", "worker", "probes"):
        os.kill(pid, signal.SIGKILL)

    wait_until(lambda: len(pids(portal, "celery", "worker", "probes")) >= 2)
    newest = "SELECT extract(epoch FROM now() - max(started_at)) < 8 FROM services_observation"
    wait_until(lambda: portal.sql(newest) == ["True"])
    wait_until(lambda: everything_works(portal), portal.states)
    assert portal.sql("SELECT count(*) FROM services_statuschange") == before


def test_with_the_database_and_redis_frozen_pages_answer_and_turn_honest(portal: Portal) -> None:
    frozen = pids(portal, "redis-server") + pids(portal, "postgres")
    assert len(frozen) >= 3
    for pid in frozen:
        os.kill(pid, signal.SIGSTOP)
    try:
        assert "As of" in portal.words("/en/")
        # Three intervals and one timeout, and the step of the page.
        wait_until(lambda: nothing_is_known(portal), portal.states)
        assert portal.status("/readyz") == 200
        assert portal.status("/freshz") == 503

        for pid in pids(portal, "granian"):
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: portal.status("/ar/") == 200)
        assert "As of" in portal.words("/en/")
        assert nothing_is_known(portal)
        assert "operational" not in portal.states("ar").values()
    finally:
        for pid in frozen:
            os.kill(pid, signal.SIGCONT)
    wait_until(lambda: everything_works(portal), portal.states)


def test_ctrl_c_leaves_nothing_behind_and_a_second_start_keeps_the_data(portal: Portal) -> None:
    changes = portal.sql("SELECT count(*) FROM services_statuschange WHERE is_demo")

    assert portal.stop() == 0
    assert pids(portal) == []

    portal.start()
    assert portal.sql("SELECT count(*) FROM services_statuschange WHERE is_demo") == changes
    wait_until(lambda: everything_works(portal), portal.states)
    # Last in this module: the second portal below must not find this one running.
    assert portal.stop() == 0


def test_without_its_endpoints_nothing_is_said_to_work(tmp_path: Path) -> None:
    portal = Portal(tmp_path, DEMO_ENDPOINTS="off")
    try:
        portal.start()
        wait_until(
            lambda: (
                len(portal.states()) == 52 and not {"operational"} & set(portal.states().values())
            ),
            portal.states,
        )
        assert "All services are working" not in portal.words("/en/")
        # And still after every check had its turn.
        wait_until(
            lambda: (
                portal.sql("SELECT count(*) = 0 FROM services_checkstate WHERE last_due_at IS NULL")
                == ["True"]
            ),
        )
        assert "operational" not in portal.states().values()
    finally:
        portal.stop()
