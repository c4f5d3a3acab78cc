"""Generated history keeps the rules that measured history keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.labels import ChannelKind
from services.status.health import CheckHealth
from services.status.machine import Change
from services.status.observation import Reason
from statusportal.demo import history, nation

ZONE = ZoneInfo("Asia/Bahrain")
NOW = datetime(2026, 11, 22, 9, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def chains() -> dict[str, tuple[Change, ...]]:
    return history.generate(nation.endpoints(), now=NOW, zone=ZONE)


def minutes_in(chain: tuple[Change, ...], health: CheckHealth) -> float:
    return sum(
        (after.at - before.at).total_seconds() / 60
        for before, after in pairwise(chain)
        if before.to_health is health
    )


@settings(max_examples=25, deadline=None)
@given(minutes=st.integers(0, 10 * 365 * 24 * 60))
def test_every_chain_is_whole_and_in_order_whenever_it_is_made(minutes: int):
    now = NOW + timedelta(minutes=minutes)
    made = history.generate(nation.endpoints(), now=now, zone=ZONE)
    assert made.keys() == {endpoint.key for endpoint in nation.endpoints()}
    for chain in made.values():
        assert chain[0].from_health is CheckHealth.UNKNOWN
        assert chain[0].at == now - timedelta(days=90)
        assert chain[-1].to_health is CheckHealth.UNKNOWN
        assert chain[-1].at == now
        for before, after in pairwise(chain):
            assert before.to_health is after.from_health
            assert before.confirmed_at < after.at
        assert all(change.from_health is not change.to_health for change in chain)
        assert all(change.at <= change.confirmed_at <= now for change in chain)
        assert len({(c.confirmed_at, c.to_health) for c in chain}) == len(chain)


def test_the_same_instant_makes_the_same_history(chains: dict[str, tuple[Change, ...]]):
    assert history.generate(nation.endpoints(), now=NOW, zone=ZONE) == chains


def test_most_services_were_hardly_ever_down_and_a_few_had_bad_days(
    chains: dict[str, tuple[Change, ...]],
):
    # 0.5 % of ninety days are 648 minutes; those of upstreams come on top.
    down = {
        service.slug: max(minutes_in(chains[e.key], CheckHealth.BAD) for e in service.endpoints)
        for service in nation.services()
    }
    assert sum(minutes < 90 for minutes in down.values()) >= 45
    assert {slug for slug, minutes in down.items() if minutes > 300} == {
        "tm-reg",
        "cert-equiv",
        "bld-permit",
        "cr-issue",
    }
    assert all(minutes < 720 for minutes in down.values())


def test_one_cable_took_the_carriers_and_the_network_down_together(
    chains: dict[str, tuple[Change, ...]],
):
    [carriers] = [c for c in chains["tel/api"] if c.reason is Reason.CONNECT_TIMEOUT]
    [network] = [c for c in chains["gdn/api"] if c.reason is Reason.UNREACHABLE]
    assert carriers.at == datetime(2026, 10, 16, 10, 42, tzinfo=ZONE)
    assert network.at == datetime(2026, 10, 16, 10, 43, tzinfo=ZONE)


def test_one_night_every_app_was_away(chains: dict[str, tuple[Change, ...]]):
    night = datetime(2026, 11, 3, 2, 10, tzinfo=ZONE)
    apps = [e.key for e in nation.endpoints() if e.channel is ChannelKind.APP]
    away = [key for key in apps if any(change.at == night for change in chains[key])]
    assert len(apps) == 32
    assert away == apps


def test_a_certificate_can_only_expire_where_there_is_one(
    chains: dict[str, tuple[Change, ...]],
):
    expired = {
        key for key, chain in chains.items() if any(c.reason is Reason.TLS_EXPIRED for c in chain)
    }
    assert expired == {"cr-issue/web", "cr-issue/app"}


def test_there_are_slow_hours_too(chains: dict[str, tuple[Change, ...]]):
    slow = [key for key, chain in chains.items() if minutes_in(chain, CheckHealth.SLOW) > 0]
    assert len(slow) > 40
    assert minutes_in(chains["vat-file/web"], CheckHealth.SLOW) >= 410
