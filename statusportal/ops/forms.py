"""What people fill in at the desk. Nothing is judged here: the operations do, and every form
shows what they said beside its fields, with nothing lost of what was typed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.bilingual import Bilingual
from incidents import impact, operations, reporting, updates
from incidents.forms.updates import TEMPLATE_NAMES, UpdateForm, template_choices
from incidents.labels import CauseClass, Deadlines, Declared, Kind, Payments, Severity
from incidents.models import Incident
from incidents.refusals import Refused
from incidents.texts import Template
from incidents.updates import NewText
from maintenance.forms.fields import InstantField, words_field
from reports import operations as suspected
from statusportal.ops.picking import Picked

Acting = Mapping[str, Any]
WAITS = _("The text waits for a second person. Nobody else can read it before.")


class ConfirmField(forms.BooleanField):
    """Shown once there is something to confirm: suspicions of a machine about a text."""

    def __init__(self) -> None:
        super().__init__(label=_("I have read the warnings. Publish it as it is."), required=False)


class DeskForm(forms.Form):
    """What one act on an incident asks of whoever does it."""

    # Where the operation names a field otherwise than the form.
    field_of: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        self.incident = incident
        super().__init__(*args, **kwargs)

    def perform(self, acting: Acting) -> Promise | None:
        """Do the act; `acting` says who, when and from where. Raises Refused.

        Returns what to say of it where it is not the usual.
        """
        raise NotImplementedError

    def explain(self, refused: Refused) -> None:
        """Say why it was refused, each reason beside its field."""
        for problem in refused.problems:
            wanted = self.field_of.get(problem.field or "", problem.field)
            self.add_error(wanted if wanted in self.fields else None, str(problem.sentence))

    def text(self, name: str) -> Bilingual:
        """The fields `{name}_ar` and `{name}_en` as one text."""
        data = self.cleaned_data
        return Bilingual(data[f"{name}_ar"].strip(), data[f"{name}_en"].strip())


def _words(label: Any, lang: str, rows: int = 6) -> forms.CharField:
    # The operation measures the text, and says it in both languages at once.
    field = words_field(label, lang, max_length=None)
    field.widget.attrs["rows"] = rows
    return field


def _reason(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=help_text,
    )


# --- texts --------------------------------------------------------------------------------------


class WriteForm(UpdateForm):
    """A text for the public about an open incident."""

    confirmed = ConfirmField()

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        self.incident = incident
        super().__init__(*args, incident=incident, **kwargs)
        if incident.last_notice_at is not None:
            self.fields["seen"].initial = incident.last_notice_at.isoformat()

    def perform(self, acting: Acting) -> Promise | None:
        """Publish it, or let it wait for a second person. Raises Refused."""
        update = updates.write(
            incident_id=self.incident.pk,
            text=self.said(),
            seen=self.seen_at(),
            confirmed=self.cleaned_data["confirmed"],
            **acting,
        )
        return None if update.published_at else WAITS


class ApproveForm(DeskForm):
    update_id = forms.IntegerField(widget=forms.HiddenInput)

    def perform(self, acting: Acting) -> None:
        updates.approve(update_id=_own(self), **acting)


class ReturnForm(ApproveForm):
    """Why it is handed back: for its author, never public."""

    reason = _reason(_("Why it goes back"), _("Its author reads this. It is never public."))

    def perform(self, acting: Acting) -> None:
        updates.return_(update_id=_own(self), reason=self.cleaned_data["reason"], **acting)


class CorrectForm(ApproveForm):
    """A new version of a published text; the old one stays, marked as corrected."""

    text_ar = _words(_("Text in Arabic"), "ar")
    text_en = _words(_("Text in English"), "en")
    confirmed = ConfirmField()

    def perform(self, acting: Acting) -> None:
        updates.correct(
            update_id=_own(self),
            text=self.text("text"),
            confirmed=self.cleaned_data["confirmed"],
            **acting,
        )


def _own(form: DeskForm) -> int:
    """The text that the form names, one of its own incident; raises Update.DoesNotExist."""
    pk: int = form.incident.updates.values_list("pk", flat=True).get(
        pk=form.cleaned_data["update_id"]
    )
    return pk


class NoteForm(DeskForm):
    text_ = forms.CharField(
        label=_("Internal note"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("For staff only; it never becomes public."),
    )
    field_of = {"text": "text_"}

    def perform(self, acting: Acting) -> None:
        operations.note(incident_id=self.incident.pk, text=self.cleaned_data["text_"], **acting)


# --- what it does -------------------------------------------------------------------------------


class SeverityForm(DeskForm):
    severity = forms.ChoiceField(label=_("Severity"), choices=Severity.choices)
    severity_reason = _reason(_("Why this severity"))

    def perform(self, acting: Acting) -> None:
        operations.change_severity(
            incident_id=self.incident.pk,
            severity=self.cleaned_data["severity"],
            reason=self.cleaned_data["severity_reason"],
            **acting,
        )


class ServicesForm(DeskForm):
    """The services that the incident lists; the choice itself is `picked`."""

    services = forms.CharField(required=False, widget=forms.HiddenInput)
    picked: Picked

    def perform(self, acting: Acting) -> None:
        impact.list_services(incident_id=self.incident.pk, services=self.picked.lines, **acting)


class OfServiceForm(DeskForm):
    service_id = forms.IntegerField(widget=forms.HiddenInput)


class DeclareForm(OfServiceForm):
    health = forms.ChoiceField(
        label=_("What we declare of it"),
        choices=[("", _("Nothing: the checks decide")), *Declared.choices],
        required=False,
    )

    def perform(self, acting: Acting) -> None:
        impact.declare(
            incident_id=self.incident.pk,
            service_id=self.cleaned_data["service_id"],
            health=self.cleaned_data["health"],
            **acting,
        )


class OverrideForm(OfServiceForm):
    """Better than measured, for at most four hours (rule 17)."""

    health = forms.ChoiceField(
        label=_("What is published instead of what we measure"),
        choices=[(one.value, one.label) for one in reversed(Declared)],
    )
    reason = _reason(_("Why our checks are wrong"))
    expires_at = InstantField(label=_("Until"), help_text=_("Within the next four hours."))

    def perform(self, acting: Acting) -> None:
        data = self.cleaned_data
        impact.override(
            incident_id=self.incident.pk,
            service_id=data["service_id"],
            health=data["health"],
            reason=data["reason"],
            expires_at=data["expires_at"],
            **acting,
        )


class TakeBackForm(OfServiceForm):
    def perform(self, acting: Acting) -> None:
        impact.take_back_override(
            incident_id=self.incident.pk, service_id=self.cleaned_data["service_id"], **acting
        )


class FactsForm(DeskForm):
    """What stands beside the texts, as fields of their own."""

    title_ar = forms.CharField(label=_("title in Arabic"), max_length=300, required=False)
    title_en = forms.CharField(label=_("title in English"), max_length=300, required=False)
    still_works_ar = _words(_("what still works, in Arabic"), "ar", 2)
    still_works_en = _words(_("what still works, in English"), "en", 2)
    meanwhile_ar = _words(_("what to do meanwhile, in Arabic"), "ar", 2)
    meanwhile_en = _words(_("what to do meanwhile, in English"), "en", 2)
    deadlines = forms.ChoiceField(label=_("deadlines"), choices=Deadlines.choices)
    deadlines_until = forms.DateField(
        label=_("extended to"),
        required=False,
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "dir": "ltr"}),
    )
    payments = forms.ChoiceField(label=_("payments under way"), choices=Payments.choices)

    def __init__(self, *args: Any, incident: Incident, **kwargs: Any) -> None:
        now = {name: getattr(incident, name) for name in self.base_fields}
        super().__init__(*args, incident=incident, **({"initial": now} | kwargs))
        self.fields["title_ar"].widget.attrs |= {"lang": "ar", "dir": "rtl"}
        self.fields["title_en"].widget.attrs |= {"lang": "en", "dir": "ltr"}

    def perform(self, acting: Acting) -> None:
        impact.state(incident_id=self.incident.pk, fields=self.cleaned_data, **acting)


# --- the end, and after it ----------------------------------------------------------------------

_ENDS = (Template.RESTORED, Template.RESTORED_MANY, Template.RESTORED_SHARED)


class ResolveForm(DeskForm):
    """That it is over, with a text; while checks still fail, also why it is all the same."""

    template = forms.ChoiceField(
        label=_("Approved text"),
        required=False,
        choices=[("", _("Own words")), *((one.value, TEMPLATE_NAMES[one]) for one in _ENDS)],
    )
    text_ar = _words(_("Text in Arabic"), "ar")
    text_en = _words(_("Text in English"), "en")
    although = _reason(
        _("Why it is over although our checks still see it fail"),
        _("Only where they do. It stands in the record."),
    )
    confirmed = ConfirmField()

    def said(self) -> NewText:
        """The text that ends it; of a valid form only."""
        return updates.closing(NewText(self.text("text")))

    def perform(self, acting: Acting) -> Promise | None:
        incident = operations.resolve(
            incident_id=self.incident.pk,
            text=self.said(),
            although=self.cleaned_data["although"],
            confirmed=self.cleaned_data["confirmed"],
            **acting,
        )
        return WAITS if incident.is_open else None


class ReopenForm(DeskForm):
    reason = _reason(_("Why it is open again"), _("It stands in the record and is never public."))

    def perform(self, acting: Acting) -> None:
        operations.reopen(
            incident_id=self.incident.pk, reason=self.cleaned_data["reason"], text=None, **acting
        )


class ReportForm(DeskForm):
    """What was learnt: the first part is public once it is handed in, the second never."""

    PUBLIC = ("summary_ar", "summary_en", "prevention_ar", "prevention_en")
    INTERNAL = ("cause", "actions", "vendor")

    cause_class = forms.ChoiceField(
        label=_("kind of cause"), choices=[("", "–"), *CauseClass.choices], required=False
    )
    summary_ar = _words(_("what happened, in Arabic"), "ar", 4)
    summary_en = _words(_("what happened, in English"), "en", 4)
    prevention_ar = _words(_("what we do against it, in Arabic"), "ar", 3)
    prevention_en = _words(_("what we do against it, in English"), "en", 3)
    cause = _reason(_("cause in detail"))
    actions = _reason(_("actions, with owner and day"))
    vendor = forms.CharField(
        label=_("vendor"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    hand_in: bool = False

    def perform(self, acting: Acting) -> None:
        reporting.save_report(
            incident_id=self.incident.pk,
            fields=self.cleaned_data,
            hand_in=self.hand_in,
            **acting,
        )


# --- opened by hand -----------------------------------------------------------------------------


class OpenForm(forms.Form):
    """A new incident, announcement or clarification. The services are `picked`."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Kind.choices)
    services = forms.CharField(required=False, widget=forms.HiddenInput)
    # The suspicion of an agency's system that it comes from, by its reference.
    suspicion = forms.SlugField(required=False, widget=forms.HiddenInput)
    agency = forms.ChoiceField(label=_("Agency that has to mend it"), required=False)
    declared = forms.ChoiceField(
        label=_("What we declare of the services"),
        choices=[("", _("Nothing: the checks decide")), *Declared.choices],
        required=False,
    )
    severity = forms.ChoiceField(
        label=_("Severity"), choices=[("", _("As suggested")), *Severity.choices], required=False
    )
    severity_reason = _reason(_("Why another severity than suggested"))
    started_at = InstantField(label=_("Began at"), required=False, help_text=_("Empty: now."))
    template = forms.ChoiceField(label=_("Approved text"), required=False)
    title_ar = forms.CharField(
        label=_("title in Arabic"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"lang": "ar", "dir": "rtl"}),
    )
    title_en = forms.CharField(
        label=_("title in English"),
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"lang": "en", "dir": "ltr"}),
    )
    text_ar = _words(_("Text in Arabic"), "ar")
    text_en = _words(_("Text in English"), "en")
    next_update_by = InstantField(label=_("Next update by"), required=False)
    expected_return_at = InstantField(label=_("Expected return"), required=False)
    confirmed = ConfirmField()
    picked: Picked

    def __init__(self, *args: Any, agencies: list[tuple[str, object]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, Any] = {"agency": agencies, "template": template_choices()}
        for name, offered in choices.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = offered

    def said(self) -> NewText:
        """The first text; of a valid form only."""
        data = self.cleaned_data
        return NewText(
            text=Bilingual(data["text_ar"].strip(), data["text_en"].strip()),
            expected_return_at=data["expected_return_at"],
            next_update_by=data["next_update_by"],
        )

    def perform(self, acting: Acting) -> Incident:
        """Open it. Raises Refused."""
        data = self.cleaned_data
        agency = data["agency"]
        suspicion = data["suspicion"]
        open_: Any = (
            partial(suspected.open_from, suspicion_ref=suspicion) if suspicion else operations.open_
        )
        opened: Incident = open_(
            kind=data["kind"],
            services=self.picked.lines,
            agency_id=int(agency) if agency else self.picked.agency_id,
            title=Bilingual(data["title_ar"].strip(), data["title_en"].strip()),
            text=self.said(),
            severity=data["severity"],
            severity_reason=data["severity_reason"],
            declared=data["declared"],
            started_at=data["started_at"],
            confirmed=data["confirmed"],
            **acting,
        )
        return opened

    def explain(self, refused: Refused) -> None:
        """Say why it was refused, each reason beside its field."""
        for problem in refused.problems:
            field = problem.field if problem.field in self.fields else None
            self.add_error(field, str(problem.sentence))
