"""`/api/v1/services/`: what is measured and planned of the services of the token's agency."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts import bearer
from accounts.tokens import Scope
from core.bilingual import Bilingual
from reports import queries
from reports.queries import ChannelRead, CheckRead, ServiceRead, WindowRead


@bearer.bearer(Scope.READ, "GET", "HEAD")
def services(request: HttpRequest, caller: bearer.Caller) -> HttpResponse:
    """Every service of the agency, those that are not public too; of others none."""
    found = queries.own_services(caller.agency_id, now=caller.now)
    return bearer.answered({"as_of": caller.now, "services": [_summary(one) for one in found]})


@bearer.bearer(Scope.READ, "GET", "HEAD")
def service(request: HttpRequest, caller: bearer.Caller, slug: str) -> HttpResponse:
    """One service with its channels, checks and windows; 404 for another agency's."""
    found = queries.own_services(caller.agency_id, now=caller.now, slug=slug)
    if not found:
        raise bearer.absent(_("Your agency has no service with this slug."))
    [one] = found
    return bearer.answered(
        {
            "as_of": caller.now,
            **_summary(one),
            "channels": [_channel(channel) for channel in one.channels],
            "windows": [_window(window) for window in queries.windows_of(one.row, now=caller.now)],
        }
    )


def _summary(one: ServiceRead) -> dict[str, object]:
    row = one.row
    return {
        "slug": row.slug,
        "id": row.public_id,
        "name": _words(row.name),
        "visibility": row.visibility,
        "tier": row.tier,
        "is_shared": row.is_shared,
        "measured": one.health.value if one.health is not None else None,
    }


def _channel(one: ChannelRead) -> dict[str, object]:
    return {
        "kind": one.row.kind,
        "measured": one.health.value if one.health is not None else None,
        "down_since": one.since,
        "checks": [_check(check) for check in one.checks],
    }


def _check(one: CheckRead) -> dict[str, object]:
    return {
        "id": one.row.pk,
        "name": one.row.name,
        "kind": one.row.kind,
        "is_essential": one.row.is_essential,
        "health": one.health.name.lower(),
        "since": one.since,
        "seen_at": one.seen_at,
    }


def _window(one: WindowRead) -> dict[str, object]:
    row = one.row
    return {
        "ref": row.ref,
        "state": one.stage.value,
        "effect": row.effect,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
    }


def _words(text: Bilingual) -> dict[str, str]:
    return {"ar": text.ar, "en": text.en}
