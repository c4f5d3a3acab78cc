"""How single sign-on stands in django-allauth: what it keeps, and what is taken out of its hands.

allauth keeps the state of a sign-in (one use, ten minutes, bound to the session), draws the PKCE
pair, and leads the person through the second factor into a session. What is asked of the provider
and what is believed is decided here (docs/adr/0010): allauth's own requests and views are shut.
"""

from __future__ import annotations

import secrets
from typing import Any, NoReturn
from urllib.parse import urlencode

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from accounts.models import User
from accounts.sso import conversation

PROVIDER = "openid_connect"


class BelievedLogin(SocialLogin):
    """A sign-in whose id token was believed; allauth finds its person by issuer and subject."""

    @classmethod
    def of(cls, provider: SingleSignOnProvider, account: SocialAccount) -> BelievedLogin:
        """For the person to whom `account` leads."""
        # allauth wants to look up the row itself, from one that is not saved.
        sought = SocialAccount(provider=account.provider, uid=account.uid)
        return cls(user=User(), account=sought, provider=provider)


class SingleSignOnProvider(OpenIDConnectProvider):
    """The one provider, which the settings name."""

    def get_login_url(self, request: HttpRequest, **kwargs: Any) -> str:
        query = {name: value for name, value in kwargs.items() if value}
        return reverse("sso_start") + (f"?{urlencode(query)}" if query else "")

    def get_callback_url(self) -> str:
        """Where the provider sends people back to; never what a request's Host header says."""
        return f"{settings.PUBLIC_URL}{reverse('sso_callback')}"

    def redirect(
        self,
        request: HttpRequest,
        process: str = AuthProcess.LOGIN,
        next_url: str | None = None,
        data: Any = None,
        **kwargs: Any,
    ) -> HttpResponseRedirect:
        """To the provider, to come back with a code.

        Only ever to sign in, and with the scopes of the settings: allauth would take both, and
        any other parameter, from the address. Raises what `conversation.look_up` raises.
        """
        document = conversation.look_up()
        pkce = self.get_pkce_params()
        nonce = secrets.token_urlsafe(32)
        state = self.stash_redirect_state(
            request,
            AuthProcess.LOGIN,
            next_url,
            pkce_code_verifier=pkce.pop("code_verifier"),
            nonce=nonce,
        )
        asked = {
            "response_type": "code",
            "client_id": self.app.client_id,
            "redirect_uri": self.get_callback_url(),
            "scope": " ".join(self.get_scope()),
            "state": state,
            "nonce": nonce,
            **pkce,
        }
        if settings.SSO_CLAIMS.second_factor_acr:
            asked["acr_values"] = " ".join(sorted(settings.SSO_CLAIMS.second_factor_acr))
        endpoint = document.authorization_endpoint
        return HttpResponseRedirect(
            f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"
        )


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """One provider, from the settings alone, and nobody in whose token was not believed."""

    def list_apps(
        self, request: HttpRequest | None, provider: str | None = None, client_id: str | None = None
    ) -> list[SocialApp]:
        # Never rows of the database: whoever could write one would vouch for everybody.
        configured = settings.SOCIALACCOUNT_PROVIDERS.get(PROVIDER, {}).get("APPS", [])
        return [
            SocialApp(provider=PROVIDER, **app)
            for app in configured
            if provider in (None, PROVIDER, app["provider_id"])
            and client_id in (None, app["client_id"])
        ]

    def get_provider(
        self, request: HttpRequest, provider: str = PROVIDER, client_id: str | None = None
    ) -> SingleSignOnProvider:
        """Raises SocialApp.DoesNotExist without single sign-on."""
        return SingleSignOnProvider(request, app=self.get_app(request, provider, client_id))

    def list_providers(self, request: HttpRequest) -> list[OpenIDConnectProvider]:
        return [SingleSignOnProvider(request, app=app) for app in self.list_apps(request)]

    def get_requests_session(self) -> NoReturn:
        # Everything that connects goes through core.net.
        raise PermissionDenied("Single sign-on is spoken by accounts.sso.conversation alone.")

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if not isinstance(sociallogin, BelievedLogin) or not sociallogin.is_existing:
            raise PermissionDenied("This sign-in went past the checks of accounts.sso.")

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False
