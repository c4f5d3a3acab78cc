"""The headers by which browsers protect people, on every answer: static files and errors included.

Django and django-csp set the rest (statusportal.settings.doors). What differs here is who else may
use an answer: pages and staff's own are for this site alone, what is published for programs and
other sites is for everybody.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

# Paths of people who sign in. Nothing of theirs is kept by a browser or a proxy.
STAFF = ("/admin/", "/ops/", "/accounts/")
# What other sites, readers and programs fetch from within pages of their own.
_FOR_OTHERS = ("/api/v2/", "/embed/", "/badge/", "/static/", "/brand", "/.well-known/")
_FEEDS = (".atom", ".ics", ".png", ".txt", ".xml")

_POLICY = "Content-Security-Policy"

# Nothing of this is used; passkeys are asked for on our own pages, copy buttons write.
_PERMISSIONS = ", ".join(
    [
        *(
            f"{feature}=()"
            for feature in (
                "accelerometer",
                "autoplay",
                "browsing-topics",
                "camera",
                "display-capture",
                "encrypted-media",
                "fullscreen",
                "geolocation",
                "gyroscope",
                "hid",
                "idle-detection",
                "local-fonts",
                "magnetometer",
                "microphone",
                "midi",
                "payment",
                "picture-in-picture",
                "screen-wake-lock",
                "serial",
                "storage-access",
                "usb",
                "window-management",
                "xr-spatial-tracking",
            )
        ),
        "clipboard-write=(self)",
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    ]
)


def is_staff_path(path: str) -> bool:
    """Whether `path` belongs to the staff: the admin, the console, signing in."""
    return path.startswith(STAFF)


def headers_for(path: str, content_type: str) -> dict[str, str]:
    """What an answer carries besides Django's own headers, by its path and type (RFC 9110)."""
    given = {
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": _PERMISSIONS,
    }
    if content_type.startswith("text/html"):
        # With the opener policy it keeps a page in a process of its own, away from other sites'.
        given["Cross-Origin-Embedder-Policy"] = "require-corp"
    if is_staff_path(path):
        return given
    if path.startswith(_FOR_OTHERS) or path.endswith(_FEEDS):
        given["Cross-Origin-Resource-Policy"] = "cross-origin"
    return given


class HeadersMiddleware(MiddlewareMixin):
    """Stands first in MIDDLEWARE, so that nothing is answered without passing it."""

    get_response: Callable[[HttpRequest], HttpResponseBase]

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Add what is missing; what a view has set is its own decision, but for staff's pages."""
        for name, value in headers_for(request.path, response.get("Content-Type", "")).items():
            response.setdefault(name, value)
        policy = response.get(_POLICY)
        if policy is not None:
            # django-csp writes it in another order in every process, and the tag of a page, by
            # which any of them knows it again, covers its headers.
            response[_POLICY] = "; ".join(sorted(policy.split("; ")))
        if is_staff_path(request.path) and "no-store" not in response.get("Cache-Control", ""):
            response["Cache-Control"] = "no-store, private"
        return response
