"""Opening an incident, an announcement or a clarification by hand, with its reach seen before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import Agency
from core.arabic import isolate
from incidents import operations, queries
from incidents.forms.updates import filled_from_template
from incidents.labels import Declared, Kind
from incidents.models import Incident
from incidents.refusals import Doubtful, Refused
from incidents.texts import TITLES, Template
from incidents.updates import check, filling_of, shown, titled
from incidents.wording import Filling
from maintenance.wording import zone_name
from statusportal.ops import console_words, suspected
from statusportal.ops.desk import Looked
from statusportal.ops.doors import Visitor, show, staff_page
from statusportal.ops.forms import OpenForm
from statusportal.ops.picking import Picked, picked


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page
def new(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The form; every button but "Publish" shows it again with what it asked for."""
    if not visitor.may_open:
        raise PermissionDenied
    now = timezone.now()
    if request.method != "POST":
        form = _form(None, visitor, request.GET, _from_suspicion(request, visitor))
        return _page(request, visitor, form, now)
    typed: QueryDict = request.POST
    lost = False
    if "_fill" in typed:
        filled = _filled(typed, picked(typed, visitor.runs), now)
        lost = filled is None
        typed = filled or typed
    form = _form(typed, visitor, typed)
    if "_publish" not in typed:
        looked = None
        if {"_look", "_fill"} & set(typed):
            if lost:
                form.add_error(
                    "template",
                    gettext("Words of your own stand in the fields. Empty both to take this text."),
                )
            looked = _looked(form, now) if form.is_valid() else None
        else:
            # Only the choice of services was worked on: nothing is missing yet.
            form.errors.clear()
        return _page(request, visitor, form, now, looked=looked)
    doubtful = False
    if form.is_valid():
        try:
            incident = form.perform(visitor.acting(now))
        except Refused as refused:
            form.explain(refused)
            doubtful = isinstance(refused, Doubtful)
        else:
            messages.success(request, gettext("{ref} is open.").format(ref=isolate(incident.ref)))
            return HttpResponseRedirect(reverse("ops:incident", args=[incident.ref]))
    return _page(request, visitor, form, now, doubtful=doubtful, status=422)


@require_POST
@staff_page
def picker(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    """The choice of services alone, for a page that is open."""
    if not visitor.may_open:
        raise PermissionDenied
    chosen = picked(request.POST, visitor.runs)
    context = {
        "picked": chosen,
        "reach": reach_words(chosen, request.POST.get("declared", "")),
        "is_added": "add" in request.POST,
    }
    return show(request, visitor, "ops/picker.html", context, now=timezone.now())


def reach_words(chosen: Picked, declared: str) -> str:
    """Whom an incident on these services concerns; empty without a choice. 3 queries."""
    if not chosen.chosen:
        return ""
    channels = [pk for one in chosen.chosen for pk in one.channels]
    reached = queries.reach(list(chosen.lines), channels, is_mild=_is_mild(declared))
    return console_words.reach(
        len(reached.named) + len(reached.dependants), reached.agencies, reached.channels
    )


def _from_suspicion(request: HttpRequest, visitor: Visitor) -> dict[str, Any]:
    """What an agency's suspicion fills in before anybody types; empty without one."""
    row = suspected.found(visitor, request.GET.get("suspicion", ""))
    return {"suspicion": row.ref, "started_at": row.began_at} if row and row.is_waiting else {}


def _form(
    data: QueryDict | None,
    visitor: Visitor,
    typed: QueryDict,
    initial: Mapping[str, Any] | None = None,
) -> OpenForm:
    agencies = Agency.objects.all() if visitor.runs is None else _own(visitor.runs)
    choices: list[tuple[str, object]] = [("", _("That of the services"))]
    choices += [(str(agency.pk), agency.name) for agency in agencies]
    form = OpenForm(data, agencies=choices, initial=initial)
    form.picked = picked(typed, visitor.runs)
    return form


def _own(runs: set[int]) -> Any:
    return Agency.objects.filter(pk__in=runs)


def _page(
    request: HttpRequest,
    visitor: Visitor,
    form: OpenForm,
    now: datetime,
    *,
    looked: Looked | None = None,
    doubtful: bool = False,
    status: int = 200,
) -> HttpResponse:
    declared = form["declared"].value() or ""
    services = [one.service for one in form.picked.chosen]
    context = {
        "form": form,
        "picked": form.picked,
        "reach": reach_words(form.picked, declared),
        "suggested": operations.suggest(
            services, declared if declared in Declared.values else "", form.picked.lines
        )
        if services
        else "",
        "looked": looked,
        "doubtful": doubtful,
        "zone": zone_name(),
        "suspicion": suspected.found(visitor, form["suspicion"].value() or ""),
    }
    return show(request, visitor, "ops/new.html", context, now=now, status=status)


# --- before it is there -------------------------------------------------------------------------


def _filling(chosen: Picked, data: Mapping[str, Any], now: datetime) -> Filling:
    """What placeholders hold for an incident that is not there yet."""
    services = [one.service for one in chosen.chosen]
    is_shared = any(one.is_shared for one in services)
    reached = (
        queries.reach(list(chosen.lines), is_mild=_is_mild(data.get("declared")))
        if is_shared
        else None
    )
    found = filling_of(
        services,
        is_shared=is_shared,
        affected=len(reached.dependants) if reached else 0,
        at=now,
    )
    return replace(
        found,
        since=data.get("started_at") or now,
        next_update_by=data.get("next_update_by"),
        expected_return_at=data.get("expected_return_at"),
    )


def _is_mild(declared: str | None) -> bool:
    return declared == Declared.DEGRADED.value


def _filled(typed: QueryDict, chosen: Picked, now: datetime) -> QueryDict | None:
    """What was typed with the texts of the template, and its title where none stands there."""
    data = filled_from_template(typed)
    code = typed.get("template", "")
    if data is None or code not in set(Template):
        return data
    template = Template(code)
    is_untitled = not (typed.get("title_ar") or typed.get("title_en"))
    if template in TITLES and chosen.chosen and is_untitled:
        named = titled(template, _filling(chosen, {"declared": typed.get("declared")}, now))
        data["title_ar"], data["title_en"] = named.ar, named.en
    return data


def _looked(form: OpenForm, now: datetime) -> Looked:
    """The first text as citizens would read it: of an incident that is not there yet."""
    data = form.cleaned_data
    said = form.said()
    problems: Any = ()
    is_doubt_only = False
    try:
        check(Incident(kind=data["kind"] or Kind.INCIDENT), said, confirmed=False, now=now)
    except Refused as refused:
        problems = refused.problems
        is_doubt_only = isinstance(refused, Doubtful)
    if problems and not is_doubt_only:
        return Looked(None, problems, is_doubt_only=False)
    return Looked(shown(said.text, _filling(form.picked, data, now)), problems, is_doubt_only)
