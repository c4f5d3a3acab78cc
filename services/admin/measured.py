"""What was measured, to be read: nobody corrects history."""

from __future__ import annotations

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, may
from accounts.scoping import ScopedReadOnly
from core.admin import instant
from services.labels import CHECK_HEALTH, REASON
from services.models import ProberDoubt, StatusChange
from services.status.health import CheckHealth
from services.status.observation import Reason


@admin.register(StatusChange)
class StatusChangeAdmin(ScopedReadOnly):
    """Confirmed changes of state, newest first."""

    agency_path = "service__agency"
    list_display = ("began", "confirmed", "service", "check_ref", "was", "became", "cause")
    list_filter = (("service__agency", admin.RelatedOnlyFieldListFilter), "location", "is_demo")
    list_select_related = ("service__agency", "check_ref__channel__service", "location")
    search_fields = ("service__name_ar", "service__name_en", "service__slug")
    ordering = ("-at", "-id")
    # Counting a table that only grows would be the slowest part of the page.
    show_full_result_count = False
    fields = (*list_display, "channel", "location", "is_demo")
    readonly_fields = ("began", "confirmed", "was", "became", "cause")

    @admin.display(description=_("at"), ordering="at")
    def began(self, change: StatusChange) -> str:
        return instant(change.at)

    @admin.display(description=_("confirmed at"), ordering="confirmed_at")
    def confirmed(self, change: StatusChange) -> str:
        return instant(change.confirmed_at)

    @admin.display(description=_("from"))
    def was(self, change: StatusChange) -> Promise:
        return CHECK_HEALTH[CheckHealth(change.from_health)]

    @admin.display(description=_("to"))
    def became(self, change: StatusChange) -> Promise:
        return CHECK_HEALTH[CheckHealth(change.to_health)]

    @admin.display(description=_("reason"))
    def cause(self, change: StatusChange) -> Promise | str:
        return "–" if change.reason is None else REASON[Reason(change.reason)]


@admin.register(ProberDoubt)
class ProberDoubtAdmin(ScopedReadOnly):
    """When a location did not trust its own eyes (rule 7), newest first."""

    list_display = ("began", "ended", "location", "network")
    list_filter = ("network", "location")
    list_select_related = ("location",)
    ordering = ("-began_at", "-id")
    fields = list_display
    readonly_fields = ("began", "ended")

    def may_here(self, request: HttpRequest, act: Act, row: models.Model | None) -> bool:
        # About our own machines, so nothing that belongs to an agency.
        return may(request.user, act)

    @admin.display(description=_("began at"), ordering="began_at")
    def began(self, doubt: ProberDoubt) -> str:
        return instant(doubt.began_at)

    @admin.display(description=_("ended at"), ordering="ended_at")
    def ended(self, doubt: ProberDoubt) -> str:
        return instant(doubt.ended_at)
