"""What agencies' systems suspect, as operators see it: on the board, and one on its own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.arabic import isolate
from incidents.models import Incident
from incidents.refusals import Refused
from reports import queries
from reports.models import Suspicion
from statusportal.ops import console_words
from statusportal.ops.doors import Visitor

# A board that scrolls for ever is no board: the rest is in the list.
SHOWN = 20
_OFFERED = 50


@dataclass(frozen=True, slots=True)
class SuspectedRow:
    """One suspicion that waits for somebody."""

    suspicion: Suspicion
    now: datetime

    @property
    def since(self) -> SafeString:
        return console_words.short(self.suspicion.began_at, self.now)

    @property
    def told(self) -> SafeString:
        return console_words.short(self.suspicion.told_at, self.now)


def waiting(visitor: Visitor, now: datetime) -> tuple[list[SuspectedRow], int]:
    """The suspicions that wait, oldest first, and how many more. 1 query; of very many 2."""
    rows = queries.suspicions(visitor.agencies).filter(settled_at=None)
    found = [SuspectedRow(row, now) for row in rows[: SHOWN + 1]]
    more = rows.count() - SHOWN if len(found) > SHOWN else 0
    return found[:SHOWN], more


def found(visitor: Visitor, ref: str) -> Suspicion | None:
    """The suspicion, where there is one and the visitor may see it."""
    if not ref:
        return None
    return queries.suspicions(visitor.agencies).filter(ref=ref).first()


class SettleForm(forms.Form):
    """What settles a suspicion, with what refuses it beside its fields."""

    def explain(self, refused: Refused) -> None:
        """Say why it was refused, each reason beside its field."""
        for problem in refused.problems:
            field = problem.field if problem.field in self.fields else None
            self.add_error(field, str(problem.sentence))


class LinkForm(SettleForm):
    """Which incident it belongs to."""

    incident = forms.ChoiceField(label=_("It belongs to"))

    def __init__(self, *args: Any, suspicion: Suspicion, visitor: Visitor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = list(queries.could_be(suspicion, visitor.agencies)[:_OFFERED])
        field = self.fields["incident"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(row.ref, _named(row)) for row in rows if visitor.may_run(row.agency_id)]


class SetAsideForm(SettleForm):
    """Why nothing follows from it."""

    reason = forms.CharField(
        label=_("Why nothing follows from it"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("The agency's system can read this."),
    )


def _named(incident: Incident) -> str:
    return (
        f"{isolate(incident.ref)} {incident.get_phase_display()} · {isolate(str(incident.title))}"
    )
