"""Reference targets: what must answer if our own connection works (rule 7)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, may
from accounts.scoping import ScopedAdmin
from services.forms.checks import KIND_NAMES
from services.forms.references import REFERENCE_FORMS
from services.models import ReferenceTarget


@admin.register(ReferenceTarget)
class ReferenceTargetAdmin(ScopedAdmin):
    """For each location and network; asked in the same ways as checks, without secrets."""

    view_act = Act.VIEW_CHECKS
    edit_act = Act.EDIT_REGISTER
    list_display = ("name", "location", "network", "kind", "is_enabled")
    list_filter = ("network", "location", "is_enabled")
    list_select_related = ("location",)
    search_fields = ("name",)

    def may_here(self, request: HttpRequest, act: Act, row: models.Model | None) -> bool:
        # They tell addresses inside the government network: nothing for one agency's people.
        return may(request.user, act)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.GET.get("kind") in REFERENCE_FORMS or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Add a reference target"),
            "opts": self.opts,
            "kinds": [(kind, KIND_NAMES[kind]) for kind in REFERENCE_FORMS],
            "carried": [(name, value) for name, value in request.GET.items() if name != "kind"],
        }
        return TemplateResponse(request, "admin/services/check/choose_kind.html", context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        kind = _kind(request, obj)
        if kind in REFERENCE_FORMS:
            kwargs["form"] = REFERENCE_FORMS[kind]
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        place = (None, {"fields": ("name", ("location", "network"), "is_enabled")})
        kind = _kind(request, obj)
        if kind not in REFERENCE_FORMS or (
            obj is not None and not self.has_change_permission(request, obj)
        ):
            return [place, (_("What is asked"), {"fields": ("kind", "spec")})]
        return [
            place,
            (KIND_NAMES[kind], {"fields": REFERENCE_FORMS[kind].spec_inputs()}),
            (_("Record"), {"fields": ("why",)}),
        ]


def _kind(request: HttpRequest, reference: ReferenceTarget | None) -> str:
    return reference.kind if reference is not None else request.GET.get("kind", "")
