"""How long a nation of 10,000 services takes to come in: `python bench/import_catalogue.py`.

Each has one channel, one check and three edges. Starts a throw-away PostgreSQL and Redis, as the
tests do (without fsync: a real disk adds its own time to the one commit), and prints seconds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.servers import Servers

SERVICES = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
# The first ones are platforms: nobody's edges point back, so there is no circle.
PLATFORMS = 20
LIMIT_S = 60.0


def nation() -> bytes:
    """A CSV file of SERVICES services of 40 agencies, in Arabic and English."""
    head = (
        "record;code;slug;agency;category;service;channel;name;kind;upstream;dependant;name_ar;"
        "name_en;description_ar;tier;is_shared;audience;url;spec.url;spec.text_present"
    )
    lines = [head]
    lines += [f"agency;AG{n};;;;;;;;;;جهة {n};Agency {n}" for n in range(40)]
    lines += [f"category;;cat-{n};;;;;;;;;فئة {n};Category {n}" for n in range(12)]
    for n in range(SERVICES):
        shared = "نعم" if n < PLATFORMS else "لا"
        lines.append(
            f"service;;s-{n};AG{n % 40};cat-{n % 12};;;;;;;خدمة رقم {n};Service {n};"
            f"وصف الخدمة رقم {n} للمواطنين والمقيمين;{1 + n % 3};{shared};citizen, resident"
        )
        address = f"https://s-{n}.services.gov.example/"
        lines.append(f"channel;;;;;s-{n};web;;;;;;;;;;;{address}")
        lines.append(f"check;;;;;s-{n};web;الصفحة الأولى;http;;;;;;;;;;{address};تسجيل الدخول")
        if n >= PLATFORMS:
            lines += [
                f"edge;;;;;;;;{kind};s-{(n + step) % PLATFORMS};s-{n}"
                for step, kind in enumerate(("hard", "soft", "hard"))
            ]
    return "\r\n".join(lines).encode("utf-8-sig")


@contextmanager
def measured(what: str, seconds: dict[str, float]) -> Iterator[None]:
    """Print how long the block took."""
    start = time.perf_counter()
    yield
    seconds[what] = time.perf_counter() - start
    print(f"{what:<36} {seconds[what]:7.1f} s", flush=True)


def run() -> float:
    """All of it; the seconds of the import."""
    # Django reads the environment that the servers have set.
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from services.exchange.apply import import_catalogue, preview  # noqa: PLC0415
    from services.exchange.files import CatalogueFile, Format, write  # noqa: PLC0415
    from services.exchange.present import load  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    file = CatalogueFile("nation.csv", nation())
    print(f"{SERVICES} services, {len(file.content) / 1e6:.1f} MB", flush=True)
    seconds: dict[str, float] = {}
    with measured("preview into an empty portal", seconds):
        plan = preview(file)
    with measured(f"import of {len(plan.creates)} rows", seconds):
        import_catalogue(file=file, actor=None, now=timezone.now())
    with measured("import of the same: nothing to do", seconds):
        import_catalogue(file=file, actor=None, now=timezone.now())
    slower = CatalogueFile("slower.csv", file.content.replace(b";web;", b";app;"))
    with measured("import of other channels and checks", seconds):
        import_catalogue(file=slower, actor=None, now=timezone.now())
    changed = b"record;service;channel;name;interval_seconds\r\n" + b"".join(
        f"check;s-{n};web;الصفحة الأولى;77\r\n".encode() for n in range(SERVICES)
    )
    with measured(f"another interval for {SERVICES} checks", seconds):
        import_catalogue(file=CatalogueFile("changed.csv", changed), actor=None, now=timezone.now())
    for written_as in Format:
        with measured(f"export as {written_as}", seconds):
            content = write(load().present, written_as)
        with measured(f"import of that {written_as}: nothing", seconds):
            again = import_catalogue(
                file=CatalogueFile(f"all.{written_as}", content), actor=None, now=timezone.now()
            )
        if not again.is_empty:
            raise AssertionError(f"An export as {written_as} does not come back the same.")
    return seconds[f"import of {len(plan.creates)} rows"]


if __name__ == "__main__":
    servers = Servers()
    servers.start()
    try:
        took = run()
    finally:
        from django.db import connections

        connections.close_all()
        servers.stop()
    sys.exit(None if took <= LIMIT_S else f"{took:.1f} s is more than {LIMIT_S:.0f} s.")
