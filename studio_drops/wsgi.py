"""The WSGI entry point: `gunicorn studio_drops.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio_drops.settings")

application = get_wsgi_application()
