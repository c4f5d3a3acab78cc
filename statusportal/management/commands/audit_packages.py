"""`manage.py audit_packages`: whether a locked dependency has a known weakness."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from statusportal.management.advisories import judge, read_ignored

LOCK = "requirements/production.lock"
IGNORED = "requirements/ignored-advisories.toml"
# `make check` waits no longer: advisories that do not come are as if there were no network.
PATIENCE_S = 20


class Command(BaseCommand):
    """For `make check`, in English alone. Exit code 1 where a weakness is known and not excused."""

    help = "Ask for known weaknesses of the locked dependencies."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        ignored = read_ignored((settings.BASE_DIR / IGNORED).read_text(encoding="utf-8"))
        verdict = judge(self._ask(), ignored, timezone.now().date())
        for line in verdict.lines:
            self.stdout.write(line)
        if not verdict.is_good:
            sys.exit(1)

    def _ask(self) -> dict[str, Any] | None:
        command = [
            *(sys.executable, "-m", "pip_audit", "--requirement", LOCK),
            # The lock is complete and hashed: nothing is resolved or installed to read it.
            *("--disable-pip", "--require-hashes"),
            *("--format", "json", "--progress-spinner", "off", "--timeout", "5"),
        ]
        try:
            done = subprocess.run(
                command,
                cwd=settings.BASE_DIR,
                capture_output=True,
                text=True,
                timeout=PATIENCE_S,
                check=False,
            )
            found: dict[str, Any] = json.loads(done.stdout)
        except (subprocess.TimeoutExpired, json.JSONDecodeError):
            # It fails with words instead of JSON where it cannot reach anybody.
            return None
        return found
