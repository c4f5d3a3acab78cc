"""What pages cost that somebody has to make: the citizens' once for all, the staff's each time."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role
from bench.clock import best_s
from bench.table import Row
from statusportal.public.store import store
from tests.factories import make_user

_HOST = "localhost"


def public() -> Iterator[Row]:
    """Rendering one page of each kind from what is in memory; no statement may be asked."""
    store.load()
    client = Client(headers={"host": _HOST})
    pages = (
        ("home", "/ar/", 150),
        ("a service", "/ar/services/service-00100/", 100),
        ("the catalogue", "/ar/services/", 150),
        ("a search", "/ar/services/?q=%D8%AC%D9%88%D8%A7%D8%B2", 150),
        ("v2 summary", "/api/v2/summary.json", 1500),
    )
    for name, path, target in pages:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
            statements = len(asked)
        if answer.status_code != 200:
            yield Row(f"render {name}", target, None, "ms", note=f"answered {answer.status_code}")
            continue
        took = best_s(lambda p=path: client.get(p))  # type: ignore[misc]
        yield Row(
            f"render {name}",
            target,
            took * 1000,
            "ms",
            note=f"{len(answer.content) / 1024:.0f} KB, {statements} SQL statements",
        )


_STAFF = (
    ("board", "ops:board", ""),
    ("list of incidents, console", "ops:incidents", ""),
    ("new incident", "ops:new", ""),
    ("admin: services", "admin:services_service_changelist", ""),
    ("admin: services, searched", "admin:services_service_changelist", "?q=passport"),
    ("admin: incidents", "admin:incidents_incident_changelist", ""),
    ("admin: windows", "admin:maintenance_window_changelist", ""),
    ("admin: record of acts", "admin:core_auditentry_changelist", ""),
)


def staff() -> Iterator[Row]:
    """The pages that operators and administrators open most, with everything in them."""
    operator = make_user(Role.OPERATOR)
    administrator = make_user(Role.ADMINISTRATOR)
    for name, route, query in _STAFF:
        client = Client(headers={"host": _HOST})
        client.force_login(operator if route.startswith("ops:") else administrator)
        path = reverse(route) + query
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(path)
            statements = len(asked)
        if answer.status_code != 200:
            yield Row(name, 1.0, None, "s", note=f"answered {answer.status_code}")
            continue
        yield Row(
            name,
            1.0,
            best_s(lambda p=path, c=client: c.get(p)),  # type: ignore[misc]
            "s",
            note=f"{statements} SQL statements, {len(answer.content) / 1024:.0f} KB",
        )
