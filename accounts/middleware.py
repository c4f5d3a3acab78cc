"""The gate before every page of staff: a session that still holds, and a second factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext

from accounts import factors, sessions
from accounts.models import User

# The first part of their addresses. Nothing else is looked at: public pages know no session.
ROOMS = frozenset({"admin", "ops", "accounts"})


class Gate:
    """Lets nobody without a second factor past, and nobody whose session is over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        room = match.route.partition("/")[0] if match else ""
        if room not in ROOMS:
            return None
        person = self._present(request)
        # Signing in, and whatever is asked on the way, has to be reached by everybody.
        if room == "accounts":
            return None
        if room == "admin":
            closed = _own_doors_of_the_admin(request, person)
            if closed is not None:
                return closed
        # The console's doors lead a stranger to the sign-in by themselves (statusportal.ops).
        if person is None or not person.is_staff or factors.has_one(request, person):
            return None
        messages.warning(
            request, gettext("Add a second factor first: nothing else opens without one.")
        )
        return _lead(request, reverse("mfa_index"))

    def _present(self, request: HttpRequest) -> User | None:
        """Who is signed in, after ending a session that is over."""
        person = request.user
        if not isinstance(person, User):
            return None
        now = timezone.now()
        limits = sessions.Limits(length=settings.SESSION_LENGTH, idle=settings.SESSION_IDLE)
        why = sessions.why_over(request.session, limits, now)
        if why is not None:
            request.session_over = why  # type: ignore[attr-defined]
            logout(request)
            return None
        # A page that renews itself says nothing of who sits before it.
        if not (request.method == "GET" and request.headers.get("HX-Request")):
            sessions.touch(request.session, now)
        return person


def _own_doors_of_the_admin(request: HttpRequest, person: User | None) -> HttpResponse | None:
    """The admin's own sign-in and change of password are closed: ours know the second factor."""
    match = request.resolver_match
    name = match.url_name if match else None
    if name == "login":
        after = request.GET.get("next", "")
        if not get_adapter().is_safe_url(after):
            after = reverse("admin:index")
        if person is None:
            return redirect_to_login(after)
        if not person.is_staff:
            raise PermissionDenied
        return HttpResponseRedirect(after)
    if name in {"password_change", "password_change_done"}:
        return HttpResponseRedirect(reverse("account_change_password"))
    # Words for scripts; the sign-in page of no one needs them, and they are no secret.
    if person is None and name != "jsi18n":
        return redirect_to_login(request.get_full_path())
    return None


def _lead(request: HttpRequest, address: str) -> HttpResponse:
    response: HttpResponse
    if request.headers.get("HX-Request"):
        # A part of a page cannot show another page: the browser goes there as a whole.
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
    else:
        response = HttpResponseRedirect(address)
    add_never_cache_headers(response)
    return response
