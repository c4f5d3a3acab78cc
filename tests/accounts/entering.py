"""Signing in over the pages, as a browser without scripts does it."""

from __future__ import annotations

from typing import Any

from django.test import Client

from accounts.models import Role, User
from core.audit import AuditEntry
from tests.factories import PASSWORD, code_now, make_user

LOGIN = "/accounts/login/"
FACTOR = "/accounts/2fa/authenticate/"
FACTORS = "/accounts/2fa/"
HOME = "/admin/"


def somebody(role: Role = Role.OPERATOR, **fields: Any) -> User:
    """A person whose password is quickly checked (with the fixture `quick_passwords`)."""
    person = make_user(role, **fields)
    person.set_password(PASSWORD)
    person.save()
    return person


def give_password(client: Client, person: User, typed: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"login": person.username, "password": typed}, **more)


def sign_in(client: Client, person: User, *, code: str | None = None) -> Any:
    give_password(client, person)
    return client.post(FACTOR, {"code": code or code_now()})


def acts() -> list[tuple[str, str]]:
    """What was written down, in order: the act, and who did it."""
    return list(AuditEntry.objects.order_by("pk").values_list("act", "actor_name"))
