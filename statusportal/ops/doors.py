"""Who may come in to the staff's pages, how much of the country they see, what every page has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache

from accounts.access import Act, agencies, may
from accounts.models import User
from core.admin import address_of
from statusportal.public import words

_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person at the door: `agencies` are those whose incidents they see, None means all."""

    person: User
    agencies: set[int] | None
    address: str | None = None

    @property
    def sees_board(self) -> bool:
        """Whether the state of the country and of the portal itself is theirs to see."""
        return may(self.person, Act.VIEW_BOARD)

    @property
    def may_open(self) -> bool:
        """Whether there is any agency for which they may open an incident."""
        return self.runs is None or bool(self.runs)

    @property
    def runs(self) -> set[int] | None:
        """The agencies whose incidents they may work on; None means all."""
        return agencies(self.person, Act.RUN_INCIDENTS)

    def may_run(self, agency_id: int | None) -> bool:
        """Whether they may acknowledge, write and resolve for this agency."""
        return may(self.person, Act.RUN_INCIDENTS, agency_id)

    def acting(self, now: datetime) -> dict[str, Any]:
        """Who acts, from where and when, as every operation takes it."""
        return {"actor": self.person, "now": now, "address": self.address}


def staff_page(
    view: Callable[Concatenate[HttpRequest, Visitor, _P], HttpResponse],
) -> Callable[..., HttpResponse]:
    """A page for staff with incidents to see; it gets them as `Visitor`.

    Whoever is not signed in is sent to the page for it, and whoever sees no agency is refused.
    """

    @never_cache
    @wraps(view)
    def guarded(request: HttpRequest, *args: _P.args, **kwargs: _P.kwargs) -> HttpResponse:
        person = request.user
        if not isinstance(person, User) or not (person.is_active and person.is_staff):
            return _to_the_door(request)
        seen = agencies(person, Act.VIEW_INCIDENTS)
        if seen is not None and not seen:
            raise PermissionDenied
        visitor = Visitor(person, seen, address_of(request))
        return view(request, visitor, *args, **kwargs)

    return guarded


def _to_the_door(request: HttpRequest) -> HttpResponse:
    if not request.headers.get("HX-Request"):
        return redirect_to_login(request.get_full_path())
    # A part of a page cannot sign anybody in, and what is being typed must not be torn away.
    response = HttpResponse(status=401)
    if request.method == "GET":
        response.status_code = 204
        response["HX-Redirect"] = redirect_to_login(request.get_full_path())["Location"]
    return response


def show(
    request: HttpRequest,
    visitor: Visitor,
    template: str,
    context: dict[str, Any],
    *,
    now: datetime,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page, or only its part named `part` where a page that is open asks to renew itself."""
    language = words.language()
    name = f"{template}#{part}" if part and request.headers.get("HX-Request") else template
    response = render(
        request,
        name,
        {
            "lang": language,
            "dir": "rtl" if language == "ar" else "ltr",
            "as_of": words.as_of(now),
            "now": now,
            "visitor": visitor,
            **context,
        },
        status=status,
    )
    # Of the same address a browser must not take the part for the whole when it goes back.
    patch_vary_headers(response, ["HX-Request"])
    return response
