"""Seeding fills an empty catalogue, once."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby, pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.contrib.auth import authenticate
from django.db.models import Count

from accounts.access import Act, may
from accounts.factors import present_code
from accounts.models import Agency, Membership, User
from core.encryption import unseal
from incidents.models import ClosingReport, Entry, Incident, Update
from maintenance.labels import State
from maintenance.models import Step, Window, WindowService
from services import heartbeats, queries
from services.labels import Visibility
from services.models import (
    Category,
    Channel,
    Check,
    CheckState,
    Edge,
    HeartbeatToken,
    ReferenceTarget,
    Service,
    StatusChange,
)
from services.probes import KINDS
from services.status import cascade
from services.status.health import CheckHealth, Health
from statusportal.demo import nation, plan
from statusportal.demo.people import PEOPLE, code_of
from statusportal.demo.plan import Plan
from statusportal.demo.seed import Seeded, seed
from tests.statusportal.demo.conftest import NOW

BATCH = next(one for one in nation.endpoints() if not one.listens)
TABLES = (
    Agency,
    Category,
    Service,
    Channel,
    Check,
    CheckState,
    Edge,
    StatusChange,
    Membership,
    ReferenceTarget,
    HeartbeatToken,
)


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def rows() -> dict[str, list[Any]]:
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in TABLES}


def test_it_writes_the_whole_nation(seeded: Seeded):
    assert (seeded.services, seeded.checks) == (56, 108)
    assert Agency.objects.count() == 16
    assert Category.objects.count() == 12
    assert Service.objects.filter(is_shared=True).count() == 16
    assert Service.objects.filter(is_shared=False).count() == 40
    assert Service.objects.filter(visibility=Visibility.PUBLIC).count() == 52
    assert CheckState.objects.count() == 108
    assert StatusChange.objects.count() == seeded.changes


def test_what_it_writes_is_what_a_form_would_accept(seeded: Seeded):
    for table in (Agency, Category, Service, Channel, Check, Edge):
        for row in table.objects.all():
            row.full_clean()
    for check in Check.objects.all():
        KINDS[check.kind].parse(check.spec)


def test_the_second_time_it_writes_nothing_and_keeps_what_people_changed(
    seeded: Seeded, ready: Plan
):
    Service.objects.filter(slug="idn").update(name_en="Edited by a person")
    Service.objects.filter(slug="hf-licence").update(visibility=Visibility.HIDDEN)
    before, logins = rows(), (ready.folder / "logins.txt").read_text()
    again = seed(now=NOW + timedelta(days=3), folder=ready.folder, base_port=0)
    assert again == Seeded(0, 0, 0)
    assert rows() == before
    assert (ready.folder / "logins.txt").read_text() == logins


def test_the_checks_ask_where_the_plan_says(seeded: Seeded, ready: Plan):
    check = Check.objects.get(channel__service__slug="pass-renew", channel__kind="web", name="")
    assert check.spec == {
        "url": f"https://127.0.0.1:{ready.ports['pass-renew/web']}/",
        "text_present": "تجديد جواز السفر",
    }
    assert (check.kind, check.is_essential, check.slow_after_ms) == ("http", True, 1500)
    tcp = Check.objects.get(channel__service__slug="gdn")
    assert tcp.kind == "tcp"
    assert tcp.spec["port"] == ready.ports["gdn/api"]


def test_every_monitored_channel_has_one_essential_check(seeded: Seeded):
    counts = (
        Channel.objects.filter(checks__is_essential=True)
        .annotate(number=Count("checks"))
        .values_list("number", flat=True)
    )
    assert set(counts) == {1}
    assert Check.objects.filter(is_essential=False).count() == 8


def test_the_key_is_encrypted_and_stands_in_no_spec(seeded: Seeded, ready: Plan):
    [check] = Check.objects.exclude(sealed_secrets="")
    assert check.channel.service.slug == "pay"
    assert unseal(check.sealed_secrets) == {plan.KEY_HEADER: ready.api_key}
    assert ready.api_key not in check.sealed_secrets
    assert ready.api_key not in str(check.spec)


def test_each_network_has_its_references_and_its_checks(seeded: Seeded, ready: Plan):
    for network, slugs in (("government", {"gdn", "gdc", "cor", "gdx"}), ("internet", None)):
        found = queries.references(location="main", network=network, due_at=NOW, timeout_s=3.0)
        assert [(target.kind, target.spec["port"]) for target in found] == [
            ("tcp", ready.ports[f"reference-{network}-{number}/api"]) for number in (1, 2)
        ]
        watched = Check.objects.filter(network=network)
        if slugs:
            assert set(watched.values_list("channel__service__slug", flat=True)) == slugs
        else:
            assert watched.count() == 104


def test_checks_know_their_host_as_if_a_person_had_saved_them(seeded: Seeded):
    assert set(Check.objects.values_list("kind", "host").distinct()) == {
        ("http", "127.0.0.1"),
        ("tcp", "127.0.0.1"),
        ("heartbeat", ""),
    }


def test_the_nightly_transfer_has_a_token_that_only_its_system_knows(seeded: Seeded, ready: Plan):
    check = Check.objects.get(kind="heartbeat")
    assert (check.channel.service.slug, check.is_essential) == ("wage-prot", False)
    [file] = ready.folder.glob("heartbeat-token-*")
    assert file.stat().st_mode & 0o077 == 0
    token = file.read_text()
    assert heartbeats.receive(token=token, has_failed=False, now=NOW)
    assert check.heartbeat.last_beat_at == NOW
    assert HeartbeatToken.objects.get().digest != token


def test_an_older_demo_gets_what_it_had_not_and_keeps_the_rest(seeded: Seeded, ready: Plan):
    ReferenceTarget.objects.all().delete()
    # What has a history stays, so this one goes with its own.
    StatusChange.objects.filter(check_ref__kind="heartbeat").delete()
    Check.objects.filter(kind="heartbeat").delete()
    Check.objects.update(network="internet")
    ready.token_file(BATCH).unlink()
    Service.objects.filter(slug="idn").update(name_en="Edited by a person")

    again = seed(now=NOW + timedelta(days=3), folder=ready.folder, base_port=0)

    assert again == Seeded(added=5)
    assert ReferenceTarget.objects.count() == 4
    assert Check.objects.filter(network="government").count() == 4
    check = Check.objects.get(kind="heartbeat")
    assert (
        NOW + timedelta(days=3) <= (check.next_due_at or NOW) < NOW + timedelta(days=3, seconds=15)
    )
    assert CheckState.objects.filter(check_ref=check).count() == 1
    assert heartbeats.receive(token=ready.token_file(BATCH).read_text(), has_failed=False, now=NOW)
    assert Service.objects.get(slug="idn").name_en == "Edited by a person"


def test_what_people_took_out_of_a_demo_stays_out_but_references_come_back(
    seeded: Seeded, ready: Plan
):
    Check.objects.filter(kind="heartbeat").update(is_enabled=False)
    Check.objects.filter(channel__service__slug="gdn").update(network="internet")
    ReferenceTarget.objects.filter(network="internet").update(is_enabled=False)
    ReferenceTarget.objects.filter(name="reference-government-1").delete()

    again = seed(now=NOW + timedelta(days=3), folder=ready.folder, base_port=0)

    assert again == Seeded(added=1)
    assert [row.is_enabled for row in Check.objects.filter(kind="heartbeat")] == [False]
    assert Check.objects.filter(network="government").count() == 3
    assert ReferenceTarget.objects.filter(is_enabled=True).count() == 2


def test_the_key_reaches_the_probe(seeded: Seeded, ready: Plan):
    check = Check.objects.exclude(sealed_secrets="").get()
    [target] = queries.targets(location="main", turns=[(check.pk, NOW)], default_timeout_s=3.0)
    assert target.secrets == {"headers": {plan.KEY_HEADER: ready.api_key}}


def test_nobody_has_looked_yet_and_the_first_round_is_spread(seeded: Seeded):
    assert {state.health for state in CheckState.objects.all()} == {CheckHealth.UNKNOWN.value}
    assert not CheckState.objects.exclude(last_started_at=None).exists()
    due = sorted(check.next_due_at or NOW for check in Check.objects.all())
    assert len(set(due)) == 108
    assert due[0] == NOW
    assert due[-1] < NOW + timedelta(seconds=15)
    assert max(after - before for before, after in pairwise(due)) < timedelta(seconds=0.5)


def test_history_is_marked_and_each_check_has_an_unbroken_chain(seeded: Seeded):
    assert not StatusChange.objects.filter(is_demo=False).exists()
    changes = StatusChange.objects.order_by("check_ref_id", "at", "id").select_related("location")
    chains = {key: list(chain) for key, chain in groupby(changes, lambda c: c.check_ref_id)}
    assert len(chains) == 108
    for chain in chains.values():
        assert chain[0].from_health == CheckHealth.UNKNOWN.value
        assert chain[0].at == NOW - timedelta(days=90)
        assert chain[-1].to_health == CheckHealth.UNKNOWN.value
        assert chain[-1].at == NOW
        assert all(one.to_health == other.from_health for one, other in pairwise(chain))
        assert {change.location.code for change in chain} == {"main"}


def test_a_broken_login_reaches_33_of_the_forty_and_more_through_others(seeded: Seeded):
    inputs = {
        slug: cascade.ServiceInput(
            {"web": Health.MAJOR_OUTAGE if slug == "idn" else Health.OPERATIONAL}
        )
        for slug in Service.objects.values_list("slug", flat=True)
    }
    edges = [
        cascade.Edge(edge.upstream.slug, edge.dependant.slug, cascade.EdgeKind(edge.kind))
        for edge in Edge.objects.select_related("upstream", "dependant")
    ]
    after = cascade.effective(inputs, edges)
    forty = set(Service.objects.filter(is_shared=False).values_list("slug", flat=True))
    down = {slug for slug in forty if after[slug].health is Health.MAJOR_OUTAGE}
    # Three need the login softly; a birth or death certificate's signature needs it in turn.
    slower = {slug for slug in forty if after[slug].health is Health.DEGRADED}
    assert len(down) == 33
    assert slower == {"id-appt", "fines-pay", "exam-res", "death-reg"}
    assert after["ksk"].health is Health.DEGRADED
    assert after["sgn"].health is Health.MAJOR_OUTAGE


def test_everybody_can_sign_in_with_what_is_printed(seeded: Seeded, ready: Plan):
    file = ready.folder / "logins.txt"
    lines = [line.split("  ") for line in file.read_text().splitlines()]
    assert [(role, name) for role, name, *_ in lines] == [(r.value, n) for n, r, _ in PEOPLE]
    assert len({password for _, _, password, _ in lines}) == 7
    assert file.stat().st_mode & 0o077 == 0
    for role, name, password, app in lines:
        person = authenticate(username=name, password=password)
        assert isinstance(person, User)
        assert person.is_staff
        assert person.factor_since == NOW
        assert [m.role for m in person.memberships.all()] == [role]
        address = urlsplit(app)
        assert (address.scheme, address.path) == ("otpauth", f"/{name}")
        secret = parse_qs(address.query)["secret"][0]
        with time_machine.travel(NOW, tick=False):
            assert code_of(name) == present_code(secret, NOW.timestamp())


def test_people_of_a_demo_from_before_there_was_a_second_factor_get_one(
    seeded: Seeded, ready: Plan
):
    file = ready.folder / "logins.txt"
    file.write_text("".join(f"{line.rsplit('  ', 1)[0]}\n" for line in file.open()))
    Authenticator.objects.all().delete()
    assert seed(now=NOW, folder=ready.folder, base_port=0).added == 7
    assert [line.count("otpauth://") for line in file.open()] == [1] * 7
    assert User.objects.filter(factor_since=None).count() == 0


def test_people_who_are_there_already_keep_their_passwords(seeded: Seeded, ready: Plan):
    logins = (ready.folder / "logins.txt").read_text()
    # Staff emptied the catalogue to begin anew; the test's transaction ends with it.
    told = (ClosingReport, Entry, Update, Incident)
    work = (Step, WindowService, Window)
    for table in (*told, *work, StatusChange, Check, Channel, Edge, Service, Category):
        table.objects.all().delete()
    Membership.objects.all().delete()
    Agency.objects.all().delete()
    again = seed(now=NOW, folder=ready.folder, base_port=0)
    assert again.services == 56
    assert (ready.folder / "logins.txt").read_text() == logins
    assert User.objects.count() == 7


def test_the_ministrys_people_may_edit_their_own_services_alone(seeded: Seeded):
    publisher = User.objects.get(username="moi-publisher")
    assert may(publisher, Act.EDIT_CATALOGUE, Agency.objects.get(code="MOI"))
    assert not may(publisher, Act.EDIT_CATALOGUE, Agency.objects.get(code="TRF"))


def test_there_is_one_person_of_each_role(seeded: Seeded):
    assert sorted(Membership.objects.values_list("role", flat=True)) == [
        "administrator",
        "agency_publisher",
        "agency_staff",
        "auditor",
        "contact_centre",
        "operator",
        "supervisor",
    ]


def test_the_demo_has_work_past_running_over_ahead_called_off_and_sent_back(seeded: Seeded):
    found = {
        window.services.get().service.slug: (window.state, window.ends_at < NOW)
        for window in Window.objects.all()
    }
    assert found == {
        "wp-issue": (State.COMPLETED, True),
        "id-replace": (State.APPROVED, True),
        "pay": (State.APPROVED, False),
        "hous-app": (State.CANCELLED, False),
        "cr-issue": (State.RETURNED, True),
    }
