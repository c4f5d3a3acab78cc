"""Incidents in the admin: the list, and one incident with everything that was said and done.

Nothing is typed into rows here: every write is an act (incidents.admin.acts) or the desk's.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db import models
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, agencies, may
from accounts.models import Agency
from accounts.scoping import ScopedAdmin
from core.bilingual import LANGUAGES
from incidents import queries
from incidents.admin.acts import IncidentActs, may_run
from incidents.admin.shown import NOTHING, age, history, instant, services_named
from incidents.labels import Kind
from incidents.models import Incident
from maintenance.wording import length

_BOTH = ("title", "still_works", "meanwhile")


class StandsFilter(admin.SimpleListFilter):
    """What still needs somebody."""

    title = _("how it stands")
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("open", pgettext_lazy("how an incident stands", "Open")),
            ("new", _("Open, not acknowledged")),
            ("resolved", pgettext_lazy("how an incident stands", "Resolved")),
            ("report", _("Closing report missing")),
        ]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        match self.value():
            case "open":
                return queryset.filter(resolved_at=None)
            case "new":
                return queryset.filter(resolved_at=None, acknowledged_at=None)
            case "resolved":
                return queryset.filter(resolved_at__isnull=False)
            case "report":
                return queryset.filter(pk__in=queries.owing_reports(None).order_by().values("pk"))
        return queryset


class AgencyFilter(admin.SimpleListFilter):
    """The agency that has to mend it, of those that the person sees."""

    title = _("agency")
    parameter_name = "agency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        seen = agencies(request.user, Act.VIEW_INCIDENTS)
        rows = Agency.objects.filter(incidents__isnull=False)
        if seen is not None:
            rows = rows.filter(pk__in=seen)
        return [(row.code, str(row)) for row in rows.distinct()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        code = self.value()
        return queryset.filter(agency__code=code) if code else queryset


@admin.register(Incident)
class IncidentAdmin(IncidentActs, ScopedAdmin):
    """What failed or was announced, newest trouble first."""

    agency_path = "agency"
    view_act = Act.VIEW_INCIDENTS
    edit_act = Act.RUN_INCIDENTS
    change_form_template = "admin/incidents/incident/change_form.html"
    list_display = ("ref", "named", "severity", "phase", "lasted", "acknowledged", "agency")
    list_filter = (StandsFilter, "severity", "kind", "phase", AgencyFilter)
    search_fields = (
        "ref",
        "title_ar",
        "title_en",
        "services__service__name_ar",
        "services__service__name_en",
        "services__service__slug",
    )
    # What is open, the worst first, then what ended last.
    ordering = (F("resolved_at").desc(nulls_first=True), "severity", "-started_at", "-pk")
    show_full_result_count = False
    fieldsets = (
        (
            _("What it is"),
            {
                "fields": (
                    "kind",
                    "phase",
                    "severity",
                    "suggested",
                    "severity_reason",
                    "agency",
                    "listed",
                    "deadlines",
                    "deadlines_until",
                    "payments",
                )
            },
        ),
        (
            _("When"),
            {
                "fields": (
                    "began",
                    "opened",
                    "acknowledged_when",
                    "announced",
                    "restored",
                    "resolved",
                    "promised",
                )
            },
        ),
    )

    # --- Who may what -------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Incident]:
        # Also those of another agency that list a service of one's own.
        rows = queries.search(agencies(request.user, Act.VIEW_INCIDENTS))
        return rows.prefetch_related(None).order_by("-pk")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not isinstance(obj, Incident) or may(request.user, self.view_act, obj.agency_id):
            return self.may_here(request, self.view_act, None)
        return self.get_queryset(request).filter(pk=obj.pk).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- The list -----------------------------------------------------------------------

    @admin.display(description=_("title"))
    def named(self, incident: Incident) -> str:
        return str(incident.title)

    @admin.display(description=_("age"), ordering="started_at")
    def lasted(self, incident: Incident) -> str:
        return age(incident, timezone.now())

    @admin.display(description=_("acknowledged by"), ordering="acknowledged_at")
    def acknowledged(self, incident: Incident) -> str:
        if incident.acknowledged_by is not None:
            return str(incident.acknowledged_by)
        return gettext("Nobody yet") if incident.is_open else NOTHING

    # --- One incident -------------------------------------------------------------------

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Incident | None:
        """The row with everything that its page shows; None where the person may not see it."""
        row = super().get_object(request, object_id, from_field)
        if not isinstance(row, Incident):
            return None
        return queries.whole(row.ref, agencies(request.user, Act.VIEW_INCIDENTS))

    @admin.display(description=_("services"))
    def listed(self, incident: Incident) -> SafeString | str:
        return services_named(incident)

    @admin.display(description=_("suggested severity"))
    def suggested(self, incident: Incident) -> str:
        return incident.suggested_severity

    @admin.display(description=_("began at"))
    def began(self, incident: Incident) -> SafeString | str:
        return instant(incident.started_at)

    @admin.display(description=_("opened at"))
    def opened(self, incident: Incident) -> SafeString:
        by = gettext("The portal") if incident.opened_by is None else str(incident.opened_by)
        return format_html("{} · {}", instant(incident.opened_at), by)

    @admin.display(description=_("acknowledged at"))
    def acknowledged_when(self, incident: Incident) -> SafeString | str:
        when = _after(incident.acknowledged_at, queries.times(incident).acknowledge)
        if incident.acknowledged_by is None:
            return when
        return format_html("{} · {}", when, incident.acknowledged_by)

    @admin.display(description=_("first notice at"))
    def announced(self, incident: Incident) -> SafeString | str:
        return _after(incident.first_notice_at, queries.times(incident).first_notice)

    @admin.display(description=_("restored at"))
    def restored(self, incident: Incident) -> SafeString | str:
        return _after(incident.restored_at, queries.times(incident).restore)

    @admin.display(description=_("resolved at"))
    def resolved(self, incident: Incident) -> SafeString | str:
        return _after(incident.resolved_at, queries.times(incident).total)

    @admin.display(description=_("promised to the public"))
    def promised(self, incident: Incident) -> SafeString | str:
        if incident.expected_return_at is not None:
            return format_html(
                gettext("Expected return: {time}"), time=instant(incident.expected_return_at)
            )
        if incident.next_update_by is not None:
            return format_html(
                gettext("Next update by: {time}"), time=instant(incident.next_update_by)
            )
        return NOTHING

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        incident: Incident = context["original"]
        runs = incident.is_open and may_run(request, incident)
        report = getattr(incident, "report", None)
        context |= {
            "title": capfirst(self.opts.verbose_name),
            "subtitle": "",
            "name": incident.title,
            "age": age(incident, timezone.now()),
            "is_incident": incident.kind == Kind.INCIDENT,
            "may_acknowledge": runs and incident.acknowledged_at is None,
            "may_write": runs,
            "halves": [
                (
                    lang,
                    "rtl" if lang == "ar" else "ltr",
                    [text for name in _BOTH if (text := getattr(incident, f"{name}_{lang}"))],
                )
                for lang in LANGUAGES
            ],
            "lines": history(incident.texts, incident.log),  # type: ignore[attr-defined]
            "report": report,
        }
        return super().render_change_form(request, context, *args, **kwargs)


def _after(at: datetime | None, duration: timedelta | None) -> SafeString | str:
    """An instant, and how long it took until then, if it took any time."""
    if at is None or not duration:
        return instant(at)
    return format_html(
        gettext("{time}, after {duration}"), time=instant(at), duration=length(duration)
    )
