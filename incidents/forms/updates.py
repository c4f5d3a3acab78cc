"""What somebody fills in who writes to the public about an open incident."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from core.bilingual import Bilingual
from incidents.labels import Phase
from incidents.lifecycle import later_phases
from incidents.models import Incident
from incidents.refusals import Refused
from incidents.texts import HOLDING, TEMPLATES, Template, approved
from incidents.updates import NewText
from maintenance.forms.fields import InstantField, words_field

TEMPLATE_NAMES: Mapping[Template, Promise] = {
    Template.HOLDING: pgettext_lazy("approved text", "A problem"),
    Template.HOLDING_MANY: pgettext_lazy("approved text", "A problem with several services"),
    Template.HOLDING_SHARED: pgettext_lazy("approved text", "A problem with a shared service"),
    Template.SLOW: pgettext_lazy("approved text", "Slow or unsteady"),
    Template.SLOW_MANY: pgettext_lazy("approved text", "Several services, slow or unsteady"),
    Template.SURGE: pgettext_lazy("approved text", "Very many people at once"),
    Template.PARTIAL: pgettext_lazy("approved text", "Some channels do not work"),
    Template.IDENTIFIED: pgettext_lazy("approved text", "The cause is known"),
    Template.FIXING: pgettext_lazy("approved text", "It is being fixed"),
    Template.FIXING_EXPECTED: pgettext_lazy("approved text", "It is being fixed; return expected"),
    Template.MONITORING: pgettext_lazy("approved text", "It is fixed and being watched"),
    Template.WORSENED: pgettext_lazy("approved text", "It became worse"),
    Template.REOPENED: pgettext_lazy("approved text", "It came back"),
    Template.RESTORED: pgettext_lazy("approved text", "It works again"),
    Template.RESTORED_MANY: pgettext_lazy("approved text", "Several services work again"),
    Template.RESTORED_SHARED: pgettext_lazy("approved text", "A shared service works again"),
    Template.RESOLVED_ITSELF: pgettext_lazy("approved text", "It ended by itself"),
    Template.CLARIFICATION: pgettext_lazy("approved text", "Answer to a rumour"),
}
# What resolves an incident is written where it is resolved.
_ENDS = frozenset(
    {
        Template.RESTORED,
        Template.RESTORED_MANY,
        Template.RESTORED_SHARED,
        Template.RESOLVED_ITSELF,
    }
)
# What else such a text says of how far people are; the others leave the phase as it is.
_PHASE_OF = {
    Template.IDENTIFIED: Phase.IDENTIFIED,
    Template.FIXING: Phase.FIXING,
    Template.FIXING_EXPECTED: Phase.FIXING,
    Template.MONITORING: Phase.MONITORING,
    Template.REOPENED: Phase.INVESTIGATING,
}


def template_choices() -> list[tuple[Any, Any]]:
    """The approved texts for an open incident in two groups, after the choice of none."""

    def named(codes: list[Template]) -> list[tuple[str, Promise]]:
        return [(code.value, TEMPLATE_NAMES[code]) for code in codes]

    going_on = [code for code in Template if code not in _ENDS]
    return [
        ("", _("Own words")),
        (_("First notice"), named([code for code in going_on if code in HOLDING])),
        (_("On the way"), named([code for code in going_on if code not in HOLDING])),
    ]


class UpdateForm(forms.Form):
    """One text in both languages, the phase that it announces, and what it promises.

    Nothing is judged here: incidents.updates does, and `explain` shows what it said.
    """

    template = forms.ChoiceField(label=_("Approved text"), required=False)
    text_ar = words_field(_("Text in Arabic"), "ar", max_length=None)
    text_en = words_field(_("Text in English"), "en", max_length=None)
    phase = forms.ChoiceField(label=_("Phase that it announces"))
    next_update_by = InstantField(label=_("Next update by"), required=False)
    expected_return_at = InstantField(label=_("Expected return"), required=False)
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict(Phase.choices)
        choices: dict[str, Any] = {
            "template": template_choices(),
            "phase": [(phase, names[phase]) for phase in later_phases(incident.phase)],
        }
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offered
        for name in ("text_ar", "text_en"):
            self.fields[name].widget.attrs["rows"] = 6

    def said(self) -> NewText:
        """What is said; of a valid form only."""
        data = self.cleaned_data
        return NewText(
            text=Bilingual(data["text_ar"].strip(), data["text_en"].strip()),
            phase=data["phase"],
            expected_return_at=data["expected_return_at"],
            next_update_by=data["next_update_by"],
        )

    def seen_at(self) -> datetime | None:
        """When the newest public text was written that the person had read."""
        try:
            return datetime.fromisoformat(self.cleaned_data["seen"])
        except (KeyError, ValueError):
            return None

    def explain(self, refused: Refused) -> None:
        """Say why it was refused, each reason beside its field."""
        for problem in refused.problems:
            field = problem.field if problem.field in self.fields else None
            self.add_error(field, str(problem.sentence))


def filled_from_template(typed: QueryDict) -> QueryDict | None:
    """What was typed, with both texts of the chosen template; None where words would be lost.

    Only an empty text and an untouched template give way. Without a choice nothing changes.
    """
    data = typed.copy()
    if (code := typed.get("template", "")) not in set(Template):
        return data
    there = Bilingual(typed.get("text_ar", "").strip(), typed.get("text_en", "").strip())
    if there and approved(there) is None:
        return None
    template = Template(code)
    data["text_ar"], data["text_en"] = TEMPLATES[template].ar, TEMPLATES[template].en
    if template in _PHASE_OF:
        data["phase"] = _PHASE_OF[template].value
    return data
