"""Incidents, announcements and clarifications in every state, for the component page.

Invented, like everything on that page, and still: their clock is the page's own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace as but

from core.bilingual import Bilingual
from incidents.labels import CauseClass, EntryKind, Kind, Phase, Severity
from services.labels import ChannelKind
from services.status.health import Health
from services.status.publication import Fact
from statusportal.public.incident_lists import IncidentShown, Line, timeline
from statusportal.public.said import ChannelSaid, IncidentSaid, ServiceSaid
from statusportal.public.shape import (
    ChannelFact,
    EntryFact,
    IncidentFact,
    ListedFact,
    OverrideFact,
    UpdateFact,
    VersionFact,
)

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_SINCE = NOW - timedelta(hours=1, minutes=30)
_MINUTE = timedelta(minutes=1)
_B = Bilingual

_TEXTS: dict[Phase, Bilingual] = {
    Phase.INVESTIGATING: _B(
        "نعلم بوجود مشكلة ونتحقق منها الآن.", "We know about a problem and are looking into it."
    ),
    Phase.IDENTIFIED: _B("تعطّل أحد الخوادم.", "A server has failed."),
    Phase.FIXING: _B("ننقل العمل إلى خادم آخر.", "We are moving to another server."),
    Phase.MONITORING: _B("عادت الخدمة ونراقبها.", "It works again; we are watching it."),
    Phase.RESOLVED: _B("عادت الخدمة إلى العمل كالمعتاد.", "It works as usual again."),
}


def _update(number: int, phase: Phase, at: datetime, *, is_corrected: bool = False) -> UpdateFact:
    text = _TEXTS[phase]
    earlier = _B("تعطّلت الشبكة.", "The network has failed.")
    return UpdateFact(
        id=number,
        phase=phase,
        at=at,
        html=_B(f"<p>{text.ar}</p>", f"<p>{text.en}</p>"),
        text=text,
        corrected_at=at + 5 * _MINUTE if is_corrected else None,
        earlier=(VersionFact(at, _B(f"<p>{earlier.ar}</p>", f"<p>{earlier.en}</p>")),)
        if is_corrected
        else (),
        is_automatic=phase is Phase.INVESTIGATING,
    )


def _fact(number: int, service: ServiceSaid, phase: Phase) -> IncidentFact:
    is_over = phase is Phase.RESOLVED
    return IncidentFact(
        ref=f"IN-SMPL{number:02}",
        kind=Kind.INCIDENT,
        phase=phase,
        severity=Severity.P2,
        title=_B("مشكلة في خدمة نموذجية", "Problem with a sample service"),
        started_at=_SINCE,
        opened_at=_SINCE,
        first_notice_at=_SINCE + _MINUTE,
        changed_at=_SINCE,
        agency=service.agency.code,
        expected_return_at=NOW + timedelta(hours=2) if phase is Phase.FIXING else None,
        next_update_by=NOW + 25 * _MINUTE,
        restored_at=NOW if is_over else None,
        resolved_at=NOW if is_over else None,
        services=(ListedFact(service.fact.id),),
        updates=(_update(number, phase, _SINCE + _MINUTE),),
    )


def _shown(
    fact: IncidentFact, service: ServiceSaid, overdue_since: datetime | None = None
) -> IncidentShown:
    said = IncidentSaid(fact, service.agency, (service.fact,), (), overdue_since)
    return IncidentShown(said, NOW, service.agency, (service,))


def notices(services: dict[Health, ServiceSaid]) -> list[IncidentShown]:
    """One notice of each kind and in each state, on the sample services in these states."""
    out, partly = services[Health.MAJOR_OUTAGE], services[Health.PARTIAL_OUTAGE]
    slow, well = services[Health.DEGRADED], services[Health.OPERATIONAL]
    over = _fact(6, well, Phase.RESOLVED)
    words = but(_fact(9, well, Phase.INVESTIGATING), next_update_by=None)
    return [
        _shown(_fact(1, out, Phase.INVESTIGATING), out),
        _shown(_fact(2, partly, Phase.IDENTIFIED), partly),
        _shown(_fact(3, slow, Phase.FIXING), slow),
        _shown(_fact(4, out, Phase.IDENTIFIED), out, NOW - 12 * _MINUTE),
        _shown(_fact(5, well, Phase.MONITORING), well),
        _shown(over, well),
        _shown(but(over, ref="IN-SMPL07", resolved_itself=True), well),
        _shown(but(over, ref="IN-SMPL08", absorbed_into="IN-SMPL01"), well),
        _shown(
            but(
                words,
                kind=Kind.ANNOUNCEMENT,
                title=_B("ساعات العمل في العيد", "Opening hours during the holiday"),
            ),
            well,
        ),
        _shown(
            but(
                words,
                ref="IN-SMPL10",
                kind=Kind.CLARIFICATION,
                title=_B("المخالفات لم تُلغَ", "Fines were not waived"),
            ),
            well,
        ),
    ]


def course(service: ServiceSaid) -> tuple[IncidentShown, list[Line]]:
    """A notice in whose course everything happened, with its timeline."""
    phases = [Phase.INVESTIGATING, Phase.IDENTIFIED, Phase.FIXING, Phase.MONITORING]
    kinds = [kind for kind in EntryKind if kind is not EntryKind.ABSORBED]
    fact = but(
        _fact(20, service, Phase.MONITORING),
        cause_class=CauseClass.CHANGE,
        updates=tuple(
            _update(
                20 + n,
                phase,
                _SINCE + (1 + 20 * n) * _MINUTE,
                is_corrected=phase is Phase.IDENTIFIED,
            )
            for n, phase in enumerate(phases)
        ),
        entries=(
            *(
                EntryFact(kind, _SINCE + (3 + 3 * n) * _MINUTE, (service.fact.id,))
                for n, kind in enumerate(kinds)
            ),
            EntryFact(EntryKind.ABSORBED, _SINCE + 70 * _MINUTE, (), "IN-SMPL08"),
        ),
    )
    shown = _shown(fact, service)
    return shown, timeline(shown)


def spoken_for(service: ServiceSaid) -> list[ServiceSaid]:
    """The service as people have a word in its verdict: declared, held, overridden, lost."""
    out, well = Health.MAJOR_OUTAGE, Health.OPERATIONAL
    return [
        _with(service, out, well, Fact.DECLARED),
        _with(service, out, Health.UNKNOWN, Fact.HELD),
        _with(service, well, out, Fact.OVERRIDE),
        _with(service, out, out, Fact.MEASURED, override_lost=True),
    ]


def _with(
    service: ServiceSaid,
    health: Health,
    measured: Health,
    fact: Fact,
    *,
    override_lost: bool = False,
) -> ServiceSaid:
    override = OverrideFact(Health.OPERATIONAL, Health.MAJOR_OUTAGE, _SINCE, NOW + 90 * _MINUTE)
    told = but(
        _fact(30, service, Phase.IDENTIFIED),
        services=(ListedFact(service.fact.id, override=override),),
    )
    return replace(
        service,
        health=health,
        since=_SINCE,
        reason=None,
        causes=(),
        channels=(
            ChannelSaid(
                ChannelFact(1, ChannelKind.WEB),
                health,
                measured,
                since=_SINCE,
                observed_at=NOW - 20 * _MINUTE,
                fact_shown=fact,
                override_lost=override_lost,
            ),
        ),
        incidents=(IncidentSaid(told, service.agency, (service.fact,), ()),),
    )
