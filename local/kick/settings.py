"""Settings of the local Kick. `__main__` passes in the database's path and the secret key."""

import os
import secrets
from pathlib import Path

DATABASE_PATH = Path(os.environ.get("LOCAL_KICK_DATABASE", "var/local-kick.sqlite3")).resolve()

DEBUG = False
# Management commands serve no requests, so a temporary key is enough for them.
SECRET_KEY = os.environ.get("LOCAL_KICK_SECRET_KEY") or secrets.token_urlsafe(48)
# The server listens on loopback only. This prevents DNS rebinding too.
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]

INSTALLED_APPS = [
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "local.kick.apps.LocalKickConfig",
]
MIDDLEWARE = [
    "local.kick.middleware.security_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "local.kick.middleware.api_faults",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
ROOT_URLCONF = "local.kick.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "local.kick.pages.viewer.viewer_context",
            ]
        },
    }
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE_PATH,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 30,
            # A deferred transaction that starts to write fails immediately instead of waiting.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cookies ignore ports, so these names must differ from the studio's cookies on the same host.
SESSION_COOKIE_NAME = "local_kick_session"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 365
CSRF_COOKIE_NAME = "local_kick_csrf"
CSRF_FAILURE_VIEW = "local.kick.pages.errors.form_refused"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Kick doesn't add missing trailing slashes either.
APPEND_SLASH = False
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = False

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "local-kick %(levelname)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    # Refusals are part of the protocol. The reason is in the response's Local-Kick-Reason header.
    "loggers": {"django.request": {"level": "ERROR"}},
}
