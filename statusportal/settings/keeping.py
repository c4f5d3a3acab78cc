"""How long what is known of people is kept (docs/personal-data.md)."""

from __future__ import annotations

from core import env

INVITATION_KEPT_DAYS = env.number("INVITATION_KEPT_DAYS", 30, at_least=1)
CONTACT_KEPT_DAYS = env.number("CONTACT_KEPT_DAYS", 365, at_least=1)
