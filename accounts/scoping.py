"""The admin narrowed to what a person may see and touch: accounts.access decides, this applies it.

Every ModelAdmin of the portal is a `ScopedAdmin` or a `ScopedReadOnly`, every inline a
`ScopedInline`. Rows of another agency are absent: from lists, choices, searches, actions, and
their addresses answer 404.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import RelatedFieldWidgetWrapper
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse

from accounts.access import Act, agencies, may
from accounts.models import Agency
from core.admin import ReadOnly, Recorded, TwoLanguages


def within(
    rows: models.QuerySet[Any], path: str | None, allowed: set[int] | None
) -> models.QuerySet[Any]:
    """`rows` that belong to the agencies `allowed`; None allows every agency.

    `path` leads from a row to its agency, e.g. "service__agency"; None: rows of no agency.
    """
    if path is None or allowed is None:
        return rows
    return rows.filter(**{f"{path}__in": allowed})


def agency_at(row: models.Model, path: str) -> Agency:
    """The agency to which `path` leads from `row`."""
    found: Any = row
    for name in path.split("__"):
        # The path "pk" is that of an agency itself.
        found = found if name == "pk" else getattr(found, name)
    if not isinstance(found, Agency):
        raise TypeError(f"{path} does not lead from {row._meta.label} to an agency.")
    return found


class _Scoped(TwoLanguages):
    """What pages and inlines share: the choices of a relation are the person's own."""

    agency_path: str | None = None
    edit_act: Act = Act.EDIT_CATALOGUE

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:
        other = self.admin_site._registry.get(db_field.remote_field.model)
        if "queryset" not in kwargs and isinstance(other, _ScopedPage):
            # Of what the person sees of it, that for which they may write here.
            kwargs["queryset"] = within(
                other.get_queryset(request),
                other.agency_path,
                agencies(request.user, self.edit_act),
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        if formfield is not None and isinstance(formfield.widget, RelatedFieldWidgetWrapper):
            # What a row refers to is changed and deleted on its own page, with its own history.
            formfield.widget.can_change_related = False
            formfield.widget.can_delete_related = False
        return formfield


class _ScopedPage(_Scoped, admin.ModelAdmin):
    """Who may open a page, and which rows it lists."""

    view_act: Act = Act.VIEW_CATALOGUE

    def may_here(self, request: HttpRequest, act: Act, row: models.Model | None) -> bool:
        """Whether the person may do `act` to `row`; without a row, to any row at all."""
        if row is None or self.agency_path is None:
            return agencies(request.user, act) != set()
        return may(request.user, act, agency_at(row, self.agency_path))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return within(
            super().get_queryset(request),
            self.agency_path,
            agencies(request.user, self.view_act),
        )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.may_here(request, self.view_act, None)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_here(request, self.view_act, obj)

    # Django asks who may write before it looks for the row. Where one may not, a row of another
    # agency would then be refused, and not be absent.

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except PermissionDenied:
            self._refuse(request, object_id)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except PermissionDenied:
            self._refuse(request, object_id)

    def _refuse(self, request: HttpRequest, object_id: str | None) -> NoReturn:
        if object_id is None or self.get_object(request, unquote(object_id)) is not None:
            raise PermissionDenied
        self._get_obj_does_not_exist_redirect(request, self.opts, object_id)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> NoReturn:
        if not self.has_view_permission(request):
            # Rows of a kind that one never sees: the same answer for every address.
            raise PermissionDenied
        # Whether a row exists that one may not see is not told either.
        raise Http404


class ScopedAdmin(_ScopedPage, Recorded):
    """Rows that people write, each within the agencies for which they may."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_here(request, self.edit_act, None)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_here(request, self.edit_act, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_here(request, self.edit_act, obj)

    def agency_code_of(self, row: models.Model) -> str:
        if self.agency_path is None or not isinstance(row, self.model):
            return ""
        return agency_at(row, self.agency_path).code


class ScopedReadOnly(_ScopedPage, ReadOnly):
    """Rows that people only read."""


class ScopedInline(_Scoped, admin.StackedInline):
    """Rows on the page of the row that they belong to; they share its agency.

    Stacked: two languages side by side leave no room for a table.
    """

    # From the parent to its agency; None: the parent belongs to no agency.
    parent_path: str | None = None

    def _may_edit(self, request: HttpRequest, parent: models.Model | None) -> bool:
        if parent is None or self.parent_path is None:
            return agencies(request.user, self.edit_act) != set()
        return may(request.user, self.edit_act, agency_at(parent, self.parent_path))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Whoever sees the parent sees these.
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_edit(request, obj)
