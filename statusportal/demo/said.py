"""What was said of the demo's past incidents, and that nobody was left without news meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from accounts.models import User
from core.bilingual import Bilingual
from incidents import clocks, queries
from incidents.labels import Kind, Phase
from incidents.models import Incident
from incidents.texts import TEMPLATES, Template

_DAY = timedelta(days=1)
# What is due is written a little before.
IN_TIME = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class Words:
    """One text before it is published; `author` None is the portal itself."""

    at: datetime
    phase: Phase
    text: Bilingual
    author: User | None


class News:
    """The texts of one author, who keeps every promise."""

    def __init__(self, author: User) -> None:
        self.author = author
        self.policy, self.office = queries.clock_policy(), queries.office_hours()

    def template(self, template: Template, at: datetime, phase: Phase) -> Words:
        """An approved text at `at`."""
        return Words(at, phase, TEMPLATES[template], self.author)

    def promise(self, incident: Incident, at: datetime) -> datetime | None:
        """By when the next text is owed after one at `at`, in whole five minutes as people say."""
        facts = replace(queries.clock_facts(incident), last_notice_at=at, promised_next_at=None)
        due_at = clocks.next_update_by(facts, self.policy, self.office)
        if due_at is None:
            return at + _DAY if incident.kind == Kind.INCIDENT else None
        return due_at - timedelta(minutes=due_at.minute % 5, seconds=due_at.second)

    def unbroken(self, incident: Incident, words: Sequence[Words], until: datetime) -> list[Words]:
        """`words` with the news in between that every promise until `until` asks for."""
        whole: list[Words] = []
        for said in (*words, None):
            end = until if said is None else said.at
            while whole and (due_at := self.promise(incident, whole[-1].at)) and due_at < end:
                is_watched = whole[-1].phase == Phase.MONITORING
                template = Template.MONITORING if is_watched else Template.FIXING
                phase = Phase.MONITORING if is_watched else Phase.FIXING
                whole.append(self.template(template, due_at - IN_TIME, phase))
            if said is not None:
                whole.append(said)
        return whole
