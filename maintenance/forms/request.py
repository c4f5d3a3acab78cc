"""The request for a window, and the services it names."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, cast

from django import forms
from django.core.exceptions import ValidationError
from django.forms.models import BaseInlineFormSet
from django.utils.functional import cached_property
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Agency
from core.admin import RecordedForm
from core.bilingual import Bilingual
from maintenance.forms.fields import InstantField, words_field
from maintenance.labels import Deadlines
from maintenance.models import Window, WindowService
from maintenance.refusals import Problem
from services.labels import ChannelKind
from services.models import Channel, Service

# Where a problem that an operation names by another name is shown.
_FIELD_OF = {"rule": "own_rule"}


class CheckedForm(forms.Form):
    """A form that may be looked at before it is complete.

    With `only_looked_at` it is never valid, and says nothing of what is still missing.
    """

    only_looked_at: bool = False

    def full_clean(self) -> None:
        super().full_clean()
        if self.only_looked_at:
            for name, found in list(self.errors.items()):
                found.data = [error for error in found.as_data() if error.code != "required"]
                if not found.data:
                    del self.errors[name]

    def is_valid(self) -> bool:
        # Cleaned all the same: what is sound in it is shown and weighed.
        sound = super().is_valid()
        return sound and not self.only_looked_at


class WindowForm(CheckedForm, RecordedForm):
    """What an agency asks for. The agency is that of the page, never a choice of the form."""

    agency: ClassVar[Agency | None] = None
    # Why the same data was refused a moment ago, when it was to be written.
    refused: ClassVar[tuple[Problem, ...]] = ()

    starts_at = InstantField(label=_("starts at"))
    ends_at = InstantField(label=_("ends at"))

    class Meta:
        model = Window
        fields = (
            "kind",
            "effect",
            "starts_at",
            "ends_at",
            "text_ar",
            "text_en",
            "still_works_ar",
            "still_works_en",
            "meanwhile_ar",
            "meanwhile_en",
            "deadlines",
            "deadlines_until",
            "payments",
            "reason",
            "ticket",
            "justification",
        )
        widgets = {
            "deadlines_until": forms.DateInput(
                format="%Y-%m-%d", attrs={"type": "date", "dir": "ltr"}
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.agency_id is None and self.agency is not None:
            self.instance.agency = self.agency

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        starts_at, ends_at = data.get("starts_at"), data.get("ends_at")
        self._typed_end = ends_at
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("The end must lie after the start."))
        if data.get("deadlines") == Deadlines.EXTENDED and not data.get("deadlines_until"):
            self.add_error("deadlines_until", _("Write the day to which deadlines are extended."))
        for problem in self.refused:
            field = _FIELD_OF.get(problem.field or "", problem.field)
            field = field if field in self.fields else None
            self.add_error(field, str(problem.sentence))
        return data

    def typed_end(self) -> datetime | None:
        """The end as it was typed, also where it is refused for lying before the start."""
        return getattr(self, "_typed_end", None)

    def rule(self) -> str:
        """The RRULE by which the window is to repeat; empty: it does not, or not yet soundly."""
        return self.rule_at(getattr(self, "cleaned_data", {}).get("starts_at"))

    def rule_at(self, starts_at: datetime | None) -> str:
        """The same for a series that begins at `starts_at`, in the deployment's zone."""
        return ""

    def is_weighed(self, services_changed: bool) -> bool:
        """Whether the policy has anything to say of what is filled in."""
        return True


class AnnouncedWindowForm(WindowForm):
    """A window that everybody can read: what is changed is changed publicly, and may be explained.

    Once the work has begun only its words can change.
    """

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    note_ar = words_field(_("public note on the change, in Arabic"), "ar")
    note_en = words_field(_("public note on the change, in English"), "en")
    is_begun: ClassVar[bool] = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "seen" in self.fields:
            self.fields["seen"].initial = self.instance.changed_at.isoformat()
        fixed = ("kind", "effect", "starts_at", "ends_at") if self.is_begun else ("kind",)
        for name in fixed:
            if name in self.fields:
                self.fields[name].disabled = True

    def changes(self) -> dict[str, Any]:
        """The columns that were changed, with what they became."""
        columns = set(WindowForm.Meta.fields)
        return {name: self.cleaned_data[name] for name in self.changed_data if name in columns}

    def is_weighed(self, services_changed: bool) -> bool:
        # What was approved stays approved as long as nobody asks for something else.
        return services_changed or bool({"starts_at", "ends_at", "effect"} & set(self.changed_data))

    def note(self) -> Bilingual:
        """What everybody may read about the change."""
        data = self.cleaned_data
        return Bilingual(data.get("note_ar", "").strip(), data.get("note_en", "").strip())


class RepeatedWindowForm(WindowForm):
    """A new window, which may repeat; each occurrence becomes a window of its own."""

    NEVER, WEEKLY, MONTHLY, OWN = "", "FREQ=WEEKLY", "monthly", "own"
    _DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")

    repeats = forms.ChoiceField(
        label=_("repeats"),
        required=False,
        choices=[
            (NEVER, _("It does not repeat")),
            (WEEKLY, _("Every week")),
            (MONTHLY, _("Every month, on the same weekday")),
            (OWN, _("By a rule of my own")),
        ],
    )
    times = forms.IntegerField(label=_("how many times"), required=False, min_value=2, max_value=60)
    own_rule = forms.CharField(
        label=_("own rule"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"dir": "ltr", "spellcheck": "false"}),
        help_text=_("An RRULE of RFC 5545, for example FREQ=MONTHLY;BYDAY=1FR;COUNT=6."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        counted = data.get("repeats") in {self.WEEKLY, self.MONTHLY}
        if counted and not data.get("times") and "times" not in self.errors:
            self.add_error("times", ValidationError(_("Write how many times."), "required"))
        is_own = data.get("repeats") == self.OWN
        if is_own and not data.get("own_rule") and "own_rule" not in self.errors:
            self.add_error("own_rule", ValidationError(_("Write the rule."), "required"))
        return data

    def rule_at(self, starts_at: datetime | None) -> str:
        data = getattr(self, "cleaned_data", {})
        times = data.get("times")
        match data.get("repeats"):
            case self.OWN:
                return str(data.get("own_rule") or "").strip()
            case self.WEEKLY if times:
                return f"FREQ=WEEKLY;COUNT={times}"
            case self.MONTHLY if times and starts_at:
                # "The third Friday": a month has no fifth of each, so the last one stands for it.
                nth = (starts_at.day - 1) // 7 + 1
                day = self._DAYS[starts_at.weekday()]
                return f"FREQ=MONTHLY;BYDAY={nth if nth < 5 else -1}{day};COUNT={times}"
        return ""


# --- The services of a window -------------------------------------------------------------------


class WindowServiceForm(CheckedForm, forms.ModelForm):
    """One service, and which of its channels; the kinds are the same for every service."""

    kinds = forms.MultipleChoiceField(
        label=_("channels"),
        choices=ChannelKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen means every channel."),
    )

    class Meta:
        model = WindowService
        fields = ("service",)

    # Filled in by the formset: read once for all lines.
    offered: dict[int, Service]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        instance = kwargs.get("instance")
        if instance is not None and instance.pk:
            chosen = [channel.kind for channel in instance.channels.all()]
            kwargs["initial"] = {"kinds": chosen, **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def chosen(self) -> tuple[Service, list[Channel]] | None:
        """The service and the channels that are meant; none means every one."""
        data = getattr(self, "cleaned_data", None) or {}
        # A line that may only be read is never cleaned: the admin puts plain ids there.
        pk: int | None = getattr(data.get("service"), "pk", data.get("service"))
        service = self.offered.get(pk) if pk else None
        if service is None or data.get("DELETE"):
            return None
        kinds = data.get("kinds") or []
        return service, [channel for channel in service.channels.all() if channel.kind in kinds]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        service, kinds = data.get("service"), data.get("kinds") or []
        if service is None or not kinds:
            return data
        known = self.offered.get(service.pk, service)
        has = {channel.kind: str(channel.get_kind_display()) for channel in known.channels.all()}
        lacking = [str(ChannelKind(kind).label) for kind in kinds if kind not in has]
        if lacking:
            comma = pgettext("between the items of a list", ", ")
            self.add_error(
                "kinds",
                gettext("“%(service)s” does not have: %(lacking)s. It has: %(has)s.")
                % {
                    "service": service,
                    "lacking": comma.join(lacking),
                    "has": comma.join(has.values()) or "–",
                },
            )
        return data


class WindowServiceFormSet(BaseInlineFormSet):
    """At least one service, each once, all of the window's own agency."""

    only_looked_at: bool = False

    @cached_property
    def _offered(self) -> dict[int, Service]:
        rows = Service.objects.filter(agency_id=self.instance.agency_id)
        rows = rows.select_related("agency").prefetch_related("channels")
        return {row.pk: row for row in rows}

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.offered = self._offered
        if "service" in form.fields:
            field = form.fields["service"]
            field.queryset = Service.objects.filter(agency_id=self.instance.agency_id)
            field.choices = [
                ("", "---------"),
                *((row.pk, str(row)) for row in self._offered.values()),
            ]

    def lines(self) -> list[tuple[Service, list[Channel]]]:
        """The services that are soundly chosen, each with its channels; none means every one."""
        found: dict[int, tuple[Service, list[Channel]]] = {}
        for form in self.forms:
            line = cast(WindowServiceForm, form).chosen()
            if line is not None:
                found.setdefault(line[0].pk, line)
        return list(found.values())

    def clean(self) -> None:
        super().clean()
        if self.only_looked_at or any(self.errors):
            return
        if not self.lines():
            raise ValidationError(_("Choose at least one service."), code="required")

    def only_look_at(self) -> None:
        """Make it say nothing of what is still missing, and never be valid."""
        self.only_looked_at = True
        for form in self.forms:
            cast(WindowServiceForm, form).only_looked_at = True

    def chosen(self) -> dict[int, list[int]]:
        """The ids of the services, each with the ids of its channels; none means every one."""
        return {
            service.pk: [channel.pk for channel in channels] for service, channels in self.lines()
        }
