"""Settings of the local Kick.

Two values come from outside: the database's path and the port, both from `__main__`.
"""

import os
import secrets
from pathlib import Path

DATABASE_PATH = Path(os.environ.get("LOCAL_KICK_DATABASE", "var/local-kick.sqlite3")).resolve()

DEBUG = False
# Django's own commands, which serve nobody, do with one of the moment.
SECRET_KEY = os.environ.get("LOCAL_KICK_SECRET_KEY") or secrets.token_urlsafe(48)
# With the listener on loopback alone, this closes the door to DNS rebinding.
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
WSGI_APPLICATION = "local.kick.wsgi.application"
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
            # A deferred transaction that turns into a writer fails at once instead of waiting.
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Cookies ignore ports: these names keep out of the way of the studio's own on the same host.
SESSION_COOKIE_NAME = "local_kick_session"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 365
CSRF_COOKIE_NAME = "local_kick_csrf"
CSRF_FAILURE_VIEW = "local.kick.pages.errors.form_refused"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Only views and APIs of this project's own shape: a missing trailing slash is a mistake, as on
# Kick.
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
    # Refusals are part of the wire, and what was refused and why stands in the answer's Local-Kick-
    # Reason.
    "loggers": {"django.request": {"level": "ERROR"}},
}
