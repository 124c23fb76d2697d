"""The settings of Django; those of the accounts are in the environment, as for the server of their own."""

import os

from leadnator_auth.entrypoints.embedding import Settings, SyncBridge

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only for development")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
ROOT_URLCONF = "urls"
WSGI_APPLICATION = "serving.wsgi"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "leadnator_auth.integrations.django.identity_middleware",
]
LEADNATOR_AUTH_BRIDGE = SyncBridge(Settings.read(os.environ))
"""Opens with its first use in each process, and closes with the process."""
