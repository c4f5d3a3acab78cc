"""The web process: pages from memory, Django behind them, and a thread that keeps both up to date.

It starts without PostgreSQL and Redis, and knows then what the last-good file knows.
"""

import os
import sys

from django.core.wsgi import get_wsgi_application

# Who is answered from memory needs Python for microseconds, and must not wait for it behind each
# page that is being made for Python's usual five milliseconds.
sys.setswitchinterval(0.0005)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "statusportal.settings")

_django = get_wsgi_application()

from statusportal.public.wsgi_cache import serve  # noqa: E402  (needs the settings)

application = serve(_django)
