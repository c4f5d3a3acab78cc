"""What the proxy in front of the portal keeps, and what it must never keep (docker/nginx.conf)."""

from __future__ import annotations

import re
import shutil
import subprocess
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


def test_a_badge_is_never_shown_from_an_old_copy() -> None:
    assert "proxy_cache_use_stale off;" in locations()["^~ /badge/"]


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


def test_nginx_itself_reads_the_configuration(tmp_path: Path) -> None:
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("No nginx on this machine.")
    # Paths and names of the image, which this machine does not have.
    local = CONFIGURATION.replace("/var/cache/nginx", str(tmp_path)).replace(
        "server web:8000 resolve max_fails=0;", "server 127.0.0.1:8000 max_fails=0;"
    )
    file = tmp_path / "nginx.conf"
    file.write_text(local, encoding="utf-8")
    done = subprocess.run(
        [nginx, "-t", "-c", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
