"""What the proxy in front of the portal keeps, and what it must never keep (docker/nginx.conf).

Read only; `test_proxy_running.py` runs it where there is an nginx.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from statusportal.public.wsgi_cache_key import question

CONFIGURATION = (Path(settings.BASE_DIR) / "docker" / "nginx.conf").read_text(encoding="utf-8")


def locations() -> dict[str, str]:
    """Pattern of a location → its statements, on one line without comments."""
    bare = re.sub(r"#.*", "", CONFIGURATION)
    return {
        match[1].strip(): " ".join(match[2].split())
        for match in re.finditer(r"location ([^{]+)\{([^}]*)\}", bare)
    }


def locations_left_out() -> str:
    """What holds for the whole server, without comments."""
    return re.sub(r"location [^{]+\{[^}]*\}", "", re.sub(r"#.*", "", CONFIGURATION))


def test_a_picture_is_never_shown_from_an_old_copy() -> None:
    assert "proxy_cache_use_stale off;" in locations()[r"~ ^/badge/|/og\.png$"]


def test_no_old_copy_is_shown_only_because_a_new_one_is_on_its_way() -> None:
    (statement,) = re.findall(r"proxy_cache_use_stale ([^;]+);", locations_left_out())
    assert "updating" not in statement.split()


def test_a_copy_is_kept_under_all_that_the_portal_tells_readers_apart_by() -> None:
    (key,) = re.findall(r'proxy_cache_key "([^"]+)";', CONFIGURATION)
    handed_on = dict(re.findall(r"proxy_set_header ([\w-]+) (\$\w+);", CONFIGURATION))
    headers = ("Accept-Encoding", "HX-Request", "Accept-Language", "Host", "X-Forwarded-Proto")
    assert [name for name in headers if handed_on[name] not in key.split()] == []


@pytest.mark.parametrize(
    "pattern",
    ["~ ^/(admin|ops|accounts)(/|$)", "~ ^/(healthz|readyz|freshz)$", "^~ /api/heartbeats/"],
)
def test_staff_and_machines_always_reach_the_portal(pattern: str) -> None:
    assert "proxy_cache off;" in locations()[pattern]


def test_nobody_who_signed_in_is_given_a_shared_copy_by_proxy_or_portal() -> None:
    (names,) = re.findall(r"\(\?:\^\|;\\s\*\)\(\?:([^)]+)\)=", CONFIGURATION)
    assert settings.SESSION_COOKIE_NAME in names.split("|")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/en/",
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": f"{settings.SESSION_COOKIE_NAME}=x",
    }
    assert (
        question(
            environ,
            host=lambda header: header,
            is_secure=False,
            language=lambda header: header,
            session_cookie=settings.SESSION_COOKIE_NAME,
        )
        is None
    )
