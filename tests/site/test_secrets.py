"""Secrets come from the environment or a file, and go nowhere."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as loaded
from django.test import RequestFactory
from django.views.debug import ExceptionReporter

from tests.servers import SETTINGS
from tests.site.test_house import rows
from tests.starting import Starter

ROOT = Path(__file__).resolve().parents[2]
# A setting is a secret by its name, and the addresses that are one or may carry one.
NAMED = re.compile(
    r"SECRET|PASSWORD|TOKEN(?!_)|CREDENTIAL|_KEYS?$|^(?:DATABASE|REDIS|DEADMAN)_URL$"
)


def readings() -> dict[str, str]:
    """Setting → how it is read (text, words, secret …), in all settings."""
    found: dict[str, str] = {}
    for path in (ROOT / "statusportal" / "settings").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "env"
                and isinstance(node.args[0], ast.Constant)
            ):
                found[str(node.args[0].value)] = node.func.attr
    return found


def test_every_secret_may_come_from_a_file_and_is_called_one_in_the_papers() -> None:
    secrets = {name for name, how in readings().items() if how == "secret"}
    assert {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL", "REDIS_URL"} <= secrets
    assert {name for name in readings() if NAMED.search(name)} <= secrets
    called = {row[0].strip("`") for row in rows("docs/configuration.md") if "A secret" in row[1]}
    assert called == secrets


def test_no_setting_goes_round_the_one_reader() -> None:
    texts = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for path in (ROOT / "statusportal" / "settings").glob("*.py")
    }
    assert [path for path, text in texts.items() if re.search(r"os\.(environ|getenv)", text)] == []


@pytest.mark.parametrize("name", ["SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "DATABASE_URL"])
def test_a_bad_secret_is_not_repeated_by_the_sentence_that_refuses_it(
    starting: Starter, name: str
) -> None:
    telling = "only-i-know-this"
    done = starting.start(
        {
            **SETTINGS,
            "DATABASE_URL": "postgresql://portal@db/portal",
            "REDIS_URL": "redis://redis:6379/0",
            name: telling,
        }
    )
    assert done.code != 0
    assert name in done.said
    assert telling not in done.said


def test_a_deployment_cannot_start_with_djangos_debug_pages(starting: Starter) -> None:
    done = starting.start(
        {
            **SETTINGS,
            "PORTAL_DEMO": "0",
            "DEBUG": "1",
            "PUBLIC_URL": "https://status.gov.example",
            "DATABASE_URL": "postgresql://portal@db/portal",
            "REDIS_URL": "redis://redis:6379/0",
        }
    )
    assert done.code != 0
    assert "DEBUG shows settings and code to anybody" in done.said.splitlines()[-1]


# From nowhere, because a report shows the lines around an error as well.
_FAILING = "def fail(token):\n    raise ValueError(f'{len(token)} letters')\n"


def test_reports_hide_every_setting_that_is_a_secret_or_carries_one() -> None:
    given = {
        "SECRET_KEY": "hush-sessions",
        "FIELD_ENCRYPTION_KEYS": ["hush-fields"],
        "DATABASES": {"default": {"HOST": "db", "PASSWORD": "hush-rows"}},
        "REDIS_URL": "redis://:hush-queue@redis/0",
        "CELERY_BROKER_URL": "redis://:hush-broker@redis/0",
        "CACHES": {"default": {"LOCATION": "redis://:hush-cache@redis/0"}},
        "METRICS_TOKEN": "hush-metrics",
        "EMAIL_HOST_PASSWORD": "hush-mail",
        "SOCIALACCOUNT_PROVIDERS": {"openid_connect": {"APPS": [{"secret": "hush-sso"}]}},
    }
    discreet = ExceptionReporter(None, None, None, None).filter
    shown = {name: discreet.cleanse_setting(name, value) for name, value in given.items()}
    assert "hush" not in repr(shown)
    secrets = {name for name, how in readings().items() if how == "secret"}
    readable = {
        name
        for name in secrets & set(dir(loaded))
        if discreet.cleanse_setting(name, "x") != discreet.cleansed_substitute
    }
    assert readable == set()


@pytest.mark.parametrize("is_debugging", [False, True])
def test_no_report_of_an_error_holds_what_was_typed_sent_or_computed(
    settings: Any, is_debugging: bool
) -> None:
    settings.DEBUG = is_debugging
    request = RequestFactory().post(
        "/admin/services/check/1/change/",
        {"secret_headers": "Authorization: hush-in-form", "why": "hush-in-words"},
        headers={
            "Authorization": "Bearer hush-in-header",
            "Cookie": "sessionid=hush-in-cookie; csrftoken=hush-of-form",
            "X-Portal-Door": "hush-of-door",
        },
    )
    made: dict[str, Any] = {}
    exec(compile(_FAILING, "nowhere.py", "exec"), made)  # noqa: S102 - our own two lines
    with pytest.raises(ValueError, match="letters") as caught:
        made["fail"]("hush-in-frame")
    # Without the frame of this test, whose source would be shown.
    trace = caught.tb.tb_next
    reporter = ExceptionReporter(request, ValueError, caught.value, trace)
    said = reporter.get_traceback_text() + reporter.get_traceback_html()

    assert "hush" not in said
    assert loaded.SECRET_KEY not in said
    assert "secret_headers" in said
    assert "token" in said
