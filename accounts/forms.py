"""Forms of signing in: codes that count once, and what an invited person chooses."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts import factors
from accounts.models import User


class _CountsOnce(forms.Form):
    """A code of the app is refused the second time, whichever of the two forms had it first."""

    authenticator: Authenticator

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        found = self.authenticator
        if found.type == Authenticator.Type.TOTP and not factors.spend(found, code):
            self._emit_authentication_failed(found)  # type: ignore[attr-defined]
            raise get_adapter().validation_error("incorrect_code")
        return code


class SecondFactorForm(_CountsOnce, AuthenticateForm):
    """The code on the way in: of the app, or a recovery code."""


class SecondFactorAgainForm(_CountsOnce, ReauthenticateForm):
    """The code before something sensitive."""


class NewCodesForm(ActivateTOTPForm):
    """The first code of an app, which shows that it works."""


class ChoosePasswordForm(forms.Form):
    """What an invited person signs in with from now on."""

    password1 = forms.CharField(label=_("New password"), strip=False)
    password2 = forms.CharField(label=_("New password, again"), strip=False)

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        self.person = person
        super().__init__(*args, **kwargs)

    def clean_password1(self) -> str:
        password: str = self.cleaned_data["password1"]
        validate_password(password, self.person)
        return password

    def clean(self) -> None:
        first, again = (self.cleaned_data.get(name) for name in ("password1", "password2"))
        if first and again and first != again:
            self.add_error("password2", ValidationError(_("The two are not the same.")))
