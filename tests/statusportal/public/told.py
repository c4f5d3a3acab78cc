"""What a process tells of one snapshot at one moment; run as a program, it prints that as JSON."""

from __future__ import annotations

import hashlib
import json

PATHS = (
    *("/ar/", "/en/", "/en/services/", "/ar/services/passport/", "/en/services/passport/"),
    *("/en/agencies/MOI/", "/ar/maintenance/", "/en/incidents/", "/api/v2/summary.json"),
    *("/ar/feed.atom", "/badge/passport.svg", "/embed/passport.html", "/sitemap.xml"),
)


def main() -> None:
    """Print for each path its status, its headers and a hash of its bytes."""
    import django  # noqa: PLC0415 (the settings come first)

    django.setup()
    import time_machine  # noqa: PLC0415

    from statusportal.public.store import store  # noqa: PLC0415
    from tests.statusportal.public.everything import everything  # noqa: PLC0415
    from tests.statusportal.public.memory import Site  # noqa: PLC0415
    from tests.statusportal.public.snapshots import NOW, history  # noqa: PLC0415

    with time_machine.travel(NOW, tick=False):
        store.hold(everything(), history())
        site = Site()
        told = {}
        for path in PATHS:
            status, headers, body = site.get(path, accept_encoding="gzip")
            told[path] = (status, sorted(headers.items()), hashlib.sha256(body).hexdigest())
    print(json.dumps(told))


if __name__ == "__main__":
    main()
