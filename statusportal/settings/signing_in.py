"""How staff sign in (docs/signing-in.md): passwords, second factors, sessions."""

from __future__ import annotations

from statusportal.settings.base import PUBLIC_URL
from statusportal.settings.reading import seconds

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
LOGOUT_REDIRECT_URL = "account_login"

# Nobody registers: people are invited, or come by single sign-on.
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = False
# Between the password and the second factor.
ACCOUNT_LOGIN_TIMEOUT = 300
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# Per address generously: a whole office, or a whole proxy, may stand behind one.
ACCOUNT_RATE_LIMITS = {
    "login": "300/m/ip",
    # Wrong passwords and codes: per address, and per account from wherever they come.
    "login_failed": "100/m/ip,20/900s/key",
    # Per account and address; narrower, so that a stranger shuts out nobody but themselves.
    "login_failed_here": "5/300s/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
}

MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = {"webauthn_login": "100/m/ip"}
# A code of the step before and after counts too, once (accounts.factors.spend).
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "authenticate": "accounts.forms.SecondFactorForm",
    "reauthenticate": "accounts.forms.SecondFactorAgainForm",
    "activate_totp": "accounts.forms.NewCodesForm",
}

SESSION_LENGTH = seconds("SESSION_LENGTH", 12 * 3600)
# Pages that renew themselves do not count: it is the person who is idle.
SESSION_IDLE = seconds("SESSION_IDLE", 30 * 60)
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_AGE = int(SESSION_LENGTH.total_seconds())
if PUBLIC_URL.startswith("https://"):
    # Bound to this very host and to https by their names.
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
