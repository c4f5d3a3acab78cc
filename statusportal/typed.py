"""What people type into forms, without the marks by which text could pose as another.

Here and not in each form, so that a new form cannot forget it. What comes as a file or as JSON is
cleaned where it is read (services.exchange), and everything is cleaned again where it is shown.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.deprecation import MiddlewareMixin

from core.arabic import without_bidi_controls

_FORMS = {"application/x-www-form-urlencoded", "multipart/form-data"}


def plain(typed: QueryDict) -> QueryDict:
    """`typed` with the same names, and values without marks of direction; passwords stay."""
    cleaned = QueryDict(mutable=True, encoding=typed.encoding)
    for name, values in typed.lists():
        # A password is compared and never shown: whatever was typed is what it is.
        kept = values if "password" in name else [without_bidi_controls(str(v)) for v in values]
        cleaned.setlist(name, kept)
    cleaned._mutable = False
    return cleaned


def asked(query: QueryDict) -> QueryDict:
    """The same for what stands behind the question mark of an address, without NULs besides.

    A form says which field holds one; an address has nobody to say it to, and PostgreSQL has no
    text with one in it.
    """
    cleaned = QueryDict(mutable=True, encoding=query.encoding)
    for name, values in query.lists():
        kept = [without_bidi_controls(value).replace("\0", "") for value in values]
        cleaned.setlist(name.replace("\0", ""), kept)
    cleaned._mutable = False
    return cleaned


class TypedMiddleware(MiddlewareMixin):
    """Stands behind the CSRF check, which has read the form already."""

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponse],
        args: tuple[Any, ...],
        options: dict[str, Any],
    ) -> None:
        """Doors for programs (which need no CSRF token) read the bytes themselves."""
        if "%" in request.META.get("QUERY_STRING", ""):
            request.GET = asked(request.GET)  # type: ignore[assignment]
        if (
            request.method == "POST"
            and request.content_type in _FORMS
            and not getattr(view, "csrf_exempt", False)
        ):
            request.POST = plain(request.POST)  # type: ignore[assignment]
