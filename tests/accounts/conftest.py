from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache


@pytest.fixture
def no_attempts_yet() -> None:
    """Nobody has tried anything so far: attempts are counted in Redis, which tests share."""
    cache.clear()


@pytest.fixture
def quick_passwords(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def single_sign_on(settings: Any) -> None:
    """A provider is configured; whether it answers does not matter to local sign-ins."""
    app = {"provider_id": "sso", "name": "Single sign-on", "client_id": "portal", "secret": "x"}
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [app | {"settings": {"server_url": "https://sso.gov.example"}}],
        }
    }
