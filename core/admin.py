"""What every page of the admin shares: two languages side by side, and a record of each write.

Nothing is registered here: who may read the record is decided further up (accounts.admin).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_address
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.forms.models import BaseInlineFormSet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from core.audit import AuditEntry, record

HIDDEN = "•••"
# Compared, so that a change of them is recorded, but never written down.
_NEVER_WRITTEN = frozenset({"password", "sealed_secrets"})
_HISTORY_LENGTH = 100

ACTS: dict[str, Promise] = {
    "add": pgettext_lazy("what somebody did", "Added"),
    "change": pgettext_lazy("what somebody did", "Changed"),
    "delete": pgettext_lazy("what somebody did", "Deleted"),
    "import": pgettext_lazy("what somebody did", "Imported"),
    # Written by statusportal.forgetting.
    "forget": pgettext_lazy("what somebody did", "Deleted personal data"),
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """A value that can be compared and not read."""

    value: str = field(repr=False)

    def __str__(self) -> str:
        return HIDDEN


Values = Mapping[str, str | Sealed | None]


def values_of(row: models.Model) -> dict[str, str | Sealed | None]:
    """The editable columns of `row` as texts; secrets as values that cannot be read."""
    found: dict[str, str | Sealed | None] = {}
    for column in row._meta.concrete_fields:
        value = getattr(row, column.name)
        if column.name in _NEVER_WRITTEN:
            found[column.name] = Sealed(str(value))
        elif column.primary_key or not column.editable:
            continue
        elif value is None or isinstance(value, str):
            found[column.name] = value
        elif isinstance(column, models.ForeignKey):
            found[column.name] = str(value)
        elif isinstance(value, (dict, list)):
            found[column.name] = json.dumps(value, ensure_ascii=False, sort_keys=True)
        else:
            found[column.name] = column.value_to_string(row)
    return found


def differences(before: Values, after: Values) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs between two sets of values, each side as texts; both empty when nothing does."""
    changed = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return _written(before, changed), _written(after, changed)


def _written(values: Values, names: Iterable[str]) -> dict[str, str | None]:
    return {name: None if (value := values.get(name)) is None else str(value) for name in names}


def address_of(request: HttpRequest) -> str | None:
    """Where a request came from, as the connection tells, or the proxies that are ours."""
    said = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        passed_on = request.headers.get("X-Forwarded-For", "").split(",")
        # Whoever came past the proxies, from the platform itself, has no such entry.
        if len(passed_on) >= settings.TRUSTED_PROXIES:
            said = passed_on[-settings.TRUSTED_PROXIES].strip() or said
    try:
        return str(ip_address(said))
    except ValueError:
        # A Unix socket has no address.
        return None


def instant(at: datetime | None) -> str:
    """An instant as staff read it: in the deployment's zone, to the second, sortable."""
    if at is None:
        return "–"
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M:%S")


# --- Two languages side by side -------------------------------------------------------------


class TwoLanguages(admin.options.BaseModelAdmin):
    """Gives each input the language and direction of what is typed into it."""

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        if isinstance(db_field, models.URLField):
            kwargs.setdefault("assume_scheme", "https")
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        if formfield is not None:
            formfield.widget.attrs.update(writing_of(db_field))
        return formfield


def writing_of(column: models.Field) -> dict[str, str]:
    """The `lang` and `dir` of an input for `column`; empty where the page's own will do."""
    if column.name.endswith("_ar"):
        return {"lang": "ar", "dir": "rtl"}
    if column.name.endswith("_en"):
        return {"lang": "en", "dir": "ltr"}
    # Addresses and numbers read from left to right in every language.
    if isinstance(column, (models.URLField, models.SlugField, models.EmailField)) or (
        column.name in {"phone", "code"}
    ):
        return {"dir": "ltr"}
    return {}


# --- A record of each write -----------------------------------------------------------------


class RecordedForm(forms.ModelForm):
    """A form whose reader may say why; the reason goes into the record."""

    why = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Optional. Kept in the record of changes for ever."),
    )


@dataclass
class _Trail:
    """What a request must remember between saving a row and recording it."""

    before: dict[tuple[type[models.Model], Any], Values] = field(default_factory=dict)
    why: str = ""


def _trail(request: HttpRequest) -> _Trail:
    trail: _Trail | None = getattr(request, "_audit_trail", None)
    if trail is None:
        trail = _Trail()
        request._audit_trail = trail  # type: ignore[attr-defined]
    return trail


class Recorded(admin.ModelAdmin):
    """Writes an audit entry for each row a person adds, changes or deletes, in one transaction.

    Django's own log of admin actions stays empty: it can be edited, and forgets the values.
    """

    form = RecordedForm
    delete_confirmation_template = "admin/delete_refused.html"
    delete_selected_confirmation_template = "admin/delete_selected_refused.html"

    def agency_code_of(self, row: models.Model) -> str:
        """The agency under which an act on `row` is filed; empty for none."""
        return ""

    def recorded_values(self, row: models.Model) -> Values:
        """What the record compares; to be extended where a row hides part of what it is."""
        return values_of(row)

    def why_it_stays(self, row: models.Model) -> str | None:
        """A sentence that says why `row` is not deleted and what to do instead, or None."""
        return None

    def remember(self, request: HttpRequest, row: models.Model) -> None:
        """Keep what the database says of `row` now, before it is saved."""
        stored = type(row)._base_manager.filter(pk=row.pk).first()
        if stored is not None:
            _trail(request).before[type(row), row.pk] = self.recorded_values(stored)

    def save_model(self, request: HttpRequest, obj: models.Model, form: Any, change: bool) -> None:
        _trail(request).why = form.cleaned_data.get("why", "")
        if change:
            self.remember(request, obj)
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        return self.write(request, "add", obj, {}, self.recorded_values(obj))

    def log_change(self, request: HttpRequest, obj: models.Model, message: Any) -> Any:
        before = _trail(request).before.get((type(obj), obj.pk), {})
        after = self.recorded_values(obj)
        if before == after:
            return None
        return self.write(request, "change", obj, before, after)

    def log_deletions(self, request: HttpRequest, queryset: Iterable[models.Model]) -> Any:
        return [
            self.write(request, "delete", row, self.recorded_values(row), {}) for row in queryset
        ]

    def save_formset(
        self, request: HttpRequest, form: Any, formset: BaseInlineFormSet, change: bool
    ) -> None:
        if not formset.has_changed():
            super().save_formset(request, form, formset, change)
            return
        # What stands on a page is filed under the agency of the page's own row.
        code = self.agency_code_of(form.instance)
        kept = [inline.instance.pk for inline in formset.initial_forms]
        # Read again: validation has already changed the formset's own rows.
        rows: type[models.Model] = type(formset.empty_form.instance)
        before = {row.pk: values_of(row) for row in rows._base_manager.filter(pk__in=kept)}
        for inline in formset.deleted_forms:
            if inline.instance.pk is not None:
                self.write(request, "delete", inline.instance, before[inline.instance.pk], {}, code)
        super().save_formset(request, form, formset, change)
        for row in formset.new_objects:
            self.write(request, "add", row, {}, values_of(row), code)
        for row, _names in formset.changed_objects:
            self.write(request, "change", row, before[row.pk], values_of(row), code)

    def write(
        self,
        request: HttpRequest,
        act: str,
        row: models.Model,
        before: Values,
        after: Values,
        agency_code: str | None = None,
    ) -> AuditEntry:
        """One entry for what `request` did to `row`; call it in the transaction of the act."""
        was, became = differences(before, after)
        return record(
            now=timezone.now(),
            actor=request.user,
            act=act,
            subject=row,
            address=address_of(request),
            agency_code=self.agency_code_of(row) if agency_code is None else agency_code,
            before=was if before else None,
            after=became if after else None,
            reason=_trail(request).why,
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = list(super().get_fieldsets(request, obj))
        writes = (
            self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        )
        return [*fieldsets, (_("Record"), {"fields": ("why",)})] if writes else fieldsets

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        # Actions write many rows and their entries: all of them or none.
        try:
            with transaction.atomic():
                return super().changelist_view(request, extra_context)
        except models.ProtectedError:
            return self._still_needed(request, request.get_full_path())

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        try:
            return super().delete_view(request, object_id, extra_context)
        except models.ProtectedError:
            return self._still_needed(request, self._address_of("change", object_id))

    def _address_of(self, page: str, object_id: str) -> str:
        names = f"{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(f"{self.admin_site.name}:{names}", args=(quote(unquote(object_id)),))

    def _still_needed(self, request: HttpRequest, address: str) -> HttpResponseRedirect:
        """Something began to need the row between the question and the answer."""
        self.message_user(
            request,
            gettext("It was not deleted: something else needs it by now."),
            messages.ERROR,
        )
        return HttpResponseRedirect(address)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        rows = list(objs)
        reasons = [reason for row in rows if (reason := self.why_it_stays(row))]
        if reasons:
            # Before Django lists thousands of changes of state one by one.
            return [str(row) for row in rows], {}, set(), reasons
        return super().get_deleted_objects(objs, request)

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        # Whether a row exists that one may not see is not told either.
        raise Http404

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        entries = AuditEntry.objects.filter(
            subject_kind=self.opts.label_lower, subject_id=str(row.pk)
        ).order_by("-at", "-id")[:_HISTORY_LENGTH]
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("What happened to it: %(name)s") % {"name": row},
            "module_name": capfirst(self.opts.verbose_name_plural),
            "entries": [
                {
                    "at": entry.at,
                    "actor": entry.actor_name,
                    "act": ACTS.get(entry.act, entry.act),
                    "lines": lines_of(entry, self.model),
                    "reason": entry.reason,
                }
                for entry in entries
            ],
            "length": _HISTORY_LENGTH,
            "object": row,
            "opts": self.opts,
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/object_history.html", context)


def lines_of(
    entry: AuditEntry, model: type[models.Model] | None
) -> list[tuple[str, str | None, str | None]]:
    """What an entry says has changed: (name of the field, before, after), None for nothing."""
    labels = (
        {column.name: str(column.verbose_name) for column in model._meta.concrete_fields}
        if model
        else {}
    )
    before, after = entry.before or {}, entry.after or {}
    return [
        (capfirst(labels.get(name, name)), before.get(name) or None, after.get(name) or None)
        for name in {**before, **after}
    ]


class ReadOnly(admin.ModelAdmin):
    """Rows that people read and the portal writes."""

    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        raise Http404
