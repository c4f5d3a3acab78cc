"""Settings that are fine alone and wrong together."""

from __future__ import annotations

from pathlib import Path

import pytest

from statusportal import checks
from tests.servers import SETTINGS
from tests.starting import Starter


def ids(messages) -> list[str]:
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("url", "found"),
    [("https://status.gov.example", []), ("http://status.gov.example", ["statusportal.E001"])],
)
def test_a_deployment_needs_https(settings, url: str, found: list[str]) -> None:
    settings.PUBLIC_URL = url
    assert ids(checks.public_address_is_https()) == found


@pytest.mark.parametrize(("demo", "found"), [(False, []), (True, ["statusportal.E002"])])
def test_a_deployment_is_not_the_demo(settings, demo: bool, found: list[str]) -> None:
    settings.DEMO = demo
    assert ids(checks.demo_is_off()) == found


@pytest.mark.parametrize(
    ("contact", "found"), [(["mailto:security@gov.example"], []), ([], ["statusportal.W002"])]
)
def test_a_deployment_says_whom_to_tell_of_a_weakness(
    settings, contact: list[str], found: list[str]
) -> None:
    settings.SECURITY_CONTACT = contact
    assert ids(checks.weaknesses_can_be_told()) == found


def test_a_named_authority_must_exist(settings, tmp_path: Path) -> None:
    settings.DEMO = False
    settings.PROBE_EXTRA_CA = str(tmp_path / "ca.pem")
    assert ids(checks.probe_authority_exists()) == ["statusportal.E003"]
    (tmp_path / "ca.pem").write_text("")
    assert ids(checks.probe_authority_exists()) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"SECRET_KEY": None}, "Set SECRET_KEY: it has no default."),
        ({"SECRET_KEY": "short"}, "SECRET_KEY must have at least 50 characters"),
        ({"DATABASE_URL": None}, "Set DATABASE_URL: it has no default."),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL must begin with postgresql://."),
        ({"REDIS_URL": None}, "Set REDIS_URL: it has no default."),
        ({"PUBLIC_URL": "status.gov.example"}, "PUBLIC_URL must be a whole address"),
        ({"FIELD_ENCRYPTION_KEYS": "abc"}, "FIELD_ENCRYPTION_KEYS must hold Fernet keys"),
        ({"TIME_ZONE": "Asia/Nowhere"}, "TIME_ZONE names no time zone"),
        ({"DIGITS": "roman"}, "DIGITS must be latn (0123) or arab"),
        ({"PROBE_ALLOWED_NETWORKS": "10.0.0.0/99"}, "PROBE_ALLOWED_NETWORKS:"),
        ({"CHECK_TIMEOUT": "soon"}, "CHECK_TIMEOUT must be a whole number"),
        ({"PORTAL_DEMO": "perhaps"}, "PORTAL_DEMO must be one of"),
        ({"SECURITY_CONTACT": "security@gov.example"}, "SECURITY_CONTACT must be addresses such"),
        ({"SECURITY_POLICY": "http://gov.example"}, "SECURITY_POLICY must begin with https://."),
    ],
)
def test_outside_the_demo_a_missing_or_bad_setting_stops_the_start_with_a_sentence(
    starting: Starter, changed: dict[str, str | None], sentence: str
) -> None:
    given: dict[str, str | None] = {
        **SETTINGS,
        "PORTAL_DEMO": "0",
        "DATABASE_URL": "postgresql://portal@db/portal",
        "REDIS_URL": "redis://redis:6379/0",
        **changed,
    }
    environment = {name: value for name, value in given.items() if value is not None}

    done = starting.start(environment)

    assert done.code != 0
    assert sentence in done.said.splitlines()[-1]
