"""To the provider and back. Whatever fails here ends on one page, in both languages."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.utils import get_next_redirect_url
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.internal import statekit
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, gettext, override
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts import factors
from accounts.claims import has_second_factor
from accounts.sso import conversation, people, tokens
from accounts.sso.adapter import BelievedLogin, SingleSignOnProvider
from accounts.sso.failures import (
    Cancelled,
    NotAllowed,
    NotBelieved,
    ProviderDown,
    SignInFailed,
)
from core.admin import address_of
from core.bilingual import LANGUAGES

logger = logging.getLogger(__name__)

_SENTENCES = {
    ProviderDown: _(
        "Single sign-on does not answer at the moment. Try again in a minute. Whoever may break"
        " glass signs in with their password and second factor meanwhile."
    ),
    NotBelieved: _(
        "The answer of single sign-on could not be verified. Start again. If it happens again,"
        " tell the portal's administrators."
    ),
    Cancelled: _("The sign-in was broken off. Start again whenever you like."),
    NotAllowed: _(
        "Single sign-on knows you, but you have no role in this portal. Ask your agency or the"
        " portal's administrators for one."
    ),
}


@never_cache
@require_GET
def start(request: HttpRequest) -> HttpResponse:
    """Send the person to the provider."""
    provider = _provider(request)
    if not _comes_from_here(request):
        # Nobody is signed in by a link in a mail or on another site. Theirs is the login page.
        query = urlencode({"next": request.GET["next"]}) if "next" in request.GET else ""
        return HttpResponseRedirect(f"{reverse('account_login')}{'?' if query else ''}{query}")
    try:
        return provider.redirect(request, next_url=get_next_redirect_url(request))
    except SignInFailed as failure:
        return _tell(request, failure)


@never_cache
@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Take what the provider sends the person back with, and sign them in."""
    provider = _provider(request)
    now = timezone.now()
    try:
        state = _state(request, provider)
        claims = _believed_claims(request, provider, state, now)
        account = people.receive(
            issuer=settings.SSO_ISSUER, claims=claims, now=now, address=address_of(request)
        )
    except SignInFailed as failure:
        return _tell(request, failure)
    if request.user.is_authenticated:
        # Before the factor is noted, because this empties the session.
        get_account_adapter(request).logout(request)
    if has_second_factor(claims, settings.SSO_CLAIMS):
        factors.mark_provided(request, account.user)
    login = BelievedLogin.of(provider, account)
    login.state = state
    response: HttpResponse = complete_social_login(request, login)
    return response


@never_cache
@require_GET
def no_password(request: HttpRequest) -> HttpResponse:
    """Nobody gives themselves a password: it would be a way in past single sign-on."""
    if request.user.is_authenticated:
        messages.info(request, gettext("You have no password here: you sign in by single sign-on."))
    return HttpResponseRedirect(reverse("mfa_index"))


def _provider(request: HttpRequest) -> SingleSignOnProvider:
    if not settings.SSO_ISSUER:
        raise Http404
    provider: SingleSignOnProvider = get_adapter(request).get_provider(request)
    return provider


def _comes_from_here(request: HttpRequest) -> bool:
    """Whether a page of ours led here (Fetch Metadata; for older browsers, the referrer).

    A form with a token would be the usual way, and the browser would not let its answer lead to
    the provider: our form-action names ourselves alone.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    came, ours = urlsplit(request.headers.get("Referer", "")), urlsplit(settings.PUBLIC_URL)
    return (came.scheme, came.netloc) == (ours.scheme, ours.netloc)


def _state(request: HttpRequest, provider: SingleSignOnProvider) -> dict[str, Any]:
    """What was kept when this sign-in began; it can be had once. Raises SignInFailed."""
    state: dict[str, Any] | None = statekit.unstash_state(
        request, provider_id=provider.sub_id, state_id=request.GET.get("state", "")
    )
    if state is None:
        raise NotBelieved("the state is unknown, was used before, or is older than ten minutes")
    # RFC 9207: where the answer says whose it is, it must be that of whom we asked.
    if request.GET.get("iss", settings.SSO_ISSUER) != settings.SSO_ISSUER:
        raise NotBelieved("the answer comes from another issuer")
    error = request.GET.get("error")
    if error == "access_denied":
        raise Cancelled("broken off at the provider")
    if error is not None:
        raise NotBelieved(f"the provider says {error[:60]!r}")
    return state


def _believed_claims(
    request: HttpRequest,
    provider: SingleSignOnProvider,
    state: Mapping[str, Any],
    now: datetime,
) -> Mapping[str, Any]:
    code = request.GET.get("code")
    if not code:
        raise NotBelieved("the answer has no code")
    redeemed = conversation.redeem(
        code=code,
        verifier=state["pkce_code_verifier"],
        redirect_uri=provider.get_callback_url(),
    )
    claims: Mapping[str, Any] = tokens.believe(
        redeemed.id_token,
        keys=redeemed.keys,
        expected=tokens.Expected(
            issuer=settings.SSO_ISSUER, client_id=settings.SSO_CLIENT_ID, nonce=state["nonce"]
        ),
        now=now,
    )
    if redeemed.userinfo is not None:
        claims = tokens.same_subject(claims, redeemed.userinfo)
    return claims


def _tell(request: HttpRequest, failure: SignInFailed) -> HttpResponse:
    logger.warning(
        "Sign-in by single sign-on failed from %s: %s: %s",
        address_of(request),
        type(failure).__name__,
        failure,
    )
    is_down = isinstance(failure, ProviderDown)
    response = render(
        request,
        "socialaccount/authentication_error.html",
        {"said": _in_both_languages(type(failure))},
        status=503 if is_down else 403,
    )
    if is_down:
        response.headers["Retry-After"] = "60"
    return response


def _in_both_languages(kind: type[SignInFailed]) -> list[dict[str, str]]:
    """What is said, once in each language; the reader's own first."""
    found = []
    for language in sorted(LANGUAGES, key=lambda one: one != get_language()):
        with override(language):
            found.append(
                {
                    "lang": language,
                    "dir": "rtl" if language == "ar" else "ltr",
                    "title": gettext("You are not signed in"),
                    "sentence": str(_SENTENCES[kind]),
                    "back": gettext("To the sign-in page"),
                }
            )
    return found
