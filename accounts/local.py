"""Signing in here, with a password or a passkey, and whose that is while single sign-on exists."""

from __future__ import annotations

from django.conf import settings

from accounts.models import User


def sso_is_configured() -> bool:
    """Whether a provider of single sign-on is configured; whether it answers is not asked."""
    provider = getattr(settings, "SOCIALACCOUNT_PROVIDERS", {}).get("openid_connect", {})
    return bool(provider.get("APPS"))


def may_sign_in_here(person: User) -> bool:
    """Without single sign-on everybody; with it only those who may break glass."""
    return person.may_break_glass or not sso_is_configured()
