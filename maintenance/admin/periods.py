"""Holidays, freezes and Ramadan: kept by the authority, because they are announced and moved."""

from __future__ import annotations

from django.contrib import admin

from accounts.access import Act
from accounts.scoping import ScopedAdmin
from maintenance.forms.periods import PeriodForm
from maintenance.models import CalendarPeriod


@admin.register(CalendarPeriod)
class CalendarPeriodAdmin(ScopedAdmin):
    """Days that change what a suitable hour is; what is asked for is weighed by them at once."""

    edit_act = Act.EDIT_REGISTER
    form = PeriodForm
    list_display = ("__str__", "kind", "first_day", "last_day")
    list_filter = ("kind",)
    search_fields = ("name_ar", "name_en")
    ordering = ("-first_day", "-pk")
    fieldsets = (
        (None, {"fields": ("kind",)}),
        ("العربية / English", {"fields": (("name_ar", "name_en"),)}),
        (None, {"fields": (("first_day", "last_day"),)}),
    )
