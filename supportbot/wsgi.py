"""Pages without sockets, for tools that want WSGI; the site itself runs on ``asgi.py``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "supportbot.settings")
application = get_wsgi_application()
