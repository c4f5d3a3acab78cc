"""Tokens of a heartbeat check: made, shown once, revoked."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy

from accounts.scoping import ScopedAdmin
from core.admin import ACTS
from services.heartbeats import DOOR, make_token, revoke_token
from services.models import Check, Heartbeat, HeartbeatToken

ACTS["make token"] = pgettext_lazy("what somebody did", "Made a token")
ACTS["revoke token"] = pgettext_lazy("what somebody did", "Revoked a token")


class HeartbeatTokens(ScopedAdmin):
    """Adds the tokens of a heartbeat check to its page, each act with a page that asks first."""

    def get_urls(self) -> list[Any]:
        make = self.admin_site.admin_view(self.make_token_view)
        revoke = self.admin_site.admin_view(self.revoke_token_view)
        return [
            path("<int:pk>/tokens/make/", make, name="services_check_make_token"),
            path(
                "<int:pk>/tokens/<int:token_pk>/revoke/", revoke, name="services_check_revoke_token"
            ),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        check = context.get("original")
        if isinstance(check, Check) and check.kind == "heartbeat":
            context |= {
                "expects_heartbeats": True,
                "tokens": check.heartbeat_tokens.order_by(
                    F("revoked_at").asc(nulls_first=True), "-created_at", "-pk"
                ),
                "has_valid_token": _valid(check).exists(),
                "last_beat": Heartbeat.objects.filter(check_ref=check).first(),
                "command": curl_line("…"),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def make_token_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then make a token and show it on the answer to the POST, this one time."""
        check = self._heartbeat_check(request, pk)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "check": check,
            "has_valid_token": _valid(check).exists(),
        }
        if request.method != "POST":
            context["title"] = gettext("Make a token")
            return TemplateResponse(request, "admin/services/check/make_token.html", context)
        with transaction.atomic():
            row, token = make_token(check=check, now=timezone.now())
            self.write(request, "make token", check, {}, {"token": str(row)})
        context |= {
            "title": gettext("The new token"),
            "token": token,
            "command": curl_line(token),
            "command_failed": curl_line(token, failed=True),
        }
        response = TemplateResponse(request, "admin/services/check/token.html", context)
        # Neither a proxy nor the browser's "back" may show it a second time.
        response["Cache-Control"] = "no-store"
        return response

    def revoke_token_view(self, request: HttpRequest, pk: int, token_pk: int) -> HttpResponse:
        """Ask, then shut the door for one token, for ever."""
        check = self._heartbeat_check(request, pk)
        token = get_object_or_404(HeartbeatToken, pk=token_pk, check_ref=check)
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "title": gettext("Revoke a token"),
                "opts": self.opts,
                "check": check,
                "token": token,
                "is_last": not _valid(check).exclude(pk=token.pk).exists(),
            }
            return TemplateResponse(request, "admin/services/check/revoke_token.html", context)
        with transaction.atomic():
            if revoke_token(token=token, now=timezone.now()):
                self.write(request, "revoke token", check, {"token": str(token)}, {})
        self.message_user(
            request,
            gettext("The token that ends with %(end)s is revoked.") % {"end": token.hint},
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:services_check_change", args=(check.pk,)))

    def _heartbeat_check(self, request: HttpRequest, pk: int) -> Check:
        """The check, for who may write it. Raises Http404 and PermissionDenied."""
        check = self.get_object(request, str(pk))
        if not isinstance(check, Check) or check.kind != "heartbeat":
            raise Http404
        if not self.has_change_permission(request, check):
            raise PermissionDenied
        return check


def _valid(check: Check) -> Any:
    return HeartbeatToken.objects.filter(check_ref=check, revoked_at=None)


def curl_line(token: str, *, failed: bool = False) -> str:
    """What an agency's job runs when it is done, or when it went wrong."""
    address = f"{settings.PUBLIC_URL}{DOOR}{token}/"
    # Quoted where a shell would take the question mark for itself.
    shown = f"'{address}?status=fail'" if failed else address
    return f"curl -fsS -X POST {shown}"
