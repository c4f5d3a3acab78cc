"""Public pages from memory, asked as a server would."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler

from statusportal.public.store import store
from statusportal.public.wsgi_cache import PageCache


class Counted:
    """Django, counting what it is asked."""

    def __init__(self) -> None:
        self.django = WSGIHandler()
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked.append(environ["PATH_INFO"])
        return self.django(environ, start_response)


class Site:
    """Pages from memory, asked as a server would."""

    def __init__(self, django: Any = None) -> None:
        self.django = django or Counted()
        self.cache = PageCache(self.django, store)

    def get(
        self, path: str, query: str = "", *, method: str = "GET", **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "HTTP_HOST": "localhost:8000",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": sys.stderr,
        }
        environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
        answered: list[Any] = []

        def start_response(status: str, given_headers: list[Any], *_: object) -> None:
            answered[:] = [int(status[:3]), dict(given_headers)]
            # As wsgiref does with the list that it is given.
            given_headers.append(("Server", "spoilt"))

        chunks = self.cache(environ, start_response)
        body = b"".join(chunks)
        if hasattr(chunks, "close"):
            chunks.close()
        return answered[0], answered[1], body
