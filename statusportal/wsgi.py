"""The web process: Django, and a thread that keeps the snapshot in memory."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statusportal.settings")

application = get_wsgi_application()

from statusportal.public.store import store  # noqa: E402  (needs the settings)

# In the process that answers: a thread would not survive the server's fork.
store.start()
