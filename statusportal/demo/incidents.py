"""The demo nation's incidents: a year of them that is over, and two that are under way.

What is over was never lived through: its rows are written as the sweep and people would have
left them, around the outages that the generated changes tell of. What is under way goes through
the operations, at the instants at which people would have taken each step.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from accounts.models import Agency, User
from core.bilingual import Bilingual
from incidents import operations, queries, texts, updates
from incidents.labels import EntryKind, Kind, Phase, Severity, TextState
from incidents.lifecycle import needs_second_person
from incidents.models import (
    ClosingReport,
    Declaration,
    Entry,
    Incident,
    ListedService,
    Update,
)
from incidents.texts import TEMPLATES, Template
from incidents.wording import Filling
from services.labels import Visibility
from services.models import Service, StatusChange
from services.status.health import CheckHealth, Health
from services.status.observation import Reason
from statusportal.demo import troubles, under_way
from statusportal.demo.said import IN_TIME, News, Words
from statusportal.demo.stories import EVERY_APP, Learnt, Story, learnt_of, stories
from statusportal.demo.troubles import Spell, Trouble, Turn

_SEED = "demo nation: people"
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
# Shorter ones end before anybody has taken them up.
_TAKEN_UP_FROM = timedelta(minutes=12)
_WATCHED_FOR = timedelta(minutes=12)


def write(*, now: datetime, operator: User, supervisor: User) -> int:
    """Everything that the demo tells of incidents; returns how many. Call once, in the seed's
    transaction, after the generated changes are stored."""
    past = _Past(now, operator, supervisor)
    past.gather()
    past.save()
    under_way.write(now=now, operator=operator, supervisor=supervisor)
    return Incident.objects.filter(is_demo=True).count()


@dataclass(slots=True)
class _Told:
    """An incident that is over, with everything that was written about it."""

    incident: Incident
    filling: Filling
    services: Sequence[Service]
    listed: list[tuple[ListedService, Collection[int]]] = field(default_factory=list)
    declared: list[Declaration] = field(default_factory=list)
    texts: list[Update] = field(default_factory=list)
    log: list[Entry] = field(default_factory=list)
    report: ClosingReport | None = None

    @property
    def public_ids(self) -> list[str]:
        return [service.public_id for service in self.services]

    def note(self, kind: EntryKind, at: datetime, actor: User | None, **more: object) -> None:
        self.log.append(Entry(incident=self.incident, kind=kind, at=at, actor=actor, **more))


class _Past:
    """What is over: rows as the sweep and people would have left them."""

    def __init__(self, now: datetime, operator: User, supervisor: User) -> None:
        self.now = now
        self.operator = operator
        self.supervisor = supervisor
        self.zone = ZoneInfo(settings.TIME_ZONE)
        self.news = News(operator)
        self.services = {row.pk: row for row in Service.objects.select_related("agency")}
        self.by_slug = {row.slug: row for row in self.services.values()}
        self.agencies = {row.code: row for row in Agency.objects.all()}
        self.told: list[_Told] = []

    def gather(self) -> None:
        """Tell the stories, then everything else that was out."""
        changes = StatusChange.objects.filter(is_demo=True, check_ref__is_essential=True)
        turns = [
            Turn(
                service=change.service_id,
                channel=change.channel_id,
                check=change.check_ref_id,
                health=CheckHealth(change.to_health),
                at=change.at,
                confirmed_at=change.confirmed_at,
                reason=None if change.reason is None else Reason(change.reason),
            )
            for change in changes.order_by("check_ref", "at", "id")
        ]
        # The day on which the demo was founded: its changes were generated back from there.
        self.today = max((turn.at for turn in turns), default=self.now).astimezone(self.zone).date()
        found = troubles.spells(turns)
        for story in stories():
            found = self._story(story, found)
        monitored = Counter(service for service, _ in {(one.service, one.channel) for one in turns})
        for trouble in troubles.outages(found, monitored):
            self._usual(trouble)
        public = {
            pk: count
            for pk, count in monitored.items()
            if self.services[pk].visibility == Visibility.PUBLIC
        }
        for trouble in troubles.older(public, today=self.today, zone=self.zone):
            self._usual(trouble)

    def save(self) -> None:
        """Write all rows, a table at a time."""
        told = self.told
        Incident.objects.bulk_create(one.incident for one in told)
        ListedService.objects.bulk_create(row for one in told for row, _channels in one.listed)
        through = ListedService.channels.through
        through.objects.bulk_create(
            through(listedservice_id=row.pk, channel_id=channel)
            for one in told
            for row, channels in one.listed
            for channel in channels
        )
        Declaration.objects.bulk_create(row for one in told for row in one.declared)
        Update.objects.bulk_create(row for one in told for row in one.texts)
        Entry.objects.bulk_create(row for one in told for row in one.log)
        ClosingReport.objects.bulk_create(one.report for one in told if one.report is not None)

    # --- the stories ------------------------------------------------------------------------

    def _story(self, story: Story, found: list[Spell]) -> list[Spell]:
        """Tell one story; the spells that it does not tell of are left."""
        day = self.today - story.days_ago * _DAY
        if story.at is not None:
            began_at = datetime.combine(day, story.at, self.zone).astimezone(UTC)
            ended_at = began_at + story.minutes * _MINUTE
            pks = [self.by_slug[slug].pk for slug in story.slugs]
            self._tell(story, began_at, None, ended_at, {pk: set() for pk in pks})
            return found
        mine = self._spells_of(story, troubles.of_day(found, self._meant(story), day, self.zone))
        if not mine:
            return found
        channels: dict[int, set[int]] = defaultdict(set)
        for spell in mine:
            channels[spell.service].add(spell.channel)
        self._tell(
            story,
            min(spell.began_at for spell in mine),
            min(spell.confirmed_at for spell in mine),
            max(spell.ended_at for spell in mine),
            # Whoever declares says of which channels; the sweep lists the service.
            channels if story.by_hand is not None else {pk: set() for pk in channels},
        )
        return [spell for spell in found if spell not in mine]

    def _meant(self, story: Story) -> set[int]:
        if EVERY_APP in story.slugs:
            return set(self.services)
        return {self.by_slug[slug].pk for slug in story.slugs}

    def _spells_of(self, story: Story, found: list[Spell]) -> list[Spell]:
        if EVERY_APP not in story.slugs or not found:
            return found
        # What failed in the minute in which most did.
        most = Counter(spell.began_at for spell in found).most_common(1)
        return [spell for spell in found if spell.began_at == most[0][0]]

    def _tell(
        self,
        story: Story,
        began_at: datetime,
        confirmed_at: datetime | None,
        ended_at: datetime,
        lines: Mapping[int, Collection[int]],
    ) -> None:
        is_incident = story.kind == Kind.INCIDENT
        by_hand = story.by_hand is not None
        seen_at = began_at + (story.by_hand or 0) * _MINUTE
        opened_at = seen_at if by_hand else confirmed_at or began_at
        rows = [self.services[pk] for pk in lines]
        one = self._new(
            rows,
            Health(story.declared) if story.declared else Health.MAJOR_OUTAGE,
            agency=self.agencies.get(story.agency),
            kind=story.kind,
            severity=story.severity,
            title=story.title,
            began_at=began_at,
            confirmed_at=confirmed_at or opened_at,
            opened_at=opened_at,
            opened_by=self.operator if by_hand else None,
        )
        incident = one.incident
        if story.reason and incident.severity != incident.suggested_severity:
            incident.severity_reason = story.reason
        for name in ("still_works", "meanwhile"):
            said: Bilingual = getattr(story, name)
            setattr(incident, f"{name}_ar", said.ar)
            setattr(incident, f"{name}_en", said.en)
        incident.deadlines, incident.payments = story.deadlines, story.payments
        if story.deadlines_days:
            day = began_at.astimezone(self.zone).date()
            incident.deadlines_until = day + story.deadlines_days * _DAY
        for pk, channels in lines.items():
            self._list(one, pk, channels, ended_at, declared=story.declared)
        self._acknowledge(one, opened_at if by_hand else opened_at + self._lot(one, 3, 8))
        if story.note:
            at = opened_at + 5 * _MINUTE
            one.note(EntryKind.NOTE, at, self.operator, note=story.note)

        words = [
            Words(began_at + said.after * _MINUTE, Phase(said.phase), said.text, self.operator)
            for said in story.texts
        ]
        if not by_hand:
            words.insert(0, self._first_notice(one, opened_at))
        if is_incident and words[-1].phase != Phase.MONITORING:
            words.append(
                self.news.template(Template.MONITORING, ended_at + _MINUTE, Phase.MONITORING)
            )
        resolved_at = ended_at + (_WATCHED_FOR if is_incident else timedelta(0))
        if is_incident and not story.may_be_late:
            words = self.news.unbroken(incident, words, resolved_at)
        self._recovered(one, ended_at, ended_at, is_measured=confirmed_at is not None)
        words.append(Words(resolved_at, Phase.RESOLVED, story.end, self.operator))
        self._resolve(one, words, resolved_at, self.operator)
        if story.learnt is not None:
            self._report(one, story.learnt, resolved_at + 2 * _DAY)

    # --- everything else --------------------------------------------------------------------

    def _usual(self, trouble: Trouble) -> None:
        """An outage as the sweep tells of it, and people where it lasted."""
        row = self.services[trouble.service]
        one = self._new(
            [row],
            trouble.health,
            agency=row.agency,
            began_at=trouble.began_at.astimezone(UTC),
            confirmed_at=trouble.confirmed_at,
            opened_at=trouble.confirmed_at,
        )
        self._list(
            one,
            row.pk,
            (),
            trouble.ended_at,
            outage=trouble if trouble.is_measured else None,
            told=trouble.health,
        )
        if trouble.seen_well_at - trouble.confirmed_at < _TAKEN_UP_FROM:
            resolved_at = self._ended_itself(one, trouble)
        else:
            resolved_at = self._was_mended(one, trouble)
        if one.incident.severity != Severity.P4:
            learnt_at = resolved_at + self._lot(one, 72, 96) * 60
            self._report(one, learnt_of(trouble.reason), learnt_at)

    def _ended_itself(self, one: _Told, trouble: Trouble) -> datetime:
        at = trouble.seen_well_at
        self._recovered(one, trouble.ended_at, at)
        ending = Words(at, Phase.RESOLVED, TEMPLATES[Template.RESOLVED_ITSELF], None)
        self._resolve(one, [self._first_notice(one, trouble.confirmed_at), ending], at, None)
        return at

    def _was_mended(self, one: _Told, trouble: Trouble) -> datetime:
        self._acknowledge(one, trouble.confirmed_at + self._lot(one, 2, 8))
        lasted = trouble.seen_well_at - trouble.confirmed_at
        found_at = trouble.confirmed_at + max(9 * _MINUTE, lasted / 3)
        watched_at = trouble.seen_well_at + 2 * _MINUTE
        resolved_at = watched_at + self._lot(one, 8, 20)
        words = [
            self._first_notice(one, trouble.confirmed_at),
            self.news.template(Template.IDENTIFIED, found_at, Phase.IDENTIFIED),
            self.news.template(Template.MONITORING, watched_at, Phase.MONITORING),
        ]
        words = self.news.unbroken(one.incident, words, resolved_at)
        self._recovered(one, trouble.ended_at, trouble.seen_well_at)
        is_shared = any(row.is_shared for row in one.services)
        ending = texts.restored(services=one.filling.affected, is_shared=is_shared)
        words.append(self.news.template(ending, resolved_at, Phase.RESOLVED))
        self._resolve(one, words, resolved_at, self.operator)
        return resolved_at

    # --- the steps that all of them have ----------------------------------------------------

    def _new(
        self,
        rows: Sequence[Service],
        health: Health,
        *,
        agency: Agency | None,
        began_at: datetime,
        confirmed_at: datetime,
        opened_at: datetime,
        opened_by: User | None = None,
        kind: str = Kind.INCIDENT,
        severity: str = "",
        title: Bilingual | None = None,
    ) -> _Told:
        is_shared = any(row.is_shared for row in rows)
        affected = len(rows)
        if is_shared and kind == Kind.INCIDENT:
            affected = len(queries.reach([row.pk for row in rows]).dependants)
        filling = updates.filling_of(rows, is_shared=is_shared, affected=affected, at=began_at)
        template = texts.which(
            services=affected,
            is_shared=is_shared,
            health=health,
            has_working_channel=health is Health.PARTIAL_OUTAGE,
        )
        title = title or updates.titled(template, filling)
        suggested = operations.suggest_for(rows, health, channels_down=len(rows))
        if kind != Kind.INCIDENT:
            suggested = severity
        one = _Told(
            Incident(
                kind=kind,
                severity=severity or suggested,
                suggested_severity=suggested,
                agency=agency,
                title_ar=title.ar,
                title_en=title.en,
                started_at=began_at,
                confirmed_at=confirmed_at,
                opened_at=opened_at,
                opened_by=opened_by,
                is_demo=True,
            ),
            filling,
            rows,
        )
        one.note(
            EntryKind.OPENED,
            opened_at,
            opened_by,
            is_public=opened_by is None,
            facts={"services": one.public_ids},
        )
        self.told.append(one)
        return one

    def _list(
        self,
        one: _Told,
        pk: int,
        channels: Collection[int],
        ended_at: datetime,
        *,
        outage: Trouble | None = None,
        told: Health | None = None,
        declared: str = "",
    ) -> None:
        row = ListedService(
            incident=one.incident,
            service_id=pk,
            listed_at=one.incident.opened_at,
            outage_started_at=outage.began_at if outage else None,
            told_health=told.value if told else "",
            restored_at=ended_at,
        )
        one.listed.append((row, channels))
        if declared:
            one.declared.append(
                Declaration(
                    listed=row,
                    health=declared,
                    declared_at=one.incident.started_at,
                    declared_by=self.operator,
                    ended_at=ended_at,
                )
            )

    def _acknowledge(self, one: _Told, at: datetime) -> None:
        incident = one.incident
        incident.acknowledged_at, incident.acknowledged_by = at, self.operator
        if at > incident.opened_at:
            one.note(EntryKind.ACKNOWLEDGED, at, self.operator)

    def _recovered(
        self, one: _Told, at: datetime, seen_at: datetime, *, is_measured: bool = True
    ) -> None:
        if one.incident.kind != Kind.INCIDENT:
            return
        one.incident.restored_at = at
        if is_measured:
            facts = {"services": one.public_ids, "since": at}
            one.note(EntryKind.RECOVERED, seen_at, None, is_public=True, facts=facts)

    def _resolve(self, one: _Told, words: Iterable[Words], at: datetime, by: User | None) -> None:
        incident = one.incident
        for said in words:
            self._publish(one, said)
        incident.phase = Phase.RESOLVED
        incident.resolved_at = incident.changed_at = at
        incident.resolved_by = by
        incident.next_update_by = None
        facts = {"itself": True} if by is None else {"although": False}
        one.note(EntryKind.RESOLVED, at, by, is_public=True, facts=facts)

    def _report(self, one: _Told, learnt: Learnt, at: datetime) -> None:
        if at > self.now:
            # Nobody has come to write it yet.
            return
        one.report = ClosingReport(
            incident=one.incident,
            cause_class=learnt.cause_class,
            summary_ar=learnt.summary.ar,
            summary_en=learnt.summary.en,
            prevention_ar=learnt.prevention.ar,
            prevention_en=learnt.prevention.en,
            cause=learnt.cause,
            actions=learnt.actions,
            vendor=learnt.vendor,
            saved_at=at,
            submitted_at=at,
            submitted_by=self.operator,
        )
        one.note(EntryKind.REPORTED, at, self.operator, is_public=True)

    # --- the texts --------------------------------------------------------------------------

    def _first_notice(self, one: _Told, at: datetime) -> Words:
        health = next((Health(row.told_health) for row, _ in one.listed if row.told_health), None)
        health = health or Health.MAJOR_OUTAGE
        template = texts.which(
            services=one.filling.affected,
            is_shared=any(row.is_shared for row in one.services),
            health=health,
            has_working_channel=health is Health.PARTIAL_OUTAGE,
        )
        return Words(at, Phase.INVESTIGATING, TEMPLATES[template], None)

    def _publish(self, one: _Told, said: Words) -> None:
        incident, ends = one.incident, said.phase == Phase.RESOLVED
        promised_at = None if ends else self.news.promise(incident, said.at)
        # A text that says it is over speaks of the moment from which it worked.
        at = (incident.restored_at or said.at) if ends else said.at
        shown = updates.shown(said.text, replace(one.filling, at=at, next_update_by=promised_at))
        template = texts.approved(said.text)
        is_read_twice = said.author is not None and needs_second_person(
            incident.severity, is_approved_text=template is not None
        )
        one.texts.append(
            Update(
                incident=incident,
                state=TextState.PUBLISHED,
                phase=said.phase,
                text_ar=said.text.ar,
                text_en=said.text.en,
                html_ar=shown.html.ar,
                html_en=shown.html.en,
                plain_ar=shown.plain.ar,
                plain_en=shown.plain.en,
                template=template or "",
                next_update_by=promised_at,
                written_at=max(said.at - IN_TIME, incident.opened_at) if is_read_twice else said.at,
                author=said.author,
                published_at=said.at,
                approved_by=self.supervisor if is_read_twice and not ends else None,
            )
        )
        incident.first_notice_at = incident.first_notice_at or said.at
        incident.last_notice_at = said.at

    def _lot(self, one: _Told, least: int, most: int) -> timedelta:
        """So many minutes, the same for the same outage."""
        slugs = " ".join(sorted(row.slug for row in one.services))
        dice = random.Random(f"{_SEED} {one.incident.started_at.isoformat()} {slugs} {most}")
        return dice.randint(least, most) * _MINUTE
