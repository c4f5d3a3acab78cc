"""What allauth asks of us: who may sign in and how, what is said, how secrets are kept."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.stagekit import clear_login
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import factors
from accounts.local import may_sign_in_here, sso_is_configured
from accounts.models import User
from accounts.operations import note_refused
from core.admin import address_of
from core.encryption import seal, unseal

logger = logging.getLogger(__name__)

_TOO_MANY = _("There were too many attempts. Wait for a few minutes and try again.")
# One sentence for every reason: whether an account exists is not told.
_NOT_RIGHT = _("The name or the password is not right.")

# What allauth reports when something is done; what is not here is plain to see.
_SAID: dict[str, Promise] = {
    "account/messages/password_changed.txt": _(
        "The password is changed. Every session is ended: sign in with the new one."
    ),
    "mfa/messages/totp_activated.txt": _("The app gives your codes from now on."),
    "mfa/messages/totp_deactivated.txt": _("The app no longer gives your codes."),
    "mfa/messages/webauthn_added.txt": _("The passkey is added."),
    "mfa/messages/webauthn_removed.txt": _("The passkey is removed."),
    "mfa/messages/recovery_codes_generated.txt": _(
        "There are new recovery codes. Keep them where only you can find them."
    ),
}


class AccountAdapter(DefaultAccountAdapter):
    """Staff alone, invited or by single sign-on."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _NOT_RIGHT,
        "invalid_login": _NOT_RIGHT,
        "too_many_login_attempts": _TOO_MANY,
        "rate_limited": _TOO_MANY,
        "incorrect_password": _("The password is not right."),
        "enter_current_password": _("The password is not right."),
        "incorrect_code": _("The code is not right, or it was used before."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        # As the record knows it. A Unix socket has no address: all of it is one then.
        return address_of(request) or "local"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        here = f"{credentials.get('username', '').lower()}@{self.get_client_ip(request)}"
        usage = ratelimit.consume(
            request, app="allauth.account", action="login_failed_here", key=here
        )
        if not usage:
            logger.warning("Too many sign-ins for one account from one address.")
            raise self.validation_error("too_many_login_attempts")
        self._failed_here = usage
        super().pre_authenticate(request, **credentials)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person with this name and password, if they may sign in here at all.

        Whoever may not is answered like whoever mistyped.
        """
        person = super().authenticate(request, **credentials)
        if not isinstance(person, User):
            return None
        self._failed_here.rollback()
        if person.is_active and may_sign_in_here(person):
            return person
        note_refused(person=person, step="closed", now=timezone.now(), address=address_of(request))
        return None

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> HttpResponse | None:
        """Turn away whoever got this far and must not come in, by whichever way."""
        if signed_in_here(request, user):
            refusal = self._refusal(request, user)
            if refusal is not None:
                clear_login(request)
                note_refused(
                    person=user, step="closed", now=timezone.now(), address=address_of(request)
                )
                messages.error(request, refusal)
                return HttpResponseRedirect(reverse("account_login"))
        response: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return response

    def _refusal(self, request: HttpRequest, person: User) -> str | None:
        if not person.is_active or not may_sign_in_here(person):
            return gettext("You cannot sign in here.")
        is_invited = _began_with(request, person, "invitation")
        if sso_is_configured() and person.factor_since is None and not is_invited:
            # A stolen password must not be enough to enrol somebody else's factor.
            return gettext(
                "Signing in past single sign-on needs a second factor, and you have none."
                " Ask an administrator to invite you."
            )
        return None

    def login(self, request: HttpRequest, user: Any) -> None:
        # Roles may have changed since the person was read, and have ended what was bound to them.
        user.refresh_from_db(fields=["session_epoch", "factor_since"])
        super().login(request, user)

    def get_login_stages(self) -> list[str]:
        ours = {"allauth.mfa.stages.AuthenticateStage": "accounts.stages.SecondFactorStage"}
        return [ours.get(path, path) for path in super().get_login_stages()]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within the first minutes after signing in: that was the same proof."""
        request = self.request
        records = get_authentication_records(request, request.user)
        if records:
            age = timezone.now().timestamp() - records[-1]["at"]
            if 0 <= age < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
                return False
        needed: bool = super().is_reauthentication_required(app=app, **kwargs)
        return needed

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        # Every session is over by then, this one too.
        return reverse("account_login")

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        message_context: dict[str, Any] | None = None,
        extra_tags: str = "",
        message: str | None = None,
    ) -> None:
        said = message or _SAID.get(message_template or "")
        if said:
            messages.add_message(request, level, str(said), extra_tags=extra_tags)


def signed_in_here(request: HttpRequest, person: Any) -> bool:
    """Whether the sign-in under way began with a password or a passkey of ours."""
    return not _began_with(request, person, "socialaccount")


def _began_with(request: HttpRequest, person: Any, method: str) -> bool:
    records = get_authentication_records(request, person)
    return any(record["method"] == method for record in records)


class MFAAdapter(DefaultMFAAdapter):
    """Second factors: sealed at rest, and never given up down to the last one."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("The code is not right, or it was used before."),
        "cannot_delete_authenticator": _(
            "This is your only second factor. Add another one before you remove it."
        ),
    }

    def encrypt(self, text: str) -> str:
        return seal({"secret": text})

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text)["secret"]

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        return factors.can_go(authenticator)

    def get_totp_label(self, user: Any) -> str:
        name: str = user.get_username()
        return name

    def get_totp_issuer(self) -> str:
        # Apps on phones sort and search by it: one spelling for all.
        issuer: str = settings.PORTAL_NAME.en
        return issuer

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": str(settings.PORTAL_NAME)}

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return gettext("Passkey %(number)s") % {"number": count + 1}
