"""All settings, each read once from the environment. docs/operators/configuration.md lists them.

With DEBUG on (the default) every setting has a value that works on a laptop, and only loopback
hosts are served, so a production host without DEBUG=0 fails immediately. With DEBUG off, the
process refuses to start if a value is missing or unsafe, and lists all such values at once.
"""

import re
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.http.request import validate_host

from core.backoff import BackOff
from studio_drops.schedule import JOBS

Network = IPv4Network | IPv6Network


class Environment(environ.Env):  # type: ignore[misc]
    """django-environ's Env, except that an error names the variable with the invalid value."""

    def get_value(self, var: str, cast: Any = None, **options: Any) -> Any:
        try:
            return super().get_value(var, cast, **options)
        except ValueError as error:  # secrets are plain text, so this never prints one
            message = f"{var} is {self.str(var)!r}: expected a whole number."
            raise ImproperlyConfigured(message) from error

    def one_of(self, var: str, choices: Iterable[str], *, default: str) -> str:
        text: str = self.str(var, default=default)
        if text not in choices:
            raise ImproperlyConfigured(f"{var} is {text!r}: expected {' or '.join(choices)}.")
        return text


env = Environment()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
VAR_DIR.mkdir(parents=True, exist_ok=True)

# Public values, so they're refused when DEBUG is off.
DEVELOPMENT_SECRET_KEY = "development-only-and-refused-when-DEBUG-is-off-0123456789"  # noqa: S105
DEVELOPMENT_TOKEN_KEY = "ZGV2ZWxvcG1lbnQtb25seS1yZWZ1c2VkLWVsc2V3aGU="  # noqa: S105
LOCAL_KICK_URL = "http://localhost:8100"
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")
SECRET_VARIABLES: list[str] = []
DEMO_LOGIN = "accounts.game_logins.demo.DemoLogin"
OIDC_LOGIN = "accounts.game_logins.oidc.OidcLogin"


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def secret(name: str, default: str = "") -> str:
    """Return the variable `name`, or the contents of the file that `{name}_FILE` points to."""
    SECRET_VARIABLES.append(name)
    path = env.str(f"{name}_FILE", default="")
    try:
        return Path(path).read_text().strip() if path else env.str(name, default=default)
    except OSError as error:
        raise ImproperlyConfigured(
            f"{name}_FILE can't be read: {error}. Check the path and its permissions."
        ) from error


# --- Deployment --------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=True)
SECRET_KEY = secret("SECRET_KEY", DEVELOPMENT_SECRET_KEY if DEBUG else "")
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000" if DEBUG else "").rstrip("/")
# Of each web process. `studio_drops.server` reads it, too.
WEB_THREADS = env.int("WEB_THREADS", default=4)
ALLOWED_HOSTS = (
    ["localhost", "127.0.0.1", "[::1]"] if DEBUG else env.list("ALLOWED_HOSTS", default=[])
)
CSRF_TRUSTED_ORIGINS = [origin_of(PUBLIC_URL)] if PUBLIC_URL else []
GAME_NAME = env.str("GAME_NAME", default="Starfall Online" if DEBUG else "").strip()
SUPPORT_URL = env.str("SUPPORT_URL", default="")

# --- Kick --------------------------------------------------------------------------------------

KICK_ID_URL = env.str("KICK_ID_URL", default=LOCAL_KICK_URL if DEBUG else "https://id.kick.com")
KICK_API_URL = env.str("KICK_API_URL", default=LOCAL_KICK_URL if DEBUG else "https://api.kick.com")
KICK_CLIENT_ID = env.str("KICK_CLIENT_ID", default="studio-drops-demo" if DEBUG else "")
KICK_CLIENT_SECRET = secret("KICK_CLIENT_SECRET", "development-only" if DEBUG else "")
# Part of the event webhook's URL, if set: `/webhooks/kick/events/<secret>`.
KICK_EVENTS_SECRET = secret("KICK_EVENTS_SECRET", "")
KICK_REDIRECT_URI = f"{PUBLIC_URL}/link/kick/callback"
KICK_CHANNEL_REDIRECT_URI = f"{PUBLIC_URL}/channel/kick/callback"
# Where a linked player goes next: Kick's drops inventory.
KICK_INVENTORY_URL = env.str(
    "KICK_INVENTORY_URL",
    default=f"{LOCAL_KICK_URL}/" if DEBUG else "https://kick.com/drops/inventory",
)

# Fernet keys that encrypt stored refresh tokens, newest first. Older keys can still decrypt.
TOKEN_KEYS = [
    key for key in secret("TOKEN_KEYS", DEVELOPMENT_TOKEN_KEY if DEBUG else "").split(",") if key
]

# --- Game login --------------------------------------------------------------------------------

GAME_LOGIN = env.str("GAME_LOGIN", default=DEMO_LOGIN if DEBUG else OIDC_LOGIN)
OIDC_ISSUER = env.str("OIDC_ISSUER", default="").rstrip("/")
OIDC_CLIENT_ID = env.str("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = secret("OIDC_CLIENT_SECRET")
OIDC_SCOPE = env.str("OIDC_SCOPE", default="openid profile")
OIDC_ACCOUNT_CLAIM = env.str("OIDC_ACCOUNT_CLAIM", default="sub")
OIDC_NAME_CLAIM = env.str("OIDC_NAME_CLAIM", default="name")

# Days between the end of a link and a link to another account. 0: none.
RELINK_COOLDOWN_DAYS = env.int("RELINK_COOLDOWN_DAYS", default=0)
# After the consent at the platform, show both accounts and ask.
LINK_CONFIRMATION = env.bool("LINK_CONFIRMATION", default=True)

# --- Django ------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "claims.desk.site.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "core",
    "accounts",
    "claims",
    "claims.desk",
    "platforms.kick",
    "studio_drops",
    # The demo's commands are for laptops: a production doesn't have them.
    *(["local.demo"] if DEBUG else []),
]

MIDDLEWARE = [
    "studio_drops.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "studio_drops.urls"
WSGI_APPLICATION = "studio_drops.wsgi.application"
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "studio_drops.context.deployment",
            ],
        },
    }
]

LANGUAGE_CODE = "en"
USE_I18N = True
FORMAT_MODULE_PATH = ["studio_drops.formats"]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "/static/"
STATIC_ROOT = None if DEBUG else BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
AUTH_PASSWORD_VALIDATORS.append(
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},  # type: ignore[dict-item]
    }
)

# --- Database ----------------------------------------------------------------------------------


DATABASE_STATEMENT_TIMEOUT_MS = env.int("DATABASE_STATEMENT_TIMEOUT_MS", default=30_000)


def database(url: str) -> dict[str, Any]:
    config: dict[str, Any] = env.db_url_config(url)
    if "ENGINE" not in config:
        raise ImproperlyConfigured(
            "DATABASE_URL isn't valid: expected postgres://user:password@host/name."
        )
    config["CONN_MAX_AGE"] = None  # opening one per request cuts throughput by 90 %
    if "sqlite" in config["ENGINE"]:
        config["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
        return config
    config["OPTIONS"] = config.get("OPTIONS", {}) | {
        "server_side_binding": True,
        # Prepare on the third use. A migration may put several commands in one statement, which
        # can't be prepared, but it runs only once.
        "prepare_threshold": 2,
        "connect_timeout": 2,
        "tcp_user_timeout": 5000,
        "options": f"-c statement_timeout={DATABASE_STATEMENT_TIMEOUT_MS}",
    }
    return config


DATABASE_URL = secret("DATABASE_URL", f"sqlite:///{VAR_DIR / 'studio-drops.sqlite3'}")
DATABASES = {"default": database(DATABASE_URL)}

# --- Queue -------------------------------------------------------------------------------------

CELERY_BROKER_URL = secret("CELERY_BROKER_URL", "filesystem://localhost")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A dedicated name, because the broker may be shared with other applications.
CELERY_TASK_DEFAULT_QUEUE = env.str("CELERY_QUEUE", default="studio-drops")
CELERY_TASK_IGNORE_RESULT = True
# Tasks per database connection. By default Celery closes the connection after every task.
CELERY_DB_REUSE_MAX = 1000
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
if CELERY_BROKER_URL.startswith("filesystem:"):
    QUEUE_DIR = VAR_DIR / "queue"
    QUEUE_DIR.mkdir(exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(QUEUE_DIR),
        "data_folder_out": str(QUEUE_DIR),
        "control_folder": str(QUEUE_DIR / "control"),
    }

# --- Jobs --------------------------------------------------------------------------------------

# Tests that run the whole system shorten these: tests/faster_settings.py.
JOB_PERIODS = {job.name: job.period for job in JOBS}
# Longer than the slowest step between two renewals: one page, including all retries.
LEASE_LASTS = timedelta(minutes=3)
# All jobs together send Kick at most this many requests a minute. Kick publishes no limit.
KICK_REQUESTS_PER_MINUTE = env.int("KICK_REQUESTS_PER_MINUTE", default=60)
# After a catch-up, wait at least this many times its duration before the next.
CATCH_UP_REST = 9.0
BACK_OFFS = {
    # A job that calls a platform, while the platform is unavailable.
    "platform": BackOff(first=timedelta(seconds=15), longest=timedelta(minutes=5)),
    # All jobs, after the platform has blocked us.
    "block": BackOff(first=timedelta(seconds=15), longest=timedelta(minutes=1)),
    # An interrupted reconcile run.
    "reconcile": BackOff(first=timedelta(seconds=15), longest=timedelta(minutes=15)),
    # A claim that the platform's API doesn't show yet.
    "lookup": BackOff(first=timedelta(seconds=10), longest=timedelta(hours=1)),
    # A claim whose status the platform rejected.
    "report": BackOff(first=timedelta(minutes=1), longest=timedelta(hours=12)),
    # A message to staff that couldn't be sent.
    "alert": BackOff(first=timedelta(minutes=1), longest=timedelta(hours=1)),
    # An authorization that couldn't be revoked, or renewed.
    "deauthorization": BackOff(first=timedelta(seconds=15), longest=timedelta(hours=6)),
    "refresh": BackOff(first=timedelta(minutes=5), longest=timedelta(hours=12)),
    # An authorization whose renewal the platform refuses.
    "refused_refresh": BackOff(first=timedelta(hours=1), longest=timedelta(days=1)),
}

# How often the pending redemptions of channel rewards are listed.
REDEMPTIONS_LISTED_EVERY = timedelta(minutes=1)
# How often the accepted ones are listed, to find those that the streamer accepted unseen.
REDEMPTIONS_SWEPT_EVERY = timedelta(hours=6)

# How long to keep reconcile runs and quarantined deliveries.
RUNS_KEPT_DAYS = env.int("RUNS_KEPT_DAYS", default=30)
DELIVERIES_KEPT_DAYS = env.int("DELIVERIES_KEPT_DAYS", default=90)
# How long to keep messages to game servers. They are tried for four days.
MESSAGES_KEPT_DAYS = env.int("MESSAGES_KEPT_DAYS", default=7)

# --- The desk ----------------------------------------------------------------------------------

# By one member of staff in 24 hours. Above it, a second person approves.
MANUAL_GRANTS_PER_DAY = env.int("MANUAL_GRANTS_PER_DAY", default=50)

# --- REST API ----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["claims.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["claims.api.authentication.HasApiKey"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "claims.api.problems.problem_details",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Studio Drops API",
    "DESCRIPTION": (
        "For game servers: players' entitlements, their delivery status, and linked accounts."
    ),
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SORT_OPERATION_PARAMETERS": False,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {
        "EntitlementStatus": "claims.models.Entitlement.Status",
        "FulfilmentOutcome": "claims.entitlements.FulfilmentOutcome",
    },
}

# --- Security ----------------------------------------------------------------------------------

# With the prefix, browsers take these cookies from this host only, not from a sibling domain.
_COOKIE_PREFIX = "" if DEBUG else "__Host-"
SESSION_COOKIE_NAME = f"{_COOKIE_PREFIX}studio_drops_session"
CSRF_COOKIE_NAME = f"{_COOKIE_PREFIX}studio_drops_csrf"
LOGIN_REDIRECT_URL = "/admin/"
# Of staff. Players stay logged in longer: see `accounts.pages.sessions`.
SESSION_COOKIE_AGE = 12 * 60 * 60
DEFAULT_EXCEPTION_REPORTER_FILTER = "studio_drops.errors.HideAddresses"
CSRF_FAILURE_VIEW = "studio_drops.errors.csrf_failure"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = not DEBUG
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 0 if DEBUG else 31536000
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Chromium applies form-action to every redirect after a POST, so the policy must list each origin
# in the redirect chain of a login. These are the game login's. Each platform's login adds its own.
LOGIN_ORIGINS = env.list("LOGIN_ORIGINS", default=[])
FORM_ACTION_ORIGINS = [*([origin_of(OIDC_ISSUER)] if OIDC_ISSUER else []), *LOGIN_ORIGINS]
METRICS_TOKEN = secret("METRICS_TOKEN")

# --- Webhooks to game servers ------------------------------------------------------------------


def networks(texts: list[str]) -> list[Network]:
    try:
        return [ip_network(text) for text in texts]
    except ValueError as error:
        raise ImproperlyConfigured(
            f"WEBHOOK_PRIVATE_NETWORKS: {error}. Expected networks, such as 10.0.0.0/8."
        ) from error


# Networks besides the internet that messages may be sent to.
WEBHOOK_PRIVATE_NETWORKS = networks(
    env.list("WEBHOOK_PRIVATE_NETWORKS", default=["127.0.0.0/8", "::1/128"] if DEBUG else [])
)

# --- Alerts to staff ---------------------------------------------------------------------------

# All three are secrets, because whoever knows the address can use it.
ALERT_WEBHOOK_URL = secret("ALERT_WEBHOOK_URL")
ALERT_PING_URL = secret("ALERT_PING_URL")
EMAIL_URL = secret("EMAIL_URL", "consolemail://")
ALERT_EMAILS = env.list("ALERT_EMAILS", default=[])
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="drops@localhost")
globals().update(env.email_url_config(EMAIL_URL))
EMAIL_TIMEOUT = 10

# --- Logs --------------------------------------------------------------------------------------

LOG_LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "core.logs.TextFormatter"},
        "json": {"()": "core.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "core.logs.StderrHandler",
            "formatter": env.one_of(
                "LOG_FORMAT", ["text", "json"], default="text" if DEBUG else "json"
            ),
        }
    },
    "root": {"handlers": ["stderr"], "level": env.one_of("LOG_LEVEL", LOG_LEVELS, default="INFO")},
    # We already log one event per run and per refused request. Hide Celery's and Django's copies.
    "loggers": {
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        # Anyone can send any Host header. The answer is a 400.
        "django.security.DisallowedHost": {"level": "CRITICAL"},
    },
}


# --- Checks for production ---------------------------------------------------------------------


def production_faults() -> list[str]:
    """Return one message per setting that is missing or unsafe in production (DEBUG off)."""
    is_secret_key_good = (
        len(SECRET_KEY) >= 50
        and len(set(SECRET_KEY)) >= 10
        and SECRET_KEY != DEVELOPMENT_SECRET_KEY
    )
    is_oidc_set = OIDC_ISSUER.startswith("https://") and OIDC_CLIENT_ID and OIDC_CLIENT_SECRET
    are_token_keys_good = TOKEN_KEYS and DEVELOPMENT_TOKEN_KEY not in TOKEN_KEYS
    are_origins_good = all(
        re.fullmatch(r"https://(\*\.)?[a-z0-9.-]+(:\d+)?", origin) for origin in LOGIN_ORIGINS
    )
    checks = (
        (is_secret_key_good, "SECRET_KEY must be random text of at least 50 characters."),
        (
            ALLOWED_HOSTS and "*" not in ALLOWED_HOSTS,
            "ALLOWED_HOSTS must list the host names to serve. A wildcard isn't allowed.",
        ),
        (PUBLIC_URL.startswith("https://"), "PUBLIC_URL must be the https URL that players open."),
        (
            not ALLOWED_HOSTS or validate_host(urlsplit(PUBLIC_URL).hostname or "", ALLOWED_HOSTS),
            "ALLOWED_HOSTS must have the host of PUBLIC_URL.",
        ),
        (
            SUPPORT_URL.startswith(("https://", "mailto:")) or not SUPPORT_URL,
            "SUPPORT_URL must be an https URL or a mailto address.",
        ),
        (KICK_INVENTORY_URL.startswith("https://"), "KICK_INVENTORY_URL must be an https URL."),
        (are_origins_good, "LOGIN_ORIGINS must be https origins, such as https://login.example."),
        (
            len(METRICS_TOKEN) >= 16 or not METRICS_TOKEN,
            "METRICS_TOKEN must have at least 16 characters.",
        ),
        (
            all(
                url.startswith("https://") or not url for url in (ALERT_WEBHOOK_URL, ALERT_PING_URL)
            ),
            "ALERT_WEBHOOK_URL and ALERT_PING_URL must be https URLs.",
        ),
        (
            not ALERT_EMAILS or EMAIL_URL != "consolemail://",
            "EMAIL_URL must be your mail server, because ALERT_EMAILS is set.",
        ),
        (
            KICK_CLIENT_SECRET != "development-only",  # noqa: S105 (the one to refuse)
            "KICK_CLIENT_SECRET must not be the local Kick's.",
        ),
        (GAME_NAME, "GAME_NAME must be your game's name, as players see it on the pages."),
        (are_token_keys_good, "TOKEN_KEYS must be a key created by `manage.py make_token_key`."),
        (KICK_CLIENT_ID, "KICK_CLIENT_ID must be your Kick app's client ID, from dev.kick.com."),
        (
            KICK_CLIENT_SECRET,
            "KICK_CLIENT_SECRET must be your Kick app's client secret, from dev.kick.com.",
        ),
        (
            KICK_ID_URL.startswith("https://"),
            "KICK_ID_URL must be an https URL. The local Kick is for development only.",
        ),
        (
            KICK_API_URL.startswith("https://"),
            "KICK_API_URL must be an https URL. The local Kick is for development only.",
        ),
        (
            GAME_LOGIN != DEMO_LOGIN,
            "GAME_LOGIN must not be the demo login, which lets anyone log in as any player.",
        ),
        (
            GAME_LOGIN != OIDC_LOGIN or is_oidc_set,
            "OIDC_ISSUER (an https URL), OIDC_CLIENT_ID and OIDC_CLIENT_SECRET must be set"
            " to log players in with OIDC.",
        ),
    )
    return [fault for is_met, fault in checks if not is_met]


FAULTS = [] if DEBUG else production_faults()
if DEBUG and urlsplit(PUBLIC_URL).hostname not in LOOPBACK_HOSTS:
    # With DEBUG, error pages show settings, and anyone can log in as any player.
    FAULTS.append("DEBUG must be 0 unless PUBLIC_URL is on localhost. It's on by default.")
if MESSAGES_KEPT_DAYS < 5:
    FAULTS.append("MESSAGES_KEPT_DAYS must be at least 5: messages are tried for four days.")
if KICK_REQUESTS_PER_MINUTE < 10:
    FAULTS.append("KICK_REQUESTS_PER_MINUTE must be at least 10.")
try:
    for key in TOKEN_KEYS:
        Fernet(key)
except ValueError:
    FAULTS.append("TOKEN_KEYS contains an invalid key. Create one with `manage.py make_token_key`.")
if FAULTS:
    raise ImproperlyConfigured(
        "Invalid configuration. Fix these settings:\n- " + "\n- ".join(FAULTS)
    )
