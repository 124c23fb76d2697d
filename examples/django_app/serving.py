"""What servers call: `serving:wsgi` for gunicorn and others, `serving:asgi` for uvicorn and others."""

import os

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
wsgi = get_wsgi_application()
asgi = get_asgi_application()
