"""Public texts of incidents: written, read by a second person, published, corrected.

Each function is one transaction. All raise subclasses of incidents.refusals.Refused, and then
nothing was written; DoesNotExist where there is no such row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Prefetch
from django.utils.html import escape
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import User
from core import markup, outbox
from core.arabic import isolate, without_bidi_controls
from core.bilingual import Bilingual
from core.outbox import Event
from incidents import queries, texts
from incidents.checking import (
    require,
    require_open,
    require_phase,
    require_promise,
    require_reason,
    require_seen,
    require_text,
)
from incidents.labels import Declared, EntryKind, Phase, TextState
from incidents.lifecycle import needs_second_person
from incidents.models import Declaration, Draft, Incident, ListedService, Override, Update
from incidents.refusals import ChangedMeanwhile, OwnText, Problem, WrongPhase
from incidents.steps import Written, about, locked
from incidents.wording import HIDDEN_NAME, Filling, both
from services.labels import Visibility
from services.models import Service


@dataclass(frozen=True, slots=True)
class NewText:
    """What somebody wants to say: Markdown with placeholders of incidents.texts, and what it
    promises. `phase` is the one that it announces."""

    text: Bilingual
    phase: str = Phase.INVESTIGATING
    expected_return_at: datetime | None = None
    next_update_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A text as readers get it: HTML by the allow-list, and without markup."""

    html: Bilingual
    plain: Bilingual


def filling(incident: Incident, said: NewText, *, at: datetime) -> Filling:
    """What the placeholders of `said` hold for `incident`; times that are promised are its own.

    5 queries.
    """
    listed = (
        # Not by `incident.services`: whoever loaded those has the same prefetch already.
        ListedService.objects.filter(incident=incident)
        .select_related("service")
        .prefetch_related(
            Prefetch(
                "declarations",
                queryset=Declaration.objects.filter(ended_at=None),
                to_attr="declared_now",
            )
        )
        .order_by("service__position", "service__slug")
    )
    rows = [row.service for row in listed]
    is_shared = any(row.is_shared for row in rows)
    reached = (
        queries.reach([row.pk for row in rows], is_mild=all(map(_is_mild, listed)))
        if is_shared
        else None
    )
    dependants = reached.dependants if reached else ()
    found = filling_of(rows, is_shared=is_shared, affected=len(dependants), at=at)
    return replace(
        found,
        since=incident.started_at,
        next_update_by=said.next_update_by,
        expected_return_at=said.expected_return_at,
    )


def _is_mild(row: ListedService) -> bool:
    """Whether all that is known of it is that it is slow."""
    declared: list[Declaration] = getattr(row, "declared_now")  # noqa: B009
    known = {one.health for one in declared} | ({row.told_health} - {""})
    return known == {Declared.DEGRADED.value}


def filling_of(
    rows: Collection[Service], *, is_shared: bool, affected: int, at: datetime
) -> Filling:
    """The placeholders that speak of services. Those that are not public have no name (rule 12);
    of a shared one people want to know how many others it takes along: `affected`."""
    public = [row for row in rows if row.visibility == Visibility.PUBLIC]
    shared = [row for row in public if row.is_shared]
    return Filling(
        services=[row.name for row in public] or [HIDDEN_NAME],
        affected=(affected if is_shared else 0) or len(public) or 1,
        shared=shared[0].name if shared else Bilingual(),
        since=at,
        at=at,
    )


def titled(template: texts.Template, filled: Filling) -> Bilingual:
    """The title that goes with a first notice."""
    return texts.fill(texts.TITLES[template], both(filled), shown=without_bidi_controls)


def shown(text: Bilingual, filled: Filling) -> Shown:
    """`text` as readers get it. Raises core.placeholders.UnknownPlaceholder."""
    values = both(filled)
    rendered = Bilingual(markup.render(text.ar), markup.render(text.en))
    plain = Bilingual(markup.plain(text.ar), markup.plain(text.en))
    return Shown(
        # A value is a name and no markup: put in afterwards, escaped, isolated.
        html=texts.fill(rendered, values, shown=lambda value: f"<bdi>{escape(value)}</bdi>"),
        plain=texts.fill(plain, values, shown=isolate),
    )


def preview(incident: Incident, said: NewText, *, now: datetime) -> Shown:
    """`said` as it would be published now. Raises Incomplete where it could not be."""
    require_text(said.text, promises=_promises(said), confirmed=True)
    return shown(said.text, filling(incident, said, at=now))


def _promises(said: NewText) -> dict[str, datetime | None]:
    return {"next_update": said.next_update_by, "expected": said.expected_return_at}


def check(incident: Incident, said: NewText, *, confirmed: bool, now: datetime) -> NewText:
    """`said` tidied, once it could be published. Raises Incomplete, Doubtful."""
    said = replace(
        said,
        text=Bilingual(without_bidi_controls(said.text.ar), without_bidi_controls(said.text.en)),
    )
    if said.phase != Phase.RESOLVED:
        require_promise(
            incident.kind,
            expected_return_at=said.expected_return_at,
            next_update_by=said.next_update_by,
            now=now,
        )
    require_text(said.text, promises=_promises(said), confirmed=confirmed)
    return said


@transaction.atomic
def write(
    *,
    incident_id: int,
    text: NewText,
    actor: User,
    now: datetime,
    confirmed: bool = False,
    seen: datetime | None = None,
    address: str | None = None,
) -> Update:
    """Publish a text, or let it wait for a second person where it needs one.

    `seen` is the `last_notice_at` of what the person read. Raises NotAllowed, WrongPhase,
    ChangedMeanwhile, Incomplete, Doubtful.
    """
    incident = locked(incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    require_open(incident)
    require_seen(incident, seen)
    require_phase(incident, text.phase)
    said = check(incident, text, confirmed=confirmed, now=now)
    written = Written(incident, actor=actor, now=now, address=address)
    update = add(incident, said, author=actor, now=now)
    Draft.objects.filter(incident=incident, author=actor).delete()
    written.also("text", None, [update.text_ar, update.text_en])
    written.save("publish" if update.published_at else "write")
    if update.published_at is not None:
        announce(incident, update, now=now)
    return update


def announce(incident: Incident, update: Update, *, now: datetime) -> None:
    """Hand a published text to whoever tells subscribers, once for each text (rule 19)."""
    outbox.append(
        kind="incident.notice",
        key=f"incident.notice:{incident.ref}:{update.pk}",
        at=now,
        payload=about(incident) | {"update": update.pk},
    )


def was_announced(incident: Incident) -> bool:
    """Whether subscribers ever heard of it."""
    return Event.objects.filter(
        kind="incident.notice", key__startswith=f"incident.notice:{incident.ref}:"
    ).exists()


def closing(said: NewText) -> NewText:
    """`said` as the text that ends an incident: it promises nothing any more."""
    return NewText(said.text, phase=Phase.RESOLVED)


def add(incident: Incident, said: NewText, *, author: User | None, now: datetime) -> Update:
    """Add a sound text to `incident`, which the caller saves: published, or waiting."""
    template = texts.approved(said.text)
    waits = author is not None and needs_second_person(
        incident.severity, is_approved_text=template is not None
    )
    update = Update(
        incident=incident,
        state=TextState.WAITING if waits else TextState.PUBLISHED,
        phase=said.phase,
        text_ar=said.text.ar,
        text_en=said.text.en,
        template=template or "",
        expected_return_at=said.expected_return_at,
        next_update_by=said.next_update_by,
        written_at=now,
        author=author,
    )
    if not waits:
        _publish(incident, update, said, now)
    update.save()
    return update


def _publish(incident: Incident, update: Update, said: NewText, now: datetime) -> None:
    """Render the text once, and let the incident say what its newest text says."""
    # A text that says it is over speaks of the moment from which it worked.
    at = (incident.restored_at or now) if said.phase == Phase.RESOLVED else now
    ready = shown(said.text, filling(incident, said, at=at))
    update.state = TextState.PUBLISHED
    update.published_at = now
    update.html_ar, update.html_en = ready.html.ar, ready.html.en
    update.plain_ar, update.plain_en = ready.plain.ar, ready.plain.en
    if said.phase != Phase.RESOLVED:
        incident.phase = said.phase
    incident.expected_return_at = said.expected_return_at
    incident.next_update_by = said.next_update_by
    incident.first_notice_at = incident.first_notice_at or now
    incident.last_notice_at = now


def _waiting(update_id: int) -> Update:
    update = Update.objects.select_for_update(of=("self",)).get(pk=update_id)
    if update.state != TextState.WAITING:
        raise WrongPhase(Problem(None, _("This text does not wait for anybody any more.")))
    return update


def end(
    incident: Incident,
    update: Update,
    written: Written,
    *,
    by: User | None,
    now: datetime,
    note: str = "",
) -> None:
    """Resolve `incident`, now that the text that says so is public."""
    close(incident, by=by, now=now)
    written.save(
        "resolve", EntryKind.RESOLVED, is_public=True, note=note, event="incident.resolved"
    )
    announce(incident, update, now=now)


def close(incident: Incident, *, by: User | None, now: datetime) -> None:
    """Make the row a resolved one; what people declared ends with it (rule 17)."""
    incident.phase = Phase.RESOLVED
    incident.resolved_at = now
    incident.resolved_by = by
    incident.next_update_by = None
    incident.expected_return_at = None
    for row in (Declaration, Override):
        row.objects.filter(listed__incident=incident, ended_at=None).update(ended_at=now)


@transaction.atomic
def approve(*, update_id: int, actor: User, now: datetime, address: str | None = None) -> Update:
    """Publish what somebody else wrote. What it promises has to lie ahead still.

    Raises NotAllowed, OwnText, WrongPhase, Incomplete.
    """
    incident = locked(Update.objects.values_list("incident_id", flat=True).get(pk=update_id))
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    update = _waiting(update_id)
    if update.author_id == actor.pk:
        raise OwnText(
            Problem(None, _("You wrote this text yourself. Somebody else has to read it."))
        )
    require_open(incident)
    said = NewText(update.text, update.phase, update.expected_return_at, update.next_update_by)
    said = check(incident, said, confirmed=True, now=now)
    written = Written(incident, actor=actor, now=now, address=address)
    update.approved_by = actor
    _publish(incident, update, said, now)
    update.save()
    written.also("text", None, [update.text_ar, update.text_en])
    if update.phase == Phase.RESOLVED:
        end(incident, update, written, by=update.author, now=now)
    else:
        written.save("approve")
        announce(incident, update, now=now)
    return update


@transaction.atomic
def return_(
    *, update_id: int, reason: str, actor: User, now: datetime, address: str | None = None
) -> Update:
    """Hand a waiting text back with a reason; its author may take it back too.

    Raises NotAllowed, WrongPhase, Incomplete (no reason).
    """
    incident = locked(Update.objects.values_list("incident_id", flat=True).get(pk=update_id))
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    update = _waiting(update_id)
    require_reason(reason)
    written = Written(incident, actor=actor, now=now, address=address)
    update.state = TextState.RETURNED
    update.save()
    written.save("return", EntryKind.RETURNED, facts={"update": update.pk}, note=reason.strip())
    return update


@transaction.atomic
def correct(
    *,
    update_id: int,
    text: Bilingual,
    actor: User,
    now: datetime,
    confirmed: bool = False,
    address: str | None = None,
) -> Update:
    """Publish a new version of a published text: the old one stays, visible as corrected.

    Whoever may write may correct, at any time: what is wrong in public is mended at once.
    Raises NotAllowed, WrongPhase, ChangedMeanwhile (corrected already), Incomplete, Doubtful.
    """
    incident = locked(Update.objects.values_list("incident_id", flat=True).get(pk=update_id))
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    old = Update.objects.get(pk=update_id)
    if old.state != TextState.PUBLISHED or old.published_at is None:
        raise WrongPhase(Problem(None, _("Only what is published can be corrected.")))
    said = NewText(
        Bilingual(without_bidi_controls(text.ar), without_bidi_controls(text.en)),
        old.phase,
        old.expected_return_at,
        old.next_update_by,
    )
    require_text(said.text, promises=_promises(said), confirmed=confirmed)
    written = Written(incident, actor=actor, now=now, address=address)
    # The moments of the text stay those of the day on which it was said.
    ready = shown(said.text, filling(incident, said, at=old.published_at))
    update = Update(
        incident=incident,
        state=TextState.PUBLISHED,
        phase=old.phase,
        text_ar=said.text.ar,
        text_en=said.text.en,
        html_ar=ready.html.ar,
        html_en=ready.html.en,
        plain_ar=ready.plain.ar,
        plain_en=ready.plain.en,
        template=texts.approved(said.text) or "",
        expected_return_at=old.expected_return_at,
        next_update_by=old.next_update_by,
        written_at=now,
        author=actor,
        published_at=now,
        corrects=old,
    )
    try:
        with transaction.atomic():
            update.save()
    except IntegrityError:
        raise ChangedMeanwhile(
            Problem(None, _("Somebody has corrected it meanwhile. Correct the newest version."))
        ) from None
    written.also("text", [old.text_ar, old.text_en], [update.text_ar, update.text_en])
    written.save("correct", event="incident.corrected", payload={"update": update.pk})
    return update


# --- drafts -------------------------------------------------------------------------------------


@transaction.atomic
def save_draft(*, incident_id: int, fields: Mapping[str, str], actor: User, now: datetime) -> Draft:
    """Keep what somebody is typing, sound or not. Raises NotAllowed."""
    incident = Incident.objects.get(pk=incident_id)
    require(actor, Act.RUN_INCIDENTS, incident.agency_id)
    draft, _made = Draft.objects.update_or_create(
        incident=incident, author=actor, defaults={"fields": dict(fields), "saved_at": now}
    )
    return draft


def drop_draft(*, incident_id: int, actor: User) -> None:
    """Forget what this person was typing."""
    Draft.objects.filter(incident=incident_id, author=actor).delete()
