"""What allauth has not: accepting an invitation, and a passkey that must not be the last to go."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.core import ratelimit
from allauth.mfa.adapter import get_adapter as get_factor_adapter
from allauth.mfa.webauthn.views import RemoveWebAuthnView
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from accounts import invitations, operations
from accounts.forms import ChoosePasswordForm
from accounts.local import may_sign_in_here
from core.admin import address_of

_TOKEN = "invitation"  # noqa: S105 - the name of a place in the session


@never_cache
@sensitive_variables("token")
def open_invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Put the link's token away, so that it stands neither in the address nor in a Referer."""
    is_open = invitations.find(token, timezone.now()) is not None
    if is_open and request.user.is_authenticated:
        # Whoever was signed in here before: from now on it is the invited person.
        logout(request)
    request.session[_TOKEN] = token
    return HttpResponseRedirect(reverse("invitation"))


@never_cache
@sensitive_post_parameters("password1", "password2")
@sensitive_variables("token", "password")
def accept_invitation(request: HttpRequest) -> HttpResponse:
    """Let the invited person choose a password, and lead them on to their second factor."""
    now = timezone.now()
    limited: HttpResponse | None = ratelimit.consume_or_429(request, action="login")
    if limited is not None:
        return limited
    token = str(request.session.get(_TOKEN, ""))
    found = invitations.find(token, now)
    if found is None:
        return render(request, "accounts/invitation_over.html", status=410)
    is_here = may_sign_in_here(found.user)
    form = ChoosePasswordForm(request.POST or None, person=found.user)
    if request.method != "POST" or (is_here and not form.is_valid()):
        return render(
            request,
            "accounts/invitation.html",
            {"form": form, "person": found.user, "is_here": is_here},
        )
    password = form.cleaned_data["password1"] if is_here else None
    try:
        person = operations.accept(
            token=token, password=password, now=now, address=address_of(request)
        )
    except operations.InvitationOver:
        return render(request, "accounts/invitation_over.html", status=410)
    del request.session[_TOKEN]
    if not is_here:
        messages.success(request, gettext("Everything is ready. Sign in by single sign-on."))
        return HttpResponseRedirect(reverse("account_login"))
    record_authentication(request, person, method="invitation")
    login = Login(user=person, redirect_url=reverse("mfa_index"))
    response: HttpResponse = perform_login(request, login)
    return response


class RemovePasskey(RemoveWebAuthnView):
    """Removes a passkey unless nothing would be left beside it."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        adapter = get_factor_adapter()
        if not adapter.can_delete_authenticator(self.get_object()):
            message = adapter.error_messages["cannot_delete_authenticator"]
            messages.error(request, str(message))
            return HttpResponseRedirect(reverse("mfa_list_webauthn"))
        response: HttpResponse = super().post(request, *args, **kwargs)
        return response
