"""How the portal sends mail."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from core import env
from statusportal.settings.base import PUBLIC_URL, VAR_DIR

EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.number("EMAIL_PORT", 587, at_least=1)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.secret("EMAIL_HOST_PASSWORD", "")
_security = env.text("EMAIL_SECURITY", "starttls")
if _security not in {"starttls", "tls", "none"}:
    raise ImproperlyConfigured("EMAIL_SECURITY must be starttls, tls or none.")
EMAIL_USE_TLS = _security == "starttls"
EMAIL_USE_SSL = _security == "tls"
# A server that hangs must not hold a worker of the deliveries for ever.
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", f"portal@{urlsplit(PUBLIC_URL).hostname}")
# Without a server mails become files, so that nothing is lost and everything can be looked at.
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = str(VAR_DIR / "mail")
