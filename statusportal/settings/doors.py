"""How we are reached, and what a browser may do with what we answer."""

from __future__ import annotations

from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from core import env
from statusportal.settings.base import DEBUG, DEMO, PUBLIC_URL
from statusportal.settings.single_sign_on import SSO_ISSUER

_https = urlsplit(PUBLIC_URL).scheme == "https"
if DEBUG and _https:
    raise ImproperlyConfigured(
        "DEBUG shows settings and code to anybody: it stays off where PUBLIC_URL is https."
    )
DEFAULT_EXCEPTION_REPORTER_FILTER = "statusportal.secrecy.Discreet"
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=_https)
# Probes of the platform itself come over plain HTTP, behind the proxy.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|freshz|metrics)$", r"^api/heartbeats/self/$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
# How many of our own proxies stand before us: so many entries of X-Forwarded-For, from the right,
# are theirs, and the last of these says who asked. What stands before it anybody can write.
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _https
SECURE_HSTS_PRELOAD = _https
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = _https
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_SECURE = _https
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
X_FRAME_OPTIONS = "DENY"
_provider = ["{0.scheme}://{0.netloc}".format(urlsplit(SSO_ISSUER))] if SSO_ISSUER else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        # No 'unsafe-inline' and no 'unsafe-eval', on the site, the console and the admin alike.
        # No report address: browsers' extensions would fill it; tests/browser crawls instead.
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # Browsers hold it against the redirect too by which single sign-on begins.
        "form-action": [SELF, *_provider],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SILENCED_SYSTEM_CHECKS: list[str] = []

# /.well-known/security.txt (RFC 9116): whom to tell of a weakness, and by which rules.
SECURITY_CONTACT = env.words("SECURITY_CONTACT", "mailto:security@demo.invalid" if DEMO else "")
SECURITY_POLICY = env.text("SECURITY_POLICY", "")
for _contact in SECURITY_CONTACT:
    if not _contact.startswith(("https://", "mailto:", "tel:")):
        raise ImproperlyConfigured(
            "SECURITY_CONTACT must be addresses such as mailto:security@gov.example"
            " or https://gov.example/security."
        )
if SECURITY_POLICY and not SECURITY_POLICY.startswith("https://"):
    raise ImproperlyConfigured("SECURITY_POLICY must begin with https://.")
