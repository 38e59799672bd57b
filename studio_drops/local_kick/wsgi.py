import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "studio_drops.local_kick.settings")
application = get_wsgi_application()
