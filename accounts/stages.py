"""The step of a sign-in that asks for the second factor."""

from __future__ import annotations

from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest

from accounts import factors
from accounts.models import User


class SecondFactorStage(AuthenticateStage):
    """Asked of everybody who has a factor, except where single sign-on asked for its own."""

    def _should_handle(self, request: HttpRequest) -> bool:
        person = self.login.user
        if isinstance(person, User) and factors.was_provided(request, person):
            return False
        needed: bool = super()._should_handle(request)
        return needed
