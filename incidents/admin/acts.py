"""What people do with an incident in the admin: acknowledge it, and write to the public.

Everything else is done at the console's desk. The operations decide; here stands only what is
worth showing.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, agencies, may
from accounts.models import User
from core.admin import ACTS as RECORDED
from core.admin import address_of
from incidents import operations, sweeping, updates
from incidents.admin.shown import newest_text
from incidents.forms.updates import UpdateForm, filled_from_template
from incidents.labels import Kind, TextState
from incidents.models import Incident
from incidents.refusals import (
    AlreadyAcknowledged,
    ChangedMeanwhile,
    Doubtful,
    NotAllowed,
    Refused,
)
from incidents.texts import PLACEHOLDERS
from maintenance.wording import zone_name

# The record names these acts like those of every page.
RECORDED |= {
    "open": pgettext_lazy("what somebody did", "Opened"),
    "acknowledge": pgettext_lazy("what somebody did", "Acknowledged"),
    "severity": pgettext_lazy("what somebody did", "Severity changed"),
    "declare": pgettext_lazy("what somebody did", "Impact declared"),
    "override": pgettext_lazy("what somebody did", "Overridden"),
    "note": pgettext_lazy("what somebody did", "Note written"),
    "write": pgettext_lazy("what somebody did", "Text written"),
    "publish": pgettext_lazy("what somebody did", "Text published"),
    "correct": pgettext_lazy("what somebody did", "Text corrected"),
    "resolve": pgettext_lazy("what somebody did", "Resolved"),
    "reopen": pgettext_lazy("what somebody did", "Reopened"),
    "report": pgettext_lazy("what somebody did", "Closing report saved"),
}


def may_run(request: HttpRequest, incident: Incident) -> bool:
    """Whether the person may acknowledge this incident and write about it."""
    return may(request.user, Act.RUN_INCIDENTS, incident.agency_id)


class IncidentActs(admin.ModelAdmin):
    """Adds the acts to the admin of incidents."""

    actions = ("acknowledge_chosen",)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path(
                "<int:pk>/acknowledge/",
                wrap(self.acknowledge_view),
                name="incidents_incident_acknowledge",
            ),
            path("<int:pk>/write/", wrap(self.write_view), name="incidents_incident_write"),
            *super().get_urls(),
        ]

    def _incident(self, request: HttpRequest, pk: int) -> tuple[Incident, User]:
        incident = self.get_object(request, str(pk))
        if not isinstance(incident, Incident) or not isinstance(request.user, User):
            raise Http404
        return incident, request.user

    # --- Acknowledging ----------------------------------------------------------------------

    def acknowledge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Acknowledge one incident by a press of its button, and show it again."""
        incident, actor = self._incident(request, pk)
        if request.method == "POST":
            try:
                operations.acknowledge(
                    incident_id=pk, actor=actor, now=timezone.now(), address=address_of(request)
                )
            except NotAllowed:
                raise PermissionDenied from None
            except AlreadyAcknowledged as quicker:
                # Two pressed at once, and both wanted the same: nothing went wrong.
                self.message_user(request, str(quicker), messages.INFO)
            except Refused as refused:
                self.message_user(request, str(refused), messages.WARNING)
            else:
                self.message_user(request, gettext("You have it."), messages.SUCCESS)
        return HttpResponseRedirect(page_of(incident))

    def has_acknowledge_permission(self, request: HttpRequest) -> bool:
        """Whether there is any incident that the person may acknowledge."""
        return agencies(request.user, Act.RUN_INCIDENTS) != set()

    @admin.action(description=_("Acknowledge the chosen ones"), permissions=["acknowledge"])
    def acknowledge_chosen(self, request: HttpRequest, queryset: models.QuerySet[Incident]) -> None:
        """Acknowledge each one that nobody has yet; say of every other one why not."""
        assert isinstance(request.user, User)
        now, done = timezone.now(), 0
        for ref, pk in queryset.order_by("pk").values_list("ref", "pk"):
            try:
                operations.acknowledge(
                    incident_id=pk, actor=request.user, now=now, address=address_of(request)
                )
            except Refused as refused:
                self.message_user(
                    request,
                    gettext("%(ref)s: %(why)s") % {"ref": f"\u2068{ref}\u2069", "why": refused},
                    messages.INFO if isinstance(refused, AlreadyAcknowledged) else messages.WARNING,
                )
            else:
                done += 1
        if done:
            said = ngettext("You have %(count)s incident.", "You have %(count)s incidents.", done)
            self.message_user(request, said % {"count": done}, messages.SUCCESS)

    # --- Writing to the public ----------------------------------------------------------------

    def write_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write an update; what was typed stays, whatever became of it."""
        incident, actor = self._incident(request, pk)
        if not may_run(request, incident):
            raise PermissionDenied
        if not incident.is_open:
            self.message_user(
                request,
                gettext("It is resolved. Whatever else is to be said is said at the desk."),
                messages.WARNING,
            )
            return HttpResponseRedirect(page_of(incident))
        now = timezone.now()
        shown: updates.Shown | None = None
        is_doubtful = False
        if request.method != "POST":
            form = UpdateForm(incident=incident, initial=_initial(incident))
        elif "_fill" in request.POST:
            form = _filled(incident, request.POST)
        else:
            form = UpdateForm(request.POST, incident=incident)
            if form.is_valid():
                try:
                    if "_look" in request.POST:
                        shown = updates.preview(incident, form.said(), now=now)
                    else:
                        update = updates.write(
                            incident_id=pk,
                            text=form.said(),
                            actor=actor,
                            now=now,
                            confirmed="_confirmed" in request.POST,
                            seen=form.seen_at(),
                            address=address_of(request),
                        )
                        self.message_user(request, _became(update.state), messages.SUCCESS)
                        return HttpResponseRedirect(page_of(incident))
                except ChangedMeanwhile as refused:
                    form = _again(incident, request.POST)
                    form.explain(refused)
                except Refused as refused:
                    form.explain(refused)
                    is_doubtful = isinstance(refused, Doubtful)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Write an update"),
            "subtitle": str(incident),
            "opts": self.opts,
            "incident": incident,
            "form": form,
            "newest": newest_text(incident),
            "shown": shown,
            "is_doubtful": is_doubtful,
            "placeholders": [f"{{{name}}}" for name in PLACEHOLDERS],
            "zone": zone_name(),
        }
        return TemplateResponse(request, "admin/incidents/incident/write.html", context)


def page_of(incident: Incident) -> str:
    """The address of an incident in the admin."""
    return reverse("admin:incidents_incident_change", args=(incident.pk,))


def _became(state: str) -> str:
    if state == TextState.WAITING:
        return gettext("It waits for a second person. Nobody else can read it before.")
    return gettext("It is public.")


def _initial(incident: Incident) -> dict[str, Any]:
    """A new form: the promise that the clocks propose, and which text the person has read."""
    owes = incident.kind == Kind.INCIDENT
    return {
        "next_update_by": sweeping.promise(incident, timezone.now()) if owes else None,
        "seen": _seen(incident),
    }


def _seen(incident: Incident) -> str:
    # Before any text, the opening: the first notice may come while this one is written.
    return (incident.last_notice_at or incident.opened_at).isoformat()


def _filled(incident: Incident, typed: QueryDict) -> UpdateForm:
    """The form as it was typed, with both texts of the chosen template."""
    data = filled_from_template(typed)
    if data is not None:
        # Unbound: what is not complete yet is no mistake.
        return UpdateForm(incident=incident, initial=data.dict())
    form = UpdateForm(typed, incident=incident)
    form.errors.clear()
    form.add_error(
        "template",
        gettext("You have written something already. Empty both texts, then fill them."),
    )
    return form


def _again(incident: Incident, typed: QueryDict) -> UpdateForm:
    """The form as it was typed, once the newer text stands beside it."""
    incident.refresh_from_db(fields=["last_notice_at"])
    data = typed.copy()
    data["seen"] = _seen(incident)
    return UpdateForm(data, incident=incident)
