"""Two agencies of which each has everything, one of them called by a name that tells.

Whatever agency people of the other one are shown, that name must not stand in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.test import Client

from accounts.models import Agency, ApiToken, Role, User
from core import outbox
from core.audit import AuditEntry, record
from core.outbox import Event
from incidents.models import ClosingReport, Entry, Incident, ListedService, Override
from maintenance.models import CalendarPeriod, Step, Window
from reports.models import Suspicion
from services.heartbeats import make_token
from services.measurement import ProberDoubt, StatusChange
from services.models import Category, Service
from tests.admin_pages import browser
from tests.factories import (
    make_agency,
    make_category,
    make_channel,
    make_check,
    make_location,
    make_reference,
    make_service,
    make_user,
)
from tests.maintenance.rows import make_announced, make_window
from tests.statusportal.ops.console import make_incident, make_text
from tests.statusportal.ops.nation import NOW, make_measured, play, publish

# Words that stand nowhere in the portal; every name and text of the other agency has one.
TELLTALES = ("quokka", "كوكاوي")
HOUR = timedelta(hours=1)

# Who knocks: the columns of the table.
OURS, THEIRS = "ours", "theirs"


@dataclass(frozen=True)
class World:
    """`named[side]` are the words that stand in braces in the table: ids, slugs, references."""

    named: dict[str, dict[str, Any]]
    clients: dict[str, Client]


def make_world() -> World:
    """The rows of both sides and what belongs to none, and everybody who knocks."""
    category = make_category(slug="papers", name_en="Papers", name_ar="وثائق")
    shared = _shared(category)
    sides = {
        OURS: _side("OURS", "Wombat", "ومبات", category),
        THEIRS: _side("QUOKKA", "Quokka", "كوكاوي", category),
    }
    ours: Agency = sides[OURS].pop("_agency")
    sides[THEIRS].pop("_agency")
    shared |= _third(
        Service.objects.get(pk=sides[OURS]["service"]),
        Incident.objects.get(pk=sides[OURS]["closed_incident"]),
        Incident.objects.get(ref="IN-QUOKKA3"),
    )
    publish()
    shared["service_type"] = ContentType.objects.get_for_model(Service).pk
    return World(
        named={side: shared | named for side, named in sides.items()},
        clients={
            # In both languages, so that neither tells.
            "staff": browser(make_user(Role.AGENCY_STAFF, ours), "ar"),
            "publisher": browser(make_user(Role.AGENCY_PUBLISHER, ours)),
            "centre": browser(make_user(Role.CONTACT_CENTRE)),
            "operator": browser(make_user(Role.OPERATOR)),
            "supervisor": browser(make_user(Role.SUPERVISOR)),
            "administrator": browser(make_user(Role.ADMINISTRATOR)),
            "auditor": browser(make_user(Role.AUDITOR)),
            "no role": browser(make_user()),
            "not staff": browser(make_user(Role.ADMINISTRATOR, is_staff=False)),
            "inactive": browser(make_user(Role.ADMINISTRATOR, is_active=False)),
            "outside": Client(),
        },
    )


def _shared(category: Category) -> dict[str, Any]:
    """What belongs to no agency; `spare_` are rows that nothing needs."""
    location = make_location()
    people = [make_user(Role.OPERATOR), make_user()]
    outbox.append(kind="prober.doubt", key="prober.doubt:main", at=NOW, payload={})
    return {
        "category": category.pk,
        "spare_category": make_category(slug="spare").pk,
        "location": location.pk,
        "spare_location": make_location(code="spare").pk,
        "spare_agency": make_agency(code="SPARE").pk,
        "period": CalendarPeriod.objects.create(
            kind="holiday", name_ar="عيد", name_en="Feast", first_day=NOW, last_day=NOW
        ).pk,
        "reference": make_reference(location=location).pk,
        "doubt": ProberDoubt.objects.create(
            location=location, network="internet", began_at=NOW - HOUR, ended_at=NOW
        ).pk,
        "event": Event.objects.get().pk,
        "person": people[0].pk,
        "spare_person": people[1].pk,
    }


def _third(ours: Service, our_closed: Incident, theirs_before: Incident) -> dict[str, Any]:
    """Incidents of a third agency that list a service of ours: to be read, not worked on.

    Its own service was listed by one of ours too, and earlier by one of theirs, for the same
    cause: a recurrence, of which people of ours may not be told.
    """
    service = make_service(slug="third", agency=make_agency(code="THIRD"))
    third = make_incident(ref="IN-THIRD1", services=(service, ours))
    closed = make_incident(
        ref="IN-THIRD2", services=(service, ours), phase="resolved", resolved_at=NOW
    )
    for incident in (our_closed, theirs_before):
        ListedService.objects.create(incident=incident, service=service, listed_at=NOW)
    return {
        "third_incident": third.pk,
        "third_ref": third.ref,
        "third_closed_ref": closed.ref,
        "third_service": service.pk,
    }


def _side(code: str, name: str, name_ar: str, category: Category) -> dict[str, Any]:
    """Everything that one agency can have; every text has the agency's own word in it."""
    slug = name.lower()
    both = {"name_en": f"{name} thing", "name_ar": f"شيء {name_ar}"}
    agency = make_agency(code=code, **both)
    people = {
        "requested_by": make_user(
            Role.AGENCY_STAFF, agency, username=f"{slug}-staff", first_name=name
        )
    }
    service = make_service(
        slug=f"{slug}-service",
        agency=agency,
        category=category,
        description_en=f"{name} description",
        aliases_ar=name_ar,
        meanwhile_en=f"{name} meanwhile",
        **both,
    )
    channel = make_channel(service=service, url=f"https://{slug}.example/", phone="17000000")
    check = make_check(
        channel=channel, name=f"{name} check", kind="heartbeat", spec={}, interval_seconds=300
    )
    token, _secret = make_token(check=check, now=NOW)
    # Down, so that something can be published that is better than measured.
    play(make_measured(service, "app", name=f"{name} front"), "oobbb")
    change = StatusChange.objects.filter(service=service).earliest("pk")
    spare = make_service(slug=f"{slug}-spare", agency=agency, **both)
    spare_channel = make_channel(service=spare, kind="app")
    # Two apart: one goes with nothing else, the other takes its check along.
    spare_check = make_check(channel=make_channel(service=spare, kind="kiosk"), name=f"{name} too")
    return {
        "_agency": agency,
        "agency": agency.pk,
        "code": code,
        "service": service.pk,
        "slug": service.slug,
        "channel": channel.pk,
        "check": check.pk,
        "token": token.pk,
        "change": change.pk,
        "spare_service": spare.pk,
        "spare_channel": spare_channel.pk,
        "spare_check": spare_check.pk,
        **_windows(code, name, service, people),
        **_incidents(code, name, name_ar, service, people["requested_by"]),
        **_told(code, name, agency, service, people["requested_by"]),
        "entry": _recorded(agency, service, name),
    }


def _windows(code: str, name: str, service: Service, people: dict[str, User]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "services": [service],
        "reason": f"{name} reason",
        "ticket": f"{name}-1",
        **people,
    }
    draft = make_window(ref=f"MW-{code}1", **told)
    submitted = make_window(
        ref=f"MW-{code}2",
        state="submitted",
        submitted_at=NOW - HOUR,
        starts_at=draft.starts_at + timedelta(days=7),
        ends_at=draft.ends_at + timedelta(days=7),
        **told,
    )
    ahead = make_announced(
        ref=f"MW-{code}3",
        starts_at=draft.starts_at + timedelta(days=14),
        ends_at=draft.ends_at + timedelta(days=14),
        **told,
    )
    running = make_announced(ref=f"MW-{code}4", starts_at=NOW - HOUR, ends_at=NOW + HOUR, **told)
    for window in (draft, submitted, ahead, running):
        Step.objects.create(
            window=window,
            kind=Step.Kind.SUBMITTED,
            at=NOW - HOUR,
            actor=people["requested_by"],
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            note_en=f"{name} note",
        )
    spare = make_window(ref=f"MW-{code}5", **told)
    rows: dict[str, Window] = {
        "window": draft,
        "submitted": submitted,
        "ahead": ahead,
        "running": running,
        "spare_window": spare,
    }
    return {"ahead_ref": ahead.ref} | {key: window.pk for key, window in rows.items()}


def _incidents(
    code: str, name: str, name_ar: str, service: Service, person: User
) -> dict[str, Any]:
    titled: dict[str, Any] = {
        "title_en": f"{name} trouble",
        "title_ar": f"عطل {name_ar}",
        "services": (service,),
    }
    open_ = make_incident(ref=f"IN-{code}1", **titled)
    text: dict[str, Any] = {
        "text_en": f"{name} text",
        "plain_en": f"{name} text",
        "html_en": f"<p>{name}</p>",
    }
    Override.objects.create(
        listed=open_.services.get(),
        health="operational",
        measured="major_outage",
        reason=f"{name} reason",
        given_at=NOW - HOUR,
        given_by=person,
        expires_at=NOW + HOUR,
    )
    published = make_text(open_, author=person, **text)
    waiting = make_text(open_, state="waiting", author=person, next_update_by=NOW + HOUR, **text)
    # A recurrence: what is closed and why is pointed out on the desk of the other one.
    closed = [
        make_incident(
            ref=f"IN-{code}{number}",
            phase="resolved",
            resolved_at=NOW - number * HOUR,
            opened_at=NOW - (number + 1) * HOUR,
            acknowledged_at=NOW - (number + 1) * HOUR,
            acknowledged_by=person,
            **titled,
        )
        for number in (2, 3)
    ]
    for incident in closed:
        ClosingReport.objects.create(
            incident=incident, cause_class="software", cause=f"{name} cause", saved_at=NOW
        )
    for incident in (open_, *closed):
        Entry.objects.create(
            incident=incident, kind="note", at=NOW - HOUR, actor=person, note=f"{name} note"
        )
    outbox.append(
        kind="incident.overdue",
        key=f"incident.overdue:{open_.ref}",
        at=NOW - HOUR,
        payload={
            "ref": open_.ref,
            "severity": "P3",
            "agency": code,
            "clock": "acknowledge",
            "title_ar": open_.title_ar,
            "title_en": open_.title_en,
        },
    )
    return {
        "incident": open_.pk,
        "ref": open_.ref,
        "published": published.pk,
        "waiting": waiting.pk,
        "closed_incident": closed[0].pk,
        "closed_ref": closed[0].ref,
    }


def _told(code: str, name: str, agency: Agency, service: Service, person: User) -> dict[str, Any]:
    token = ApiToken.objects.create(
        public_id=f"{code[:4]}000000",
        name=f"{name} system",
        agency=agency,
        scopes=["suspect"],
        created_at=NOW - HOUR,
        created_by=person,
        expires_at=NOW + HOUR,
    )
    suspicion = Suspicion.objects.create(
        ref=f"SU-{code}1",
        service=service,
        agency=agency,
        began_at=NOW - HOUR,
        text_en=f"{name} seems down.",
        contact=f"{name} desk",
        told_at=NOW - HOUR,
        token=token,
    )
    return {"api_token": token.pk, "suspicion": suspicion.pk, "suspicion_ref": suspicion.ref}


def _recorded(agency: Agency, service: Service, name: str) -> int:
    record(
        now=NOW - HOUR,
        actor=None,
        act="change",
        subject=service,
        agency_code=agency.code,
        before={"name_en": f"{name} before"},
        after={"name_en": f"{name} thing"},
        reason=f"{name} why",
    )
    return AuditEntry.objects.latest("pk").pk


__all__ = ["NOW", "OURS", "TELLTALES", "THEIRS", "Incident", "World", "make_world"]
