"""The desk: one incident with everything that can be done to it, each act a form of its own.

An act that is refused shows the whole desk again with its form open and all that was typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Act, may
from incidents import queries, updates
from incidents.forms.updates import filled_from_template
from incidents.lifecycle import needs_second_person
from incidents.models import Draft, Incident, Update
from incidents.refusals import ChangedMeanwhile, Doubtful, NotAllowed, Refused
from incidents.texts import TEMPLATES, Template
from maintenance.wording import zone_name
from statusportal.ops import console_words
from statusportal.ops import forms as desk_forms
from statusportal.ops.desk import (
    Desk,
    Looked,
    counts_as_incident,
    first_notice,
    last_notice,
    lay_out,
    looked_at,
    proposed_next_update,
    report_draft,
)
from statusportal.ops.doors import Visitor, show, staff_page
from statusportal.ops.picking import choose, picked


@dataclass(frozen=True, slots=True)
class DeskAct:
    """One act: its form, what is said when it is done, and which form of several it is for."""

    form: type[Any]
    done: Promise
    # The field that tells its form from its siblings, where a page has several.
    key: str = ""
    needs: Act = Act.RUN_INCIDENTS


ACTS: Mapping[str, DeskAct] = {
    "update": DeskAct(desk_forms.WriteForm, _("The text is handed in.")),
    "approve": DeskAct(desk_forms.ApproveForm, _("The text is published."), "update_id"),
    "return": DeskAct(desk_forms.ReturnForm, _("The text goes back."), "update_id"),
    "correct": DeskAct(desk_forms.CorrectForm, _("The correction is published."), "update_id"),
    "note": DeskAct(desk_forms.NoteForm, _("The note is kept.")),
    "severity": DeskAct(desk_forms.SeverityForm, _("The severity is changed.")),
    "services": DeskAct(desk_forms.ServicesForm, _("The services are changed.")),
    "declare": DeskAct(desk_forms.DeclareForm, _("It is declared."), "service_id"),
    "override": DeskAct(
        desk_forms.OverrideForm, _("The override holds."), "service_id", Act.OVERRIDE
    ),
    "take-back": DeskAct(
        desk_forms.TakeBackForm, _("The override is over."), "service_id", Act.OVERRIDE
    ),
    "facts": DeskAct(desk_forms.FactsForm, _("The facts are changed.")),
    "resolve": DeskAct(desk_forms.ResolveForm, _("It is resolved.")),
    "reopen": DeskAct(desk_forms.ReopenForm, _("It is open again.")),
    "report": DeskAct(desk_forms.ReportForm, _("The report is kept.")),
}
_DRAFTED = ("template", "phase", "text_ar", "text_en", "next_update_by", "expected_return_at")


@require_safe
@staff_page
def incident(request: HttpRequest, visitor: Visitor, ref: str) -> HttpResponse:
    """The desk of one incident; of another agency's there is none (404)."""
    return _desk(request, visitor, queries.filled(_found(visitor, ref)), timezone.now())


@staff_page
def act(request: HttpRequest, visitor: Visitor, ref: str, name: str) -> HttpResponse:
    """Do one act, or say beside its fields why not."""
    wanted = ACTS.get(name)
    if wanted is None:
        raise Http404
    row = _found(visitor, ref)
    here = reverse("ops:incident", args=[row.ref])
    if request.method != "POST":
        # A page that was refused an act is loaded again: its address leads back to the desk.
        return HttpResponseRedirect(here)
    if not may(visitor.person, wanted.needs, row.agency_id):
        # Before anything is said of what was typed.
        raise PermissionDenied
    now = timezone.now()
    if "_drop" in request.POST and name == "update":
        updates.drop_draft(incident_id=row.pk, actor=visitor.person)
        return HttpResponseRedirect(f"{here}#write")
    row = queries.filled(row)
    if "_fill" in request.POST or "_look" in request.POST:
        return _looked(request, visitor, row, name, now)
    form = _bound(wanted, name, request.POST, row, visitor)
    if name == "services" and ({"_find", "add", "drop"} & set(request.POST)):
        return _desk(request, visitor, row, now, name=name, form=form)
    if not form.is_valid():
        return _desk(request, visitor, row, now, name=name, form=form, status=422)
    try:
        done = form.perform(visitor.acting(now)) or wanted.done
    except Update.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        form.explain(refused)
        if isinstance(refused, ChangedMeanwhile):
            # This page shows what they had not read: the next attempt knows of it.
            form.data = form.data.copy()
            form.data["seen"] = row.last_notice_at.isoformat() if row.last_notice_at else ""
        return _desk(
            request,
            visitor,
            row,
            now,
            name=name,
            form=form,
            doubtful=isinstance(refused, Doubtful),
            status=403 if isinstance(refused, NotAllowed) else 422,
        )
    messages.success(request, str(done))
    return HttpResponseRedirect(here)


@require_POST
@staff_page
def draft(request: HttpRequest, visitor: Visitor, ref: str) -> HttpResponse:
    """Keep what is being typed, and answer with how it would read and what is wrong with it."""
    row = _found(visitor, ref)
    now = timezone.now()
    typed = {name: request.POST.get(name, "") for name in _DRAFTED}
    try:
        updates.save_draft(incident_id=row.pk, fields=typed, actor=visitor.person, now=now)
    except NotAllowed:
        return HttpResponse(status=403)
    form = desk_forms.WriteForm(request.POST, incident=queries.filled(row))
    looked = looked_at(row, form.said(), now) if form.is_valid() else None
    context = {"saved": console_words.short(now, now), "looked": looked, "form": form}
    return show(request, visitor, "ops/draft.html", context, now=now)


# --- the page -----------------------------------------------------------------------------------


def _found(visitor: Visitor, ref: str) -> Incident:
    # Alone: whoever is refused or led elsewhere needs nothing of what hangs on it.
    found = queries.alone(ref, visitor.agencies)
    if found is None:
        raise Http404
    return found


def _bound(wanted: DeskAct, name: str, typed: QueryDict, row: Incident, visitor: Visitor) -> Any:
    options: dict[str, Any] = {"incident": row}
    if wanted.key:
        options["auto_id"] = _auto_id(name, typed.get(wanted.key, ""))
    elif name != "update":
        options["auto_id"] = _auto_id(name)
    form = wanted.form(typed, **options)
    if name == "services":
        form.picked = picked(typed, visitor.runs)
    if name == "report":
        form.hand_in = "_hand_in" in typed
    return form


def _auto_id(name: str, key: object = "") -> str:
    # One page has many forms, and many of them a field of the same name.
    return f"id_{name}_{key}_%s" if key != "" else f"id_{name}_%s"


def _looked(
    request: HttpRequest, visitor: Visitor, row: Incident, name: str, now: datetime
) -> HttpResponse:
    """The same page with a template filled in, or with the text as citizens would read it."""
    if name not in {"update", "resolve"}:
        raise Http404
    typed: QueryDict = request.POST
    lost = False
    if "_fill" in typed:
        filled = (_filled_end if name == "resolve" else filled_from_template)(typed)
        lost = filled is None
        typed = filled or typed
    form = _bound(ACTS[name], name, typed, row, visitor)
    looked = looked_at(row, form.said(), now) if form.is_valid() else None
    if lost:
        form.add_error(
            "template",
            gettext("Words of your own stand in the fields. Empty both to take this text."),
        )
    return _desk(request, visitor, row, now, name=name, form=form, looked=looked, part="write")


def _filled_end(typed: QueryDict) -> QueryDict | None:
    data = typed.copy()
    if (code := typed.get("template", "")) in set(Template):
        text = TEMPLATES[Template(code)]
        known = {one.ar for one in TEMPLATES.values()} | {one.en for one in TEMPLATES.values()}
        there = (typed.get("text_ar", "").strip(), typed.get("text_en", "").strip())
        if any(one and one not in known for one in there):
            return None
        data["text_ar"], data["text_en"] = text.ar, text.en
    return data


def _desk(
    request: HttpRequest,
    visitor: Visitor,
    row: Incident,
    now: datetime,
    *,
    name: str = "",
    form: Any = None,
    looked: Looked | None = None,
    doubtful: bool = False,
    part: str = "",
    status: int = 200,
) -> HttpResponse:
    """The whole desk; with `form`, that one of the act `name` stands as it was typed."""
    office = queries.office_hours()
    desk = lay_out(row, office, visitor, now)
    may_run = visitor.may_run(row.agency_id)
    context: dict[str, Any] = {
        "desk": desk,
        "incident": row,
        "may_run": may_run,
        "may_override": may(visitor.person, Act.OVERRIDE, row.agency_id),
        "zone": zone_name(),
        "act": name,
        "bad": form if form is not None and form.errors else None,
        "looked": looked,
        "looked_write": looked if name == "update" else None,
        "doubtful": doubtful,
        "counts": counts_as_incident(row),
        "needs_second": needs_second_person(row.severity, is_approved_text=False),
        "timeline": [(line, None) for line in desk.timeline],
    }
    if may_run:
        saved = queries.draft_of(row.pk, visitor.person.pk)
        context |= _forms(desk, visitor, name, form, saved, now, office)
        context["saved"] = console_words.short(saved.saved_at, now) if saved else ""
    return show(
        request,
        visitor,
        "ops/incident.html",
        context,
        now=now,
        part=f"{part}-{name}" if part else "",
        status=status,
    )


def _forms(
    desk: Desk,
    visitor: Visitor,
    name: str,
    form: Any,
    saved: Draft | None,
    now: datetime,
    office: Any,
) -> dict[str, Any]:
    """Every form that the desk offers now, by name; those of texts and services in lists."""
    row = desk.incident

    def one(act_name: str, form_type: type[Any], key: object = "", **options: Any) -> Any:
        if act_name == name and form is not None:
            wanted = ACTS[act_name].key
            if not wanted or form.data.get(wanted) == str(key):
                return form
        if key != "" or act_name != "update":
            options["auto_id"] = _auto_id(act_name, key)
        return form_type(incident=row, **options)

    found: dict[str, Any] = {"note_form": one("note", desk_forms.NoteForm)}
    correctable = [line.text for line in desk.timeline if line.text is not None]
    corrections = {
        text.pk: one(
            "correct",
            desk_forms.CorrectForm,
            text.pk,
            initial={"update_id": text.pk, "text_ar": text.text_ar, "text_en": text.text_en},
        )
        for text in correctable
    }
    found["timeline"] = [
        (line, corrections.get(line.text.pk) if line.text else None) for line in desk.timeline
    ]
    found["facts_form"] = one("facts", desk_forms.FactsForm)
    if not row.is_open:
        found["reopen_form"] = one("reopen", desk_forms.ReopenForm)
        report = getattr(row, "report", None)
        initial = (
            {field: getattr(report, field) for field in desk_forms.ReportForm.base_fields}
            if report is not None
            else report_draft(row)
        )
        found["report_form"] = one("report", desk_forms.ReportForm, initial=initial)
        return found
    typed = saved.fields if saved else {"next_update_by": proposed_next_update(row, office, now)}
    if not saved and row.first_notice_at is None:
        typed = typed | first_notice(desk)
    found["write_form"] = one("update", desk_forms.WriteForm, initial=typed)
    found["resolve_form"] = one("resolve", desk_forms.ResolveForm, initial=last_notice(desk))
    found["severity_form"] = one(
        "severity", desk_forms.SeverityForm, initial={"severity": row.severity}
    )
    found["reviews"] = [
        (
            text,
            text.author_id != visitor.person.pk,
            looked_at_waiting(row, text, now),
            one("approve", desk_forms.ApproveForm, text.pk, initial={"update_id": text.pk}),
            one("return", desk_forms.ReturnForm, text.pk, initial={"update_id": text.pk}),
        )
        for text in desk.waiting
    ]
    found["impacts"] = [
        (
            line,
            one(
                "declare",
                desk_forms.DeclareForm,
                line.listed.service_id,
                initial={"service_id": line.listed.service_id, "health": line.declared},
            ),
            one(
                "override",
                desk_forms.OverrideForm,
                line.listed.service_id,
                initial={"service_id": line.listed.service_id},
            ),
        )
        for line in desk.services
    ]
    lines = {
        line.listed.service_id: {channel.pk for channel in line.listed.channels.all()}
        for line in desk.services
    }
    services = one("services", desk_forms.ServicesForm)
    if not services.is_bound:
        services.picked = choose(lines, visitor.runs)
    found["services_form"] = services
    return found


def looked_at_waiting(row: Incident, text: Update, now: datetime) -> Looked:
    """A text that waits, as citizens would read it."""
    said = updates.NewText(text.text, text.phase, text.expected_return_at, text.next_update_by)
    return looked_at(row, said, now)
