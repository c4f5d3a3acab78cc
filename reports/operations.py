"""What becomes of a suspicion: told by a system, then linked, opened or set aside by a person.

Each function writes in one transaction. People's acts take the row's lock, so that of two at once
one has it; all raise subclasses of incidents.refusals.Refused, and then nothing was written.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, agencies
from accounts.models import ApiToken, User
from core import audit, outbox
from core.arabic import isolate
from incidents import operations as incidents
from incidents.checking import require, require_reason
from incidents.models import Incident
from incidents.refusals import Incomplete, Problem
from maintenance.wording import moment
from reports import queries
from reports.labels import Settled
from reports.models import Suspicion
from reports.refusals import AlreadySettled, KeyUsedOtherwise
from reports.suspected import Told
from services.models import Service


@transaction.atomic
def tell(
    *,
    told: Told,
    key: str,
    fingerprint: str,
    by: ApiToken,
    now: datetime,
    address: str | None = None,
) -> Suspicion:
    """Write down what a system says; the same key again gives what was written then.

    Nothing is published by it, and nothing is measured or declared. Raises KeyUsedOtherwise where
    the key came with another document before, and Service.DoesNotExist, also for another agency's.
    """
    known = _with_key(by, key)
    if known is None:
        service = Service.objects.select_related("agency").get(slug=told.slug, agency=by.agency_id)
        try:
            # Of two at once the second waits here for the first one's end.
            with transaction.atomic():
                made = Suspicion.objects.create(
                    service=service,
                    agency=service.agency,
                    began_at=told.began_at,
                    text_ar=told.text.ar,
                    text_en=told.text.en,
                    contact=told.contact,
                    told_at=now,
                    token=by,
                    idempotency_key=key,
                    fingerprint=fingerprint,
                )
        except IntegrityError:
            known = _with_key(by, key)
            if known is None:
                raise
        else:
            _tell_others(made, by=by, now=now, address=address)
            return made
    if known.fingerprint != fingerprint:
        raise KeyUsedOtherwise(key)
    return known


def _with_key(by: ApiToken, key: str) -> Suspicion | None:
    rows = queries.suspicions({by.agency_id})
    return rows.filter(token=by, idempotency_key=key).first()


def _tell_others(made: Suspicion, *, by: ApiToken, now: datetime, address: str | None) -> None:
    audit.record(
        now=now,
        actor=by,
        act="suspect",
        subject=made,
        address=address,
        agency_code=made.agency.code,
        after={
            "service": made.service.slug,
            "began_at": made.began_at.isoformat(),
            "text_ar": made.text_ar,
            "text_en": made.text_en,
            "token": str(by),
        },
    )
    outbox.append(
        kind="suspicion.told",
        key=f"suspicion.told:{made.ref}",
        at=now,
        payload={
            "ref": made.ref,
            "agency": made.agency.code,
            "service": made.service.public_id,
            "began_at": made.began_at,
        },
    )


@transaction.atomic
def link(
    *,
    suspicion_id: int,
    incident_ref: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Suspicion:
    """Say that it belongs to an incident, whose log gets the agency's words as a note.

    Raises NotAllowed (for its agency, or for the incident's), AlreadySettled, and Incomplete for
    an incident that is not there for this person, or was over before it began.
    """
    suspicion = _waiting(suspicion_id, actor)
    seen = agencies(actor, Act.VIEW_INCIDENTS)
    incident = queries.could_be(suspicion, seen).filter(ref=incident_ref).first()
    if incident is None:
        raise Incomplete(Problem("incident", _("Choose one of the incidents.")))
    _settle(suspicion, Settled.LINKED, actor=actor, now=now, address=address, incident=incident)
    return suspicion


@transaction.atomic
def open_from(
    *, suspicion_ref: str, actor: User, now: datetime, address: str | None = None, **opened: Any
) -> Incident:
    """Open an incident by hand, as `incidents.operations.open_` takes it, from a suspicion.

    Raises as that does, AlreadySettled, and Incomplete where the incident does not list the
    service, or there is no such suspicion.
    """
    found = Suspicion.objects.filter(ref=suspicion_ref).values_list("pk", flat=True).first()
    if found is None:
        raise Incomplete(Problem(None, _("There is no such suspicion.")))
    suspicion = _waiting(found, actor)
    if suspicion.service_id not in opened["services"]:
        raise Incomplete(
            Problem(
                "services",
                gettext("{ref} is about {service}: add it.").format(
                    ref=isolate(suspicion.ref), service=isolate(str(suspicion.service))
                ),
            )
        )
    incident = incidents.open_(actor=actor, now=now, address=address, **opened)
    _settle(suspicion, Settled.OPENED, actor=actor, now=now, address=address, incident=incident)
    return incident


@transaction.atomic
def set_aside(
    *,
    suspicion_id: int,
    reason: str,
    actor: User,
    now: datetime,
    address: str | None = None,
) -> Suspicion:
    """Say that nothing follows from it, and why. Raises NotAllowed, AlreadySettled, Incomplete."""
    suspicion = _waiting(suspicion_id, actor)
    require_reason(reason)
    suspicion.reason = reason.strip()
    _settle(suspicion, Settled.SET_ASIDE, actor=actor, now=now, address=address)
    return suspicion


def _waiting(suspicion_id: int, actor: User) -> Suspicion:
    """The suspicion under its lock, once the person may settle it and nobody has."""
    suspicion = (
        Suspicion.objects.select_for_update(of=("self",))
        .select_related("agency", "service", "settled_by")
        .get(pk=suspicion_id)
    )
    require(actor, Act.RUN_INCIDENTS, suspicion.agency_id)
    if suspicion.settled_at is not None:
        sentence = gettext("{name} was quicker and settled it at {time}.").format(
            name=isolate(str(suspicion.settled_by)), time=moment(suspicion.settled_at)
        )
        raise AlreadySettled(Problem(None, sentence))
    return suspicion


_ACTS = {Settled.LINKED: "link", Settled.OPENED: "open from", Settled.SET_ASIDE: "set aside"}


def _settle(
    suspicion: Suspicion,
    settled: Settled,
    *,
    actor: User,
    now: datetime,
    address: str | None,
    incident: Incident | None = None,
) -> None:
    suspicion.settled, suspicion.settled_at, suspicion.settled_by = settled, now, actor
    suspicion.incident = incident
    suspicion.save()
    audit.record(
        now=now,
        actor=actor,
        act=_ACTS[settled],
        subject=suspicion,
        address=address,
        agency_code=suspicion.agency.code,
        before={"settled": Settled.WAITING.value},
        after={"settled": settled.value, "incident": incident.ref if incident else None},
        reason=suspicion.reason,
    )
    if incident is not None:
        said = suspicion.text
        words = "\n".join(text for text in (said.ar, said.en) if text)
        incidents.note(
            incident_id=incident.pk,
            # The agency's own words, so in no language of ours.
            text=f"{suspicion.ref}\n{words}",
            actor=actor,
            now=now,
            address=address,
        )
