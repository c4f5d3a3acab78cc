"""What the acts on a window ask of whoever does them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.bilingual import Bilingual
from maintenance import operations
from maintenance.forms.fields import InstantField, words_field
from maintenance.labels import State
from maintenance.models import Window
from maintenance.refusals import Refused


class ActForm(forms.Form):
    """What an act asks of whoever does it."""

    def __init__(self, *args: Any, window: Window, **kwargs: Any) -> None:
        self.window = window
        super().__init__(*args, **kwargs)

    def said(self) -> dict[str, Any]:
        """The answers, by the names of the operation's arguments."""
        return {}

    def perform(
        self, operation: Callable[..., Any], *, actor: User, now: datetime, address: str | None
    ) -> Window:
        """Do the act; returns the window to show afterwards. Raises Refused."""
        became: Window = operation(
            window_id=self.window.pk, actor=actor, now=now, address=address, **self.said()
        )
        return became

    def explain(self, refused: Refused) -> None:
        """Say why the act was refused, each reason beside its field."""
        for problem in refused.problems:
            field = problem.field if problem.field in self.fields else None
            self.add_error(field, str(problem.sentence))


class NoteForm(ActForm):
    """A public note, in both languages or in none."""

    note_ar = words_field(_("public note in Arabic"), "ar")
    note_en = words_field(_("public note in English"), "en")

    def said(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {"note": Bilingual(data["note_ar"].strip(), data["note_en"].strip())}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        both = (data.get("note_ar", "").strip(), data.get("note_en", "").strip())
        if any(both) and not all(both):
            empty = "note_en" if both[0] else "note_ar"
            self.add_error(empty, _("A note is public in both languages: write this one too."))
        return data


class SubmitForm(ActForm):
    """Nothing more to say, but for a series: which of its windows are meant."""

    whole = forms.BooleanField(
        label=_("All windows of this series that wait for it"), required=False, initial=True
    )
    _for_all = staticmethod(operations.submit_series)
    _waiting: tuple[State, ...] = (State.DRAFT, State.RETURNED)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        series = self.window.series
        if series is None or series.windows.filter(state__in=self._waiting).count() < 2:
            del self.fields["whole"]

    def perform(
        self, operation: Callable[..., Any], *, actor: User, now: datetime, address: str | None
    ) -> Window:
        if not self.cleaned_data.get("whole"):
            return super().perform(operation, actor=actor, now=now, address=address)
        self._for_all(window_id=self.window.pk, actor=actor, now=now, address=address)
        return self.window


class ApproveForm(SubmitForm):
    """Approves what was read, and not what somebody made of it since."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    _for_all = staticmethod(operations.approve_series)
    _waiting = (State.SUBMITTED,)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self.window.changed_at.isoformat()

    def said(self) -> dict[str, Any]:
        return {"seen": seen_at(self.cleaned_data.get("seen", ""))}


class ReturnForm(ActForm):
    """Why it is handed back: for the agency, never public."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        help_text=_("Whoever asked for the window reads this. It is never public."),
    )

    def said(self) -> dict[str, Any]:
        return {"reason": self.cleaned_data["reason"]}


class ExtendForm(NoteForm):
    """A later end."""

    ends_at = InstantField(label=_("new end"))
    field_order = ("ends_at", "note_ar", "note_en")

    def said(self) -> dict[str, Any]:
        return {**super().said(), "ends_at": self.cleaned_data["ends_at"]}


class DuplicateForm(ActForm):
    """Other times for the same work."""

    starts_at = InstantField(label=_("starts at"))
    ends_at = InstantField(label=_("ends at"))

    def said(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("starts_at", "ends_at")}


class PostponeForm(NoteForm):
    """Another time, or none yet."""

    starts_at = InstantField(label=_("new start"), required=False)
    ends_at = InstantField(label=_("new end"), required=False)
    field_order = ("starts_at", "ends_at", "note_ar", "note_en")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if bool(data.get("starts_at")) != bool(data.get("ends_at")):
            empty = "ends_at" if data.get("starts_at") else "starts_at"
            if empty not in self.errors:
                self.add_error(empty, _("Write both the new start and the new end, or neither."))
        return data

    def said(self) -> dict[str, Any]:
        times = {name: self.cleaned_data[name] for name in ("starts_at", "ends_at")}
        return {**super().said(), **times}


def seen_at(text: str) -> datetime | None:
    """What a hidden field says of when the row that was read had last changed."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
