"""Who we are, where the data lies, and what Django is made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from core import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent

# The demo nation: generous defaults, short intervals, endpoints on loopback.
DEMO = env.flag("PORTAL_DEMO", default=False)
DEBUG = env.flag("DEBUG", default=False)

VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
SECRET_KEY = env.secret("SECRET_KEY")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY must have at least 50 characters, drawn at random.")

FIELD_ENCRYPTION_KEYS = env.secret("FIELD_ENCRYPTION_KEYS").replace(",", " ").split()
for _key in FIELD_ENCRYPTION_KEYS:
    try:
        Fernet(_key)
    except ValueError:
        raise ImproperlyConfigured(
            "FIELD_ENCRYPTION_KEYS must hold Fernet keys: 32 bytes in URL-safe base64 each."
        ) from None
if not FIELD_ENCRYPTION_KEYS:
    raise ImproperlyConfigured("FIELD_ENCRYPTION_KEYS must hold at least one Fernet key.")

PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/")
_public = urlsplit(PUBLIC_URL)
if _public.scheme not in {"http", "https"} or not _public.hostname:
    raise ImproperlyConfigured(
        "PUBLIC_URL must be a whole address, such as https://status.gov.example."
    )
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", _public.hostname)
if DEMO:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]

# --- Data ------------------------------------------------------------------------------------


def _postgres(url: str) -> dict[str, Any]:
    """postgresql://user:password@host:port/name?host=/socket/folder&user=… as Django wants it."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://.")
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": query.pop("user", unquote(parts.username or "")),
        "PASSWORD": env.secret("DATABASE_PASSWORD", unquote(parts.password or "")),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": query.pop("port", str(parts.port or "")),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            # A statement that hangs must not hold a worker for ever; sweeps come again.
            "options": "-c statement_timeout=30s -c lock_timeout=10s",
            **query,
        },
    }


DATABASES = {"default": _postgres(env.secret("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.secret("REDIS_URL")
if not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")

CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "core.steady_cache.SteadyRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 2},
    }
}

# --- Applications ----------------------------------------------------------------------------

INSTALLED_APPS = [
    "statusportal",
    "statusportal.demo",
    "notifications",
    "reports",
    "incidents",
    "maintenance",
    "services",
    "accounts",
    "core",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "template_partials.apps.SimpleAppConfig",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "statusportal.tracing.TracingMiddleware",
    # Before everything that answers by itself: a redirect to https, a static file, an error.
    "statusportal.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Before the session: otherwise the locale is sought there and every page varies on cookies.
    "statusportal.public.languages.LanguageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "statusportal.typed.TypedMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.Gate",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "statusportal.urls"
WSGI_APPLICATION = "statusportal.wsgi.application"
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 12}  # type: ignore[assignment]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # Written out, because template_partials would otherwise rewrite it at start.
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["template_partials.templatetags.partials"],
            # `public` is a package and not an app: its tags are named here.
            "libraries": {
                "portal": "statusportal.public.templatetags.portal",
                "windows": "statusportal.public.templatetags.windows",
                "incidents": "statusportal.public.templatetags.incidents",
                "sharing": "statusportal.public.templatetags.sharing",
            },
        },
    }
]

# --- Languages, time -------------------------------------------------------------------------

LANGUAGE_CODE = "ar"
LANGUAGES = [("ar", "العربية"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = env.text("TIME_ZONE", "Asia/Bahrain")
try:
    ZoneInfo(TIME_ZONE)
except (ZoneInfoNotFoundError, ValueError):
    raise ImproperlyConfigured(f"TIME_ZONE names no time zone: {TIME_ZONE!r}.") from None
# Of the deployment, never left to a library's default (docs/words.md).
DIGITS = env.text("DIGITS", "latn")
if DIGITS not in {"latn", "arab"}:
    raise ImproperlyConfigured("DIGITS must be latn (0123) or arab (٠١٢٣).")

# --- Files -----------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        # The demo serves the files where they lie: no step before the first page.
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEMO
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEMO
LAST_GOOD_FILE = Path(env.text("LAST_GOOD_FILE", str(VAR_DIR / "last-good" / "snapshot.json")))
