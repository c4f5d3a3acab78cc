"""`/metrics`: the portal's own figures, for a Prometheus that may have them."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from secrets import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.admin import address_of
from statusportal.ops import readings
from statusportal.ops.metrics import CONTENT_TYPE, document
from statusportal.public import reader
from statusportal.public.store import store


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All figures. 401 without the right token; 404 from elsewhere, and where nobody chose who
    may ask (outside the demo)."""
    if not (settings.METRICS_TOKEN or settings.METRICS_NETWORKS or settings.DEMO):
        return _refused(HTTPStatus.NOT_FOUND)
    # Each that is set must hold: a token that leaked opens nothing from elsewhere.
    if settings.METRICS_NETWORKS and not _is_near(request):
        return _refused(HTTPStatus.NOT_FOUND)
    if settings.METRICS_TOKEN and not _has_token(request):
        refused = _refused(HTTPStatus.UNAUTHORIZED)
        refused["WWW-Authenticate"] = 'Bearer realm="metrics"'
        return refused
    now = timezone.now()
    database = readings.from_database(now=now)
    body = document(
        said=store.said(reader.step(now)),
        database=database,
        redis=readings.from_redis(locations=database.locations if database else ()),
        now=now,
    )
    return HttpResponse(body, content_type=CONTENT_TYPE)


def _refused(status: HTTPStatus) -> HttpResponse:
    return HttpResponse(f"{status.phrase}\n", status=status, content_type="text/plain")


def _has_token(request: HttpRequest) -> bool:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    # As bytes: a token of other letters than ASCII is a wrong one, and no error.
    return scheme.lower() == "bearer" and compare_digest(
        token.strip().encode(), settings.METRICS_TOKEN.encode()
    )


def _is_near(request: HttpRequest) -> bool:
    """Whether the connection itself comes from one of the networks.

    What a proxy hands on came from anywhere, though the proxy stands near.
    """
    if "X-Forwarded-For" in request.headers or "Forwarded" in request.headers:
        return False
    address = address_of(request)
    if address is None:
        return False
    return any(ip_address(address) in network for network in _networks(*settings.METRICS_NETWORKS))


@cache
def _networks(*named: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(name) for name in named)
