"""Is this container's process doing its work? Exit code 0 or 1; used by the health checks.

    health.py web    the web process can answer a public page, however old (/readyz)
    health.py beat   beat wrote its schedule lately

Workers are asked by `celery inspect ping` instead. Standard library only, so that it starts fast.
"""

import http.client
import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

# Beat writes every three minutes; three missed writes mean that it hangs.
BEAT_SILENCE_S = 600


def web() -> bool:
    """Ask as the proxy does: by the public name, which is the only host that is answered."""
    host = urlsplit(os.environ["PUBLIC_URL"]).netloc
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    try:
        connection.request("GET", "/readyz", headers={"Host": host})
        return connection.getresponse().status == 200
    except OSError:
        return False


def beat() -> bool:
    """Look at the age of the schedule; its name may carry a suffix of the database kind."""
    files = Path("/tmp").glob("beat-schedule*")
    return any(time.time() - file.stat().st_mtime < BEAT_SILENCE_S for file in files)


if __name__ == "__main__":
    sys.exit(0 if {"web": web, "beat": beat}[sys.argv[1]]() else 1)
