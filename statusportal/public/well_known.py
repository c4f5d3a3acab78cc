"""What programs look for at fixed addresses: robots.txt (RFC 9309) and security.txt (RFC 9116)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

# Less than a year is asked for (RFC 9116, 2.5.5). It moves by whole days: a portal that runs
# vouches for what it says, and a copy of one that no longer does must run out.
_VALID_FOR = timedelta(days=90)
_KEPT = "public, max-age=3600"
# People sign in there: nothing to be found by a search engine.
_NOT_FOR_ROBOTS = ("/admin/", "/ops/", "/accounts/", "/i18n/", "/api/heartbeats/", "/api/v1/")


def security_text(*, contacts: Sequence[str], policy: str, site: str, now: datetime) -> str:
    """The content of security.txt, by RFC 9116; `contacts` in the order of preference."""
    expires_at = now.replace(hour=0, minute=0, second=0, microsecond=0) + _VALID_FOR
    lines = [
        *(f"Contact: {contact}" for contact in contacts),
        f"Expires: {expires_at.isoformat().replace('+00:00', 'Z')}",
        "Preferred-Languages: ar, en",
        f"Canonical: {site}/.well-known/security.txt",
    ]
    if policy:
        lines.append(f"Policy: {policy}")
    return "\n".join(lines) + "\n"


def robots_text(sitemap: str | None) -> str:
    """The content of robots.txt: everything public may be found, the staff's pages not."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_ROBOTS)]
    if sitemap is not None:
        lines.append(f"Sitemap: {sitemap}")
    return "\n".join(lines) + "\n"


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    """`/.well-known/security.txt`; 404 where SECURITY_CONTACT is not set."""
    if not settings.SECURITY_CONTACT:
        raise Http404
    text = security_text(
        contacts=settings.SECURITY_CONTACT,
        policy=settings.SECURITY_POLICY,
        site=settings.PUBLIC_URL,
        now=timezone.now(),
    )
    return _plain(text)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """`/robots.txt`."""
    try:
        sitemap = settings.PUBLIC_URL + reverse("sitemap")
    except NoReverseMatch:
        sitemap = None
    return _plain(robots_text(sitemap))


def _plain(text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = _KEPT
    return response
