"""Holidays, freezes and Ramadan."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.admin import RecordedForm
from maintenance.models import CalendarPeriod


class PeriodForm(RecordedForm):
    """Days that change what a suitable hour is."""

    class Meta:
        model = CalendarPeriod
        fields = ("kind", "name_ar", "name_en", "first_day", "last_day")
        widgets = {
            name: forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "dir": "ltr"})
            for name in ("first_day", "last_day")
        }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        first, last = data.get("first_day"), data.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day must not lie before the first."))
        return data
