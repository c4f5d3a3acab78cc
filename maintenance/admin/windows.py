"""Windows in the admin: the list, the form, and what has been done so far."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import Q
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, agencies, may
from accounts.models import Agency
from accounts.scoping import ScopedAdmin, ScopedInline
from core.admin import address_of
from maintenance import operations
from maintenance.admin.acts import ACTS, WindowActs, offered
from maintenance.admin.month import MonthOfWork
from maintenance.admin.policy import (
    PolicyPanel,
    Weighed,
    asked_in,
    followed,
    text_offers,
    weigh,
    weigh_window,
)
from maintenance.admin.shown import (
    listed,
    minute,
    services_named,
    span,
    stage_of,
    steps_of,
    why_returned,
)
from maintenance.forms.acts import seen_at
from maintenance.forms.request import (
    AnnouncedWindowForm,
    RepeatedWindowForm,
    WindowForm,
    WindowServiceForm,
    WindowServiceFormSet,
)
from maintenance.labels import Effect, State
from maintenance.models import Window, WindowService
from maintenance.refusals import Refused
from maintenance.wording import zone_name

_BOTH = "العربية / English"
_PLACEHOLDERS_HELP = _(
    "Leave the places in braces as they are: {service}, {start}, {end}, {zone}, {duration}. They "
    "are filled in from the fields, so that a moved window is never announced with old times."
)
_WRITABLE = frozenset({State.DRAFT, State.RETURNED, State.APPROVED})
_CALLED_OFF = (State.CANCELLED, State.POSTPONED, State.COMPLETED)


class WhenFilter(admin.SimpleListFilter):
    """Whether the work runs, is still to come, or is done with."""

    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("running", _("Running")), ("ahead", _("Ahead")), ("past", _("Past"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        now = timezone.now()
        # What nobody completed still runs, however long ago it should have ended (rule 16).
        running = Q(state=State.APPROVED, starts_at__lte=now)
        ahead = Q(starts_at__gt=now) & ~Q(state__in=_CALLED_OFF)
        match self.value():
            case "running":
                return queryset.filter(running)
            case "ahead":
                return queryset.filter(ahead)
            case "past":
                return queryset.exclude(running | ahead)
        return queryset


class WindowServiceInline(ScopedInline):
    """The services that are worked on, with their channels."""

    model = WindowService
    form = WindowServiceForm
    formset = WindowServiceFormSet
    edit_act = Act.REQUEST_WINDOW
    parent_path = "agency"
    fields = ("service", "kinds")
    readonly_fields = ("meant",)

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[WindowService]:
        rows = super().get_queryset(request)
        return rows.select_related("service", "window").prefetch_related("channels")

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        return 1 if obj is None else 0

    def _may_edit(self, request: HttpRequest, parent: models.Model | None) -> bool:
        is_fixed = isinstance(parent, Window) and not _times_may_change(parent)
        if parent is not None and not parent._state.adding and is_fixed:
            return False
        return super()._may_edit(request, parent)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Who only reads sees the rows themselves, not the boxes by which they are chosen.
        return self.fields if self._may_edit(request, obj) else ("service", "meant")

    @admin.display(description=_("channels"))
    def meant(self, line: WindowService) -> str:
        kinds = [str(channel.get_kind_display()) for channel in line.channels.all()]
        return listed(kinds) or gettext("Every channel")


def _times_may_change(window: Window) -> bool:
    if window.state == State.APPROVED:
        return timezone.now() < window.starts_at
    return window.state in _WRITABLE


@admin.register(Window)
class WindowAdmin(PolicyPanel, WindowActs, MonthOfWork, ScopedAdmin):
    """Planned work: asked for, weighed against the policy while it is typed, and followed up."""

    agency_path = "agency"
    edit_act = Act.REQUEST_WINDOW
    inlines = (WindowServiceInline,)
    actions = None
    change_form_template = "admin/maintenance/window/change_form.html"
    change_list_template = "admin/maintenance/window/change_list.html"
    list_display = ("ref", "named", "agency", "starts", "ends", "effect", "kind", "stands")
    list_filter = (
        WhenFilter,
        "state",
        ("agency", admin.RelatedOnlyFieldListFilter),
        "effect",
        "kind",
    )
    search_fields = (
        "ref",
        "ticket",
        "services__service__name_ar",
        "services__service__name_en",
        "services__service__slug",
    )
    ordering = ("-starts_at", "-pk")
    show_full_result_count = False

    # --- The list -----------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Window]:
        rows = super().get_queryset(request)
        return rows.select_related("agency").prefetch_related(
            "services__service", "services__channels"
        )

    @admin.display(description=_("services"))
    def named(self, window: Window) -> str:
        return services_named(window)

    @admin.display(description=_("starts at"), ordering="starts_at")
    def starts(self, window: Window) -> SafeString:
        return minute(window.starts_at)

    @admin.display(description=_("ends at"), ordering="ends_at")
    def ends(self, window: Window) -> SafeString:
        return minute(window.ends_at)

    @admin.display(description=_("state"), ordering="state")
    def stands(self, window: Window) -> Promise:
        # What the clock has made of it as well: nobody writes that work has begun.
        return stage_of(window, timezone.now())

    @admin.display(description=_("times"))
    def when(self, window: Window) -> SafeString:
        return span(window.starts_at, window.ends_at)

    # --- Who may what -------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if isinstance(obj, Window):
            if obj.state not in _WRITABLE:
                return False
            if obj.state == State.APPROVED:
                # What everybody reads is changed by whoever may announce it.
                return may(request.user, Act.APPROVE_WINDOW, obj.agency_id)
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Whatever was submitted once is history: it is cancelled, not deleted.
        if obj is None or not isinstance(obj, Window) or obj.state != State.DRAFT:
            return False
        return super().has_delete_permission(request, obj)

    def why_it_stays(self, row: models.Model) -> str | None:
        if isinstance(row, Window) and row.steps.exists():
            return gettext("“%(name)s” has a history. Cancel it instead.") % {"name": row}
        return None

    # --- The form -----------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """First whose services are worked on, where this person works for more than one agency."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if self._agency(request) is not None:
            return super().add_view(request, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Ask for planned work"),
            "opts": self.opts,
            "agencies": self._own_agencies(request).filter(services__isnull=False).distinct(),
        }
        return TemplateResponse(request, "admin/maintenance/window/choose_agency.html", context)

    def _own_agencies(self, request: HttpRequest) -> models.QuerySet[Agency]:
        allowed = agencies(request.user, Act.REQUEST_WINDOW)
        rows = Agency.objects.all()
        return rows if allowed is None else rows.filter(pk__in=allowed)

    def _agency(self, request: HttpRequest) -> Agency | None:
        """The agency of a new window: the one chosen, or the only one there is to choose."""
        rows = self._own_agencies(request)
        chosen = request.GET.get("agency", "")
        if chosen.isdecimal() and chosen.isascii():
            return rows.filter(pk=int(chosen[:18])).first()
        only = list(rows[:2])
        return only[0] if len(only) == 1 else None

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        more: dict[str, Any] = {"refused": getattr(request, "_refused", ())}
        if obj is None:
            kind: type[WindowForm] = RepeatedWindowForm
            more["agency"] = self._agency(request)
        elif obj.state == State.APPROVED:
            kind = AnnouncedWindowForm
            more["is_begun"] = not _times_may_change(obj)
        else:
            kind = WindowForm
        kwargs["form"] = type(kind.__name__, (kind,), more)
        more["only_looked_at"] = _is_look(request)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        writes = obj is None or self.has_change_permission(request, obj)
        times: list[Any] = [("starts_at", "ends_at") if writes else "when"]
        if obj is None:
            times.append(("repeats", "times", "own_rule"))
        sections = [
            (_("When, and what people notice"), {"fields": ("effect", *times, "kind")}),
            (
                _BOTH,
                {
                    "description": _PLACEHOLDERS_HELP,
                    "fields": (
                        ("text_ar", "text_en"),
                        ("still_works_ar", "still_works_en"),
                        ("meanwhile_ar", "meanwhile_en"),
                    ),
                },
            ),
            (
                _("Deadlines and payments"),
                {"fields": (("deadlines", "deadlines_until"), "payments")},
            ),
            (
                _("For the authority, never public"),
                {"fields": ("reason", "justification", "ticket")},
            ),
        ]
        if writes and obj is not None and obj.state == State.APPROVED:
            sections.append(
                (_("What changed, for everybody"), {"fields": ("seen", ("note_ar", "note_en"))})
            )
        return sections

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        if formfield is not None and isinstance(db_field, models.TextField):
            formfield.widget.attrs["rows"] = 3
        return formfield

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        data = super().get_changeform_initial_data(request)
        data.setdefault("effect", Effect.STOPPED)
        return {**data, **{offer.name: offer.text for offer in text_offers(data)}}

    # --- Looking, and writing -----------------------------------------------------------

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """The form. A press on "Check" or on a slot shows it again as it is, with the panel."""
        if request.method == "POST":
            data = followed(request.POST)
            if "_line" in data:
                data["services-TOTAL_FORMS"] = str(_lines_in(data) + 1)
            request.POST = data  # type: ignore[assignment]
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refused:
            # Nothing was written. The same form once more, now with what is wrong beside it.
            request._refused = refused.problems  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def _create_formsets(self, request: HttpRequest, obj: Any, change: bool) -> Any:
        formsets, inlines = super()._create_formsets(request, obj, change)  # type: ignore[misc]
        if _is_look(request):
            for formset in formsets:
                formset.only_look_at()
        return formsets, inlines

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing yet: a window and its services are written together."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Hand everything to the operation, which writes it, or refuses all of it."""
        said: dict[str, Any] = {
            "actor": request.user,
            "now": timezone.now(),
            "address": address_of(request),
        }
        (services,) = formsets
        if isinstance(form, AnnouncedWindowForm):
            operations.change(
                window_id=form.instance.pk,
                fields=form.changes(),
                services=services.chosen() if services.has_changed() else None,
                note=form.note(),
                seen=seen_at(form.cleaned_data.get("seen", "")),
                **said,
            )
            return
        saved = operations.save(window=form.instance, services=services.chosen(), **said)
        form.instance.pk = saved.pk
        if rule := form.rule():
            operations.make_series(window_id=saved.pk, rule=rule, **said)

    def construct_change_message(
        self, request: Any, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        # The operations keep the record.
        return []

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        return None

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        return None

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._saved(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return self._saved(request, obj)

    def _saved(self, request: HttpRequest, window: Window) -> HttpResponse:
        window.refresh_from_db()
        if "_submit" in request.POST:
            address = reverse("admin:maintenance_window_act", args=(window.pk, "submit"))
            return HttpResponseRedirect(address)
        if window.state == State.APPROVED:
            said = gettext("The change is public.")
        elif window.series is not None:
            count = window.series.windows.count()
            said = ngettext(
                "It is saved as %(count)s draft.", "It is saved as %(count)s drafts.", count
            ) % {"count": count}
        else:
            said = gettext("The draft is saved. Nobody is asked to approve it yet.")
        self.message_user(request, said, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:maintenance_window_change", args=(window.pk,)))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        window, form = context["original"], context["adminform"].form
        now = timezone.now()
        if form.is_bound:
            formset = context["inline_admin_formsets"][0].formset
            weighed = weigh(asked_in(form, formset), now)
        else:
            weighed = weigh_window(window, now) if window is not None else Weighed()
        stored = weighed if window is None or not form.is_bound else weigh_window(window, now)
        context |= {
            "weighed": weighed,
            "is_form": window is None or self.has_change_permission(request, window),
            "zone": zone_name(),
            "agency": form.instance.agency if form.instance.agency_id else None,
        }
        if window is None:
            context["title"] = gettext("Ask for planned work")
            context["policy_address"] = self._policy_address(request)
            return super().render_change_form(request, context, *args, **kwargs)
        context |= {
            "title": capfirst(self.opts.verbose_name),
            "policy_address": reverse("admin:maintenance_window_policy_of", args=(window.pk,)),
            "when": span(window.starts_at, window.ends_at),
            "stage": stage_of(window, now),
            "acts": [
                (ACTS[name].title, reverse("admin:maintenance_window_act", args=(window.pk, name)))
                for name in offered(window, actor=request.user, now=now, approver=stored.approver)
            ],
            # The page of texts to post is the console's.
            "may_post": window.approved_at is not None
            and may(request.user, Act.RUN_INCIDENTS, window.agency_id),
            "steps": steps_of(window),
            "returned": why_returned(window),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def _policy_address(self, request: HttpRequest) -> str:
        agency = self._agency(request)
        query = f"?agency={agency.pk}" if agency is not None else ""
        return reverse("admin:maintenance_window_policy") + query


def _is_look(request: HttpRequest) -> bool:
    """Whether the form is only sent to be looked at."""
    return request.method == "POST" and any(
        name in request.POST for name in ("_check", "_slot", "_line")
    )


def _lines_in(data: Any) -> int:
    try:
        # Bounded, because Django would build as many lines as somebody writes here.
        return min(int(data.get("services-TOTAL_FORMS", "0")), 200)
    except ValueError:
        return 0
