"""Settings, all from the environment (docs/configuration.md). A bad value stops the start."""

from __future__ import annotations

import ipaddress
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.fernet import Fernet
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from core import env
from core.bilingual import Bilingual
from incidents.clocks import Row, read_row
from incidents.office import Allowance, read_allowance

BASE_DIR = Path(__file__).resolve().parent.parent

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


# --- Data -----------------------------------------------------------------------------------


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


def _broker(url: str) -> str:
    """Celery spells a Redis socket in another way than redis-py and Django do."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    database = parse_qs(parts.query).get("db", ["0"])[-1]
    return f"redis+socket://{parts.path}?virtual_host={database}"


CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

# --- Applications ---------------------------------------------------------------------------

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
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Before the session: otherwise the locale is sought there and every page varies on cookies.
    "django.middleware.locale.LocaleMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
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
LOGIN_URL = "admin:login"

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
            },
        },
    }
]

# --- Languages, time ------------------------------------------------------------------------

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

# --- Files ----------------------------------------------------------------------------------

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

# --- Doors ----------------------------------------------------------------------------------

_https = _public.scheme == "https"
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=_https)
# Probes of the platform itself come over plain HTTP, behind the proxy.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|freshz|metrics)$", r"^api/heartbeats/self/$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _https else None
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
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SILENCED_SYSTEM_CHECKS: list[str] = []

# --- Celery ---------------------------------------------------------------------------------

CELERY_BROKER_URL = _broker(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 120, "socket_timeout": 5}
CELERY_TIMEZONE = "UTC"
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 250_000

# --- Measuring (rules 1 to 5) ---------------------------------------------------------------


def _seconds(name: str, default: int, demo: int | None = None) -> timedelta:
    chosen = demo if DEMO and demo is not None else default
    return timedelta(seconds=env.number(name, chosen, at_least=1))


CHECK_INTERVAL = _seconds("CHECK_INTERVAL", 300, demo=15)
CHECK_INTERVAL_URGENT = _seconds("CHECK_INTERVAL_URGENT", 60, demo=15)
CHECK_FAST_INTERVAL = _seconds("CHECK_FAST_INTERVAL", 10, demo=5)
CHECK_TIMEOUT = _seconds("CHECK_TIMEOUT", 10, demo=3)
FLAPPING_WINDOW = _seconds("FLAPPING_WINDOW", 3600, demo=300)
FLAPPING_QUIET = _seconds("FLAPPING_QUIET", 1800, demo=60)
# Rule 5: fast turns take at most this share of what the workers can do, and few at one host.
PROBE_CAPACITY_PER_MINUTE = env.number("PROBE_CAPACITY_PER_MINUTE", 10_000, at_least=60)
FAST_SHARE_PERCENT = env.number("FAST_SHARE_PERCENT", 10, at_least=1)
# The demo's hosts are all one: loopback.
FAST_PER_HOST = env.number("FAST_PER_HOST", 100 if DEMO else 5, at_least=1)
OBSERVATION_DAYS = env.number("OBSERVATION_DAYS", 7, at_least=1)
FIGURE_HOURS_DAYS = env.number("FIGURE_HOURS_DAYS", 90, at_least=1)
PROBE_SHARD_SIZE = env.number("PROBE_SHARD_SIZE", 200, at_least=1)
PROBE_CONCURRENCY = env.number("PROBE_CONCURRENCY", 200, at_least=1)
PROBE_PER_HOST = env.number("PROBE_PER_HOST", 150 if DEMO else 8, at_least=1)
PROBE_USER_AGENT = env.text("PROBE_USER_AGENT", f"StatusPortal-Probe/1.0 (+{PUBLIC_URL})")
PROBE_EXTRA_CA = env.text("PROBE_EXTRA_CA", str(VAR_DIR / "demo" / "ca.pem") if DEMO else "")
# The only private networks that probes may enter (core.net).
PROBE_ALLOWED_NETWORKS = env.words("PROBE_ALLOWED_NETWORKS", "127.0.0.0/8" if DEMO else "")
# Rule 6: where the portal calls its own door for heartbeats, and the private networks that this
# one call may enter. Apart from those of probes, which must not reach our own machines.
HEARTBEAT_SELF_URL = env.text(
    "HEARTBEAT_SELF_URL",
    f"http://127.0.0.1:{env.number('PORT', 8000, at_least=1)}" if DEMO else PUBLIC_URL,
).rstrip("/")
if urlsplit(HEARTBEAT_SELF_URL).scheme not in {"http", "https"}:
    raise ImproperlyConfigured("HEARTBEAT_SELF_URL must begin with http:// or https://.")
HEARTBEAT_SELF_NETWORKS = env.words("HEARTBEAT_SELF_NETWORKS", "127.0.0.0/8" if DEMO else "")
for _name, _networks in (
    ("PROBE_ALLOWED_NETWORKS", PROBE_ALLOWED_NETWORKS),
    ("HEARTBEAT_SELF_NETWORKS", HEARTBEAT_SELF_NETWORKS),
):
    for _network in _networks:
        try:
            ipaddress.ip_network(_network)
        except ValueError as error:
            raise ImproperlyConfigured(f"{_name}: {error}.") from None

# --- Maintenance (docs/windows.md) ----------------------------------------------------------


def _weekdays(name: str, default: str) -> frozenset[int]:
    """Days of the week by their first three letters, counted from Monday."""
    known = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    chosen = [word.lower() for word in env.words(name, default)]
    if strange := [word for word in chosen if word not in known]:
        raise ImproperlyConfigured(f"{name} names no day: {strange[0]!r}. Days: {' '.join(known)}.")
    return frozenset(known.index(word) for word in chosen)


def _hours(name: str, default: str) -> tuple[time, time]:
    """A span of the clock, such as 23:00-05:00."""
    value = env.text(name, default)
    try:
        opens, closes = (
            datetime.strptime(part.strip(), "%H:%M").time()  # noqa: DTZ007 - of the wall
            for part in value.split("-")
        )
    except ValueError:
        raise ImproperlyConfigured(
            f"{name} must be two times, such as 23:00-05:00, not {value!r}."
        ) from None
    if opens == closes:
        raise ImproperlyConfigured(f"{name} must be two different times, not {value!r}.")
    return opens, closes


WEEKEND = _weekdays("WEEKEND", "fri sat")
_first = _weekdays("WEEK_START", "sun")
if len(_first) != 1:
    raise ImproperlyConfigured("WEEK_START must be one day.")
# Tables of a month begin their weeks with it.
WEEK_START = min(_first)
MAINTENANCE_LOW_USE = _hours("MAINTENANCE_LOW_USE", "23:00-05:00")
MAINTENANCE_RAMADAN_PEAK = _hours("MAINTENANCE_RAMADAN_PEAK", "20:00-03:00")
# From the announcement to the start; urgent: tier 1 and shared services.
MAINTENANCE_LEAD_URGENT = _seconds("MAINTENANCE_LEAD_URGENT", 72 * 3600)
MAINTENANCE_LEAD = _seconds("MAINTENANCE_LEAD", 48 * 3600)
MAINTENANCE_LONGEST = _seconds("MAINTENANCE_LONGEST", 24 * 3600)
# Banners show a window from so long before its start until so long after its completion.
MAINTENANCE_NOTICE = _seconds("MAINTENANCE_NOTICE", 24 * 3600)
MAINTENANCE_AFTER = _seconds("MAINTENANCE_AFTER", 2 * 3600)
# Rule 16: a window that is open so long after its end alarms a supervisor.
MAINTENANCE_OVERDUE = _seconds("MAINTENANCE_OVERDUE", 3600)
# What is completed, cancelled or postponed stays in lists and calendars for so long.
MAINTENANCE_KEPT_DAYS = env.number("MAINTENANCE_KEPT_DAYS", 30, at_least=30)

# --- Incidents (docs/clocks.md) -------------------------------------------------------------


def _clock(name: str, default: str) -> Row:
    """Four lengths of time, for P1 to P4."""
    try:
        return read_row(env.text(name, default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}.") from None


def _early(name: str, default: str) -> tuple[Allowance, Allowance]:
    """Two lengths of time on the wall: how often, and for how long."""
    words = env.words(name, default)
    try:
        often, lasting = (read_allowance(word) for word in words)
    except ValueError as error:
        wrong = error if len(words) == 2 else "it must be two lengths of time, such as 30m 2h"
        raise ImproperlyConfigured(f"{name}: {wrong}.") from None
    if often.is_of_office or lasting.is_of_office:
        raise ImproperlyConfigured(f"{name}: office hours do not count here, only m and h.")
    return often, lasting


INCIDENT_ACKNOWLEDGE = _clock("INCIDENT_ACKNOWLEDGE", "10m 20m 2oh 1d")
INCIDENT_FIRST_NOTICE = _clock("INCIDENT_FIRST_NOTICE", "20m 60m 4oh -")
INCIDENT_UPDATE = _clock("INCIDENT_UPDATE", "60m 2h 1d -")
INCIDENT_REPORT = _clock("INCIDENT_REPORT", "3d 5d 10d -")
# Of P1 alone: so often, for so long.
INCIDENT_UPDATE_EARLY = _early("INCIDENT_UPDATE_EARLY", "30m 2h")
INCIDENT_OFFICE_HOURS = _hours("INCIDENT_OFFICE_HOURS", "07:00-14:00")
INCIDENT_RAMADAN_HOURS = _hours("INCIDENT_RAMADAN_HOURS", "08:00-14:00")
INCIDENT_HOLDING_NOTICES = env.flag("INCIDENT_HOLDING_NOTICES", default=True)
# Rule 19: automatic notices reach subscribers so late when nobody acknowledges.
INCIDENT_SUBSCRIBERS_AFTER = _seconds("INCIDENT_SUBSCRIBERS_AFTER", 300)
# Rule 19: a new outage so soon after the end is the same incident.
INCIDENT_REOPEN_WITHIN = _seconds("INCIDENT_REOPEN_WITHIN", 900)
# Services of one agency that fail so close together are one incident.
INCIDENT_GROUP_WITHIN = _seconds("INCIDENT_GROUP_WITHIN", 120)
# The same service and cause again within so many days is pointed out.
INCIDENT_RECURRENCE_DAYS = env.number("INCIDENT_RECURRENCE_DAYS", 90, at_least=1)
# Resolved incidents stay in the live snapshot for so long; older months come from their archive.
INCIDENT_KEPT_DAYS = env.number("INCIDENT_KEPT_DAYS", 90, at_least=31)

# --- The authority --------------------------------------------------------------------------

AUTHORITY_NAME_AR = env.text("AUTHORITY_NAME_AR", "الهيئة الوطنية للخدمات الرقمية")
AUTHORITY_NAME_EN = env.text("AUTHORITY_NAME_EN", "National Digital Services Authority")
CONTACT_PHONE = env.text("CONTACT_PHONE", "80000000" if DEMO else "")
PORTAL_NAME = Bilingual(
    env.text("PORTAL_NAME_AR", "حالة الخدمات الحكومية"),
    env.text("PORTAL_NAME_EN", "Status of government services"),
)
# The deployment's own look (statusportal.public.brand); each empty: ours.
BRAND_ACCENT = env.text("BRAND_ACCENT", "")
BRAND_ACCENT_DARK = env.text("BRAND_ACCENT_DARK", "")
BRAND_LOGO = env.text("BRAND_LOGO", "")
BRAND_FONT = env.text("BRAND_FONT", "")
BRAND_FONT_BOLD = env.text("BRAND_FONT_BOLD", "")
# A second date, by the Umm al-Qura calendar, beside every "as of".
HIJRI = env.flag("HIJRI", default=False)

# --- Logging --------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        # The head of the audit's chain has to reach the log, whatever level workers set.
        "core.chaining": {"level": "INFO"},
    },
}
