"""Catalogues for these tests: small files by hand, and one that has everything."""

from __future__ import annotations

import csv
import io
from typing import Any

from services.exchange.columns import KEYS, columns_of
from services.exchange.faults import Fault
from services.exchange.plan import Plan, make_plan
from services.exchange.records import Document, Key, Present, Record, Row, Values
from tests.factories import (
    make_agency,
    make_category,
    make_channel,
    make_check,
    make_edge,
    make_service,
)


def row(line: int = 2, /, **cells: str) -> Row:
    """A row as a reader gives it; `spec__url` stands for the column `spec.url`."""
    return Row(line, {name.replace("spec__", "spec."): text for name, text in cells.items()})


def present(*rows: dict[str, Any]) -> Present:
    """A catalogue of rows that say `record` and what is not the default."""
    found: dict[Key, Values] = {}
    for values in rows:
        record = Record(values["record"])
        whole = {name: cell.default for name, cell in columns_of(record).items()} | values
        del whole["record"]
        found[(record.value, *(str(whole[name]) for name in KEYS[record]))] = whole
    return Present(found)


AGENCY = {"record": "agency", "code": "MOI", "name_ar": "الداخلية", "name_en": "Interior"}
CATEGORY = {"record": "category", "slug": "travel", "name_ar": "السفر", "name_en": "Travel"}
SERVICE = {
    "record": "service",
    "slug": "pass-renew",
    "public_id": "aaaaaaaaaaaa",
    "agency": "MOI",
    "name_ar": "تجديد الجواز",
    "name_en": "Passport renewal",
}
LOGIN = SERVICE | {"slug": "login", "public_id": "bbbbbbbbbbbb", "is_shared": True}
CHANNEL = {"record": "channel", "service": "pass-renew", "channel": "web"}
CHECK = CHANNEL | {
    "record": "check",
    "name": "",
    "kind": "http",
    "spec": {"url": "https://a.example/"},
}
EDGE = {"record": "edge", "upstream": "login", "dependant": "pass-renew"}
# A portal in which all of these are there already.
NATION = present(AGENCY, CATEGORY, SERVICE, LOGIN, CHANNEL, CHECK, EDGE)


def plan(*rows: Row, into: Present = NATION) -> Plan:
    """What importing these rows would do."""
    return make_plan(Document(rows), into)


def told(faults: Any) -> list[tuple[int, str, str]]:
    """(line, place, code) of each fault."""
    return [(fault.line, fault.place, fault.code) for fault in faults if isinstance(fault, Fault)]


def spreadsheet(*rows: list[str], separator: str = ";") -> str:
    """A CSV text of these rows."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return stream.getvalue()


def make_catalogue() -> None:
    """Rows with everything that is awkward to carry, as people can store it through forms."""
    moi = make_agency(code="MOI", phone="+966 11 000 0000", url="https://moi.gov.example/")
    make_agency(code="MOH", position=1)
    travel = make_category(slug="travel", position=3)
    login = make_service(slug="login", agency=moi, tier=1, is_shared=True)
    renew = make_service(
        slug="pass-renew",
        agency=moi,
        category=travel,
        name_ar="=تجديد «الجواز»; فورًا",
        name_en='@Passport "renewal", now',
        description_ar="سطر أول\r\nسطر ثان",
        description_en="First\r\n\r\nthird; line",
        aliases_ar="جواز\nجوازات",
        aliases_en="'=passport\n-travel document",
        tier=3,
        audience=["visitor", "citizen"],
        phone="+973-17 000 000",
        hours_en="24/7",
        meanwhile_ar="انتظر",
        visibility="agencies",
        is_beta=True,
        position=2,
    )
    web = make_channel(service=renew, url="https://services.gov.example/pass?a=1,2", position=1)
    make_channel(service=renew, kind="counter", phone="800", hours_ar="من 8 إلى 2")
    make_channel(service=login, kind="api")
    make_check(
        channel=web,
        spec={
            "url": "https://services.gov.example/",
            "method": "POST",
            "headers": {"Accept": "application/json", "X-Two": "a: b"},
            "body": "\t=leading tab\r\nand lines ",
            "accepted_codes": "200-299, 301",
            "text_present": "'=تسجيل",
            "text_absent": "",
            "json_pointer": "",
            "json_value": "3",
            "follow_redirects": False,
        },
        secrets={"X-Key": "very-secret-value"},
        interval_seconds=60,
        timeout_seconds=5,
        network="government",
        is_essential=False,
    )
    make_check(channel=web, kind="tcp", spec={"host": "a.gov.example", "port": 25})
    make_check(
        channel=web,
        name="Names",
        kind="dns",
        is_enabled=False,
        spec={"domain": "a.gov.example", "expected": ["192.0.2.1", "192.0.2.2"], "port": 53},
    )
    make_edge(upstream=login, dependant=renew, kind="alternative", alternative_ar="-تطبيق")
    make_edge(upstream=login, dependant=renew, kind="soft", channel=web)
