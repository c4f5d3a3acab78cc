"""Rows for tests: plain functions, keyword arguments, and defaults that surprise nobody.

A default is the dullest row that is valid: one agency, public, tier 2, enabled. Whatever a test
is about, it says itself.
"""

from __future__ import annotations

import time
from functools import cache
from itertools import count
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.adapters import MFAAdapter
from accounts.factors import present_code
from accounts.models import AUTHORITY_ROLES, Agency, Membership, Role, User
from services.models import (
    Category,
    Channel,
    Check,
    Edge,
    Location,
    ReferenceTarget,
    Service,
)

# Numbers only make names unique: no test may rely on which one a row got.
_numbers = count(1)

PASSWORD = "correct-horse-battery-staple"
# Of everybody's second factor.
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@cache
def _hashed() -> str:
    # Slow on purpose, so once for all people.
    return make_password(PASSWORD)


@cache
def _sealed() -> str:
    return MFAAdapter().encrypt(TOTP_SECRET)


def code_now(at: float | None = None) -> str:
    """The code of everybody's second factor, at a Unix time or now."""
    return present_code(TOTP_SECRET, time.time() if at is None else at)


def make_agency(*, code: str | None = None, **fields: Any) -> Agency:
    """An agency; its names follow its code."""
    code = code or f"AG{next(_numbers)}"
    fields = {"name_ar": f"جهة {code}", "name_en": f"Agency {code}"} | fields
    return Agency.objects.create(code=code, **fields)


def make_category(*, slug: str | None = None, **fields: Any) -> Category:
    """A category; its names follow its slug."""
    slug = slug or f"category-{next(_numbers)}"
    fields = {"name_ar": f"فئة {slug}", "name_en": f"Category {slug}"} | fields
    return Category.objects.create(slug=slug, **fields)


def make_service(
    *, slug: str | None = None, agency: Agency | None = None, **fields: Any
) -> Service:
    """A public service of tier 2, of an agency of its own unless one is given, no channels."""
    # Of one length, so that the order of names is that of making, whatever ran before.
    slug = slug or f"service-{next(_numbers):06d}"
    fields = {"name_ar": f"خدمة {slug}", "name_en": f"Service {slug}"} | fields
    return Service.objects.create(slug=slug, agency=agency or make_agency(), **fields)


def make_channel(*, service: Service | None = None, kind: str = "web", **fields: Any) -> Channel:
    """A channel without checks: not monitored (rule 9)."""
    return Channel.objects.create(service=service or make_service(), kind=kind, **fields)


def make_check(
    *,
    channel: Channel | None = None,
    spec: dict[str, Any] | None = None,
    secrets: dict[str, str] | None = None,
    **fields: Any,
) -> Check:
    """An enabled, essential http check, not yet scheduled (`next_due_at` is None)."""
    check = Check(
        channel=channel or make_channel(),
        spec={"url": "https://services.gov.example/"} if spec is None else spec,
        **fields,
    )
    check.secrets = secrets or {}
    check.save()
    return check


def make_edge(
    *, upstream: Service | None = None, dependant: Service | None = None, **fields: Any
) -> Edge:
    """A hard edge that names no channel; a missing upstream is a shared service."""
    return Edge.objects.create(
        upstream=upstream or make_service(is_shared=True),
        dependant=dependant or make_service(),
        **fields,
    )


def make_user(
    role: Role | str | None = None,
    agency: Agency | None = None,
    *,
    has_factor: bool = True,
    **fields: Any,
) -> User:
    """A member of staff with one role, PASSWORD and a second factor (`code_now`).

    Without a role, one who may do nothing. Agency roles without an agency get one of their own.
    """
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "username": f"{role or 'person'}-{number}",
        "email": f"person-{number}@gov.example",
        "is_staff": True,
        "factor_since": timezone.now() if has_factor else None,
    }
    user = User.objects.create(password=_hashed(), **(defaults | fields))
    if role is not None:
        role = Role(role)
        if role not in AUTHORITY_ROLES and agency is None:
            agency = make_agency()
        # Not by `create`: a role that comes later ends sessions, this one is there from the start.
        Membership.objects.bulk_create([Membership(user=user, role=role, agency=agency)])
    if has_factor:
        Authenticator.objects.bulk_create(
            [Authenticator(user=user, type=Authenticator.Type.TOTP, data={"secret": _sealed()})]
        )
    return user


def make_location(*, code: str = "main", **fields: Any) -> Location:
    """An enabled vantage point; the same row when it exists already."""
    fields = {"name_ar": "المقر الرئيسي", "name_en": "Main site"} | fields
    location, _created = Location.objects.get_or_create(code=code, defaults=fields)
    return location


def make_reference(
    *, name: str = "reference", location: Location | None = None, **fields: Any
) -> ReferenceTarget:
    """An enabled tcp reference target of the main location's internet."""
    fields = {"network": "internet", "kind": "tcp"} | fields
    return ReferenceTarget.objects.create(name=name, location=location or make_location(), **fields)
