"""The record in the admin, for those who may read it: looked through, and taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import (
    HttpRequest,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.admin.record_filters import (
    ActFilter,
    AgencyFilter,
    KindFilter,
    PeriodFilter,
    PersonFilter,
    kind_shown,
    model_of,
)
from accounts.scoping import ScopedReadOnly
from core import spreadsheet
from core.admin import ACTS, address_of, instant, lines_of
from core.audit import AuditEntry, record_export
from core.outbox import Event

ACTS["export"] = pgettext_lazy("what somebody did", "Exported")

# The names of a file's columns are the same in both languages, as those of the catalogue are.
_COLUMNS = (
    "id",
    "at",
    "who",
    "user",
    "from_where",
    "act",
    "kind",
    "object",
    "name",
    "agency",
    "before",
    "after",
    "why",
    "link",
    "digest",
)
_BATCH = 1000
# Which page of the list somebody looked at is not what they asked for.
_OF_THE_LIST = frozenset({"p", "o", "all", "e", "_facets"})


class _Record(ScopedReadOnly):
    """What the portal writes down for itself; read by those who may read the record."""

    view_act = Act.VIEW_AUDIT
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    ordering = ("-id",)

    @admin.display(description=_("at"), ordering="at")
    def shown_at(self, row: AuditEntry | Event) -> str:
        return instant(row.at)


@admin.register(AuditEntry)
class AuditEntryAdmin(_Record):
    """Who did what, when, from where and why."""

    change_list_template = "admin/core/auditentry/change_list.html"
    list_display = (
        "shown_at",
        "actor_name",
        "shown_act",
        "shown_kind",
        "subject_name",
        "agency_code",
    )
    list_filter = (PeriodFilter, PersonFilter, ActFilter, KindFilter, AgencyFilter)
    search_fields = (
        "actor_name",
        "actor__username",
        "address",
        "act",
        "subject_kind",
        "subject_id",
        "subject_name",
        "agency_code",
        "before",
        "after",
        "reason",
    )
    search_help_text = _(
        "Who, from where, what, to which object or reference, why, and every text before and after."
    )
    fields = (
        "shown_at",
        "actor_name",
        "address",
        "shown_act",
        "shown_kind",
        "subject_id",
        "subject_name",
        "agency_code",
        "changes",
        "reason",
        "shown_link",
    )
    readonly_fields = ("shown_at", "shown_act", "shown_kind", "changes", "shown_link")

    @admin.display(description=_("act"), ordering="act")
    def shown_act(self, entry: AuditEntry) -> Promise | str:
        return ACTS.get(entry.act, entry.act)

    @admin.display(description=_("kind of object"), ordering="subject_kind")
    def shown_kind(self, entry: AuditEntry) -> str:
        return kind_shown(entry.subject_kind)

    @admin.display(description=_("What changed"))
    def changes(self, entry: AuditEntry) -> SafeString:
        return format_html_join(
            "",
            '<p><strong>{}</strong><br><del dir="auto">{}</del><br><ins dir="auto">{}</ins></p>',
            (
                (label, before or "–", after or "–")
                for label, before, after in lines_of(entry, model_of(entry.subject_kind))
            ),
        )

    @admin.display(description=_("Place in the chain"))
    def shown_link(self, entry: AuditEntry) -> SafeString | str:
        link = getattr(entry, "link", None)
        if link is None:
            return gettext("Not linked yet")
        return format_html('<bdi dir="ltr">{}</bdi>', link)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet[AuditEntry], search_term: str
    ) -> tuple[models.QuerySet[AuditEntry], bool]:
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        typed = search_term.strip().casefold()
        # People type an act as they read it; the rows hold its code.
        named = [code for code, label in ACTS.items() if str(label).casefold() == typed]
        return (found | queryset.filter(act__in=named) if named else found), may_have_duplicates

    # --- Taken away ---------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        export = self.admin_site.admin_view(self.export_view)
        return [path("export/", export, name="core_auditentry_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        asked = request.GET.urlencode()
        extra = {"export_query": f"?{asked}" if asked else "", **(extra_context or {})}
        return super().changelist_view(request, extra)

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the list shows for the same query, all pages of it, as a file to be saved.

        By POST, because it leaves an entry behind.
        """
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            asked_for = self.get_changelist_instance(request).queryset
        except IncorrectLookupParameters:
            return HttpResponseRedirect(reverse("admin:core_auditentry_changelist") + "?e=1")
        now = timezone.now()
        file_name = f"audit-{timezone.localdate(now).isoformat()}.csv"
        entries = asked_for.order_by("pk")
        with transaction.atomic():
            found = entries.aggregate(count=models.Count("pk"), last=models.Max("pk"))
            record_export(
                now=now,
                actor=request.user,
                address=address_of(request),
                file_name=file_name,
                asked={
                    name: ", ".join(request.GET.getlist(name))
                    for name in request.GET
                    if name not in _OF_THE_LIST
                },
                count=found["count"],
            )
        # Up to what was counted: what is written while the file grows is not in it.
        rows = _cells_of(entries.filter(pk__lte=found["last"] or 0))
        return StreamingHttpResponse(
            spreadsheet.lines(_COLUMNS, rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
        )


def _cells_of(entries: models.QuerySet[AuditEntry]) -> Iterator[list[str]]:
    """The entries in order of their ids, a batch in memory at a time."""
    entries = entries.select_related("actor", "link")
    batch = list(entries[:_BATCH])
    while batch:
        for entry in batch:
            link = getattr(entry, "link", None)
            yield [
                str(entry.pk),
                timezone.localtime(entry.at).isoformat(),
                entry.actor_name,
                entry.actor.get_username() if entry.actor is not None else "",
                entry.address or "",
                entry.act,
                entry.subject_kind,
                entry.subject_id,
                entry.subject_name,
                entry.agency_code,
                _json(entry.before),
                _json(entry.after),
                entry.reason,
                str(link.position) if link is not None else "",
                link.digest if link is not None else "",
            ]
        batch = list(entries.filter(pk__gt=batch[-1].pk)[:_BATCH])


def _json(values: Any) -> str:
    return "" if values is None else json.dumps(values, ensure_ascii=False, sort_keys=True)


@admin.register(Event)
class EventAdmin(_Record):
    """What one part of the portal told the others."""

    list_display = ("shown_at", "kind", "key")
    list_filter = ("kind",)
    search_fields = ("key",)
    fields = ("shown_at", "kind", "key", "payload")
    readonly_fields = ("shown_at",)
