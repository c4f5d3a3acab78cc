"""The language of an answer, where it is not the browser's to choose."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware

# Their language is asked for in the address, or they have none. A cache that kept one for each
# Accept-Language of a nation's browsers would ask us for each of them.
_NAMED = (
    "/api/v2/",
    "/badge/",
    "/brand",
    "/embed/",
    "/freshz",
    "/healthz",
    "/metrics",
    "/readyz",
    "/robots.txt",
    "/sitemap",
    "/.well-known/",
)


class LanguageMiddleware(LocaleMiddleware):
    """Django's own, which leaves alone what says its language itself."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if request.path_info.startswith(_NAMED):
            return response
        return super().process_response(request, response)
