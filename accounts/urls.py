"""Where staff sign in. Listed one by one: what allauth offers beside these is not reachable."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkey
from django.db import transaction
from django.urls import include, path

from accounts import views

# Whatever changes how somebody signs in stands or falls with its entry in the record.
whole = transaction.atomic

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", whole(account.password_change), name="account_change_password"),
    path("invitation/", views.accept_invitation, name="invitation"),
    path("invitation/<str:token>/", views.open_invitation, name="invitation_link"),
    # Second factors.
    path("2fa/", factor.index, name="mfa_index"),
    path("2fa/authenticate/", factor.authenticate, name="mfa_authenticate"),
    path("2fa/reauthenticate/", factor.reauthenticate, name="mfa_reauthenticate"),
    path("2fa/app/add/", whole(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/app/remove/", whole(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", recovery.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "2fa/recovery-codes/new/",
        whole(recovery.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "2fa/recovery-codes/download/",
        recovery.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path("2fa/passkeys/", passkey.list_webauthn, name="mfa_list_webauthn"),
    path("2fa/passkeys/add/", whole(passkey.add_webauthn), name="mfa_add_webauthn"),
    path("2fa/passkeys/login/", passkey.login_webauthn, name="mfa_login_webauthn"),
    path(
        "2fa/passkeys/reauthenticate/",
        passkey.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("2fa/passkeys/<int:pk>/", whole(passkey.edit_webauthn), name="mfa_edit_webauthn"),
    path(
        "2fa/passkeys/<int:pk>/remove/",
        whole(views.RemovePasskey.as_view()),
        name="mfa_remove_webauthn",
    ),
    # Single sign-on (accounts.sso).
    path("sso/", include("accounts.sso.urls")),
]
