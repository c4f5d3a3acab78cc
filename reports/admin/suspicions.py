"""Suspected outages in the admin: looked through. What follows from one is done at the console."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.access import Act
from accounts.scoping import ScopedReadOnly
from core.admin import ACTS, instant
from reports.models import Suspicion

# The record names these acts like those of every page.
ACTS |= {
    "heartbeat": pgettext_lazy("what somebody did", "Heartbeat"),
    "suspect": pgettext_lazy("what somebody did", "Suspected an outage"),
    "link": pgettext_lazy("what somebody did", "Linked to an incident"),
    "open from": pgettext_lazy("what somebody did", "Opened an incident from it"),
    "set aside": pgettext_lazy("what somebody did", "Set aside"),
}


@admin.register(Suspicion)
class SuspicionAdmin(ScopedReadOnly):
    """What agencies' systems told us, newest first."""

    agency_path = "agency"
    view_act = Act.VIEW_INCIDENTS
    change_form_template = "admin/reports/suspicion/change_form.html"
    list_display = ("ref", "service", "agency", "told", "settled", "incident")
    list_filter = ("settled", ("agency", admin.RelatedOnlyFieldListFilter))
    search_fields = ("ref", "service__name_ar", "service__name_en", "service__slug", "contact")
    ordering = ("-told_at", "-pk")
    fields = (
        "ref",
        "service",
        "agency",
        "began",
        "text_ar",
        "text_en",
        "contact",
        "told",
        "system",
        "settled",
        "settled_when",
        "settler",
        "incident",
        "reason",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = super().get_queryset(request)
        return rows.select_related("service", "agency", "token", "incident", "settled_by")

    @admin.display(description=_("began at"), ordering="began_at")
    def began(self, row: Suspicion) -> str:
        return instant(row.began_at)

    @admin.display(description=_("told at"), ordering="told_at")
    def told(self, row: Suspicion) -> str:
        return instant(row.told_at)

    # Names and no links: not everybody who reads this may read of tokens and people.
    @admin.display(description=_("token"))
    def system(self, row: Suspicion) -> str:
        return f"{row.token} · {row.token.name}"

    @admin.display(description=_("settled by"))
    def settler(self, row: Suspicion) -> str:
        return str(row.settled_by or "–")

    @admin.display(description=_("settled at"))
    def settled_when(self, row: Suspicion) -> str:
        return instant(row.settled_at)
