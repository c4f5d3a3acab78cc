"""By what the record is narrowed down: the time, the act, the kind of object, agency, person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import Agency
from core.admin import ACTS
from core.audit import kinds_recorded


def model_of(kind: str) -> type[models.Model] | None:
    """The model of a kind of object, such as "services.check"."""
    try:
        return apps.get_model(kind)
    except (LookupError, ValueError):
        # A file of the catalogue, or what a later version does not have any more.
        return None


def kind_shown(kind: str) -> str:
    """What a kind of object is called."""
    model = model_of(kind)
    return str(capfirst(model._meta.verbose_name)) if model is not None else kind


class TypedFilter(admin.ListFilter):
    """A filter in which people type, for what is too much for a list of links."""

    template = "admin/core/auditentry/typed_filter.html"
    # (parameter, label, type of the input)
    inputs: tuple[tuple[str, Promise, str], ...]

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        for name, _label, _kind in self.inputs:
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1].strip()

    def expected_parameters(self) -> list[str | None]:
        return [name for name, _label, _kind in self.inputs]

    def has_output(self) -> bool:
        return True

    def typed(self, name: str) -> str:
        """What somebody typed as `name`; empty for nothing."""
        # PostgreSQL takes no text with a zero character in it.
        return str(self.used_parameters.get(name, "")).replace("\0", "")

    def choices(self, changelist: Any) -> Iterator[Any]:
        """One choice: what can be typed, and what else is asked for at the same time."""
        kept = {**changelist.get_filters_params(), "q": changelist.query}
        yield {
            "inputs": [
                {
                    "name": name,
                    "label": label,
                    "type": kind,
                    "value": self.typed(name),
                }
                for name, label, kind in self.inputs
            ],
            "kept": [
                (name, value[-1] if isinstance(value, list) else value)
                for name, value in kept.items()
                if value and name not in self.expected_parameters()
            ],
        }


class PeriodFilter(TypedFilter):
    """Days of the deployment's zone, both included."""

    title = pgettext_lazy("filter", "time")
    inputs = (
        ("from", pgettext_lazy("first day of a period", "From"), "date"),
        ("to", pgettext_lazy("last day of a period", "To"), "date"),
    )

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        first, last = self._day("from"), self._day("to")
        if first is not None:
            queryset = queryset.filter(at__gte=_midnight(first))
        if last is not None and last < date.max:
            queryset = queryset.filter(at__lt=_midnight(last + timedelta(days=1)))
        return queryset

    def _day(self, name: str) -> date | None:
        try:
            return date.fromisoformat(self.typed(name))
        except ValueError:
            return None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(settings.TIME_ZONE))


class PersonFilter(TypedFilter):
    """Whoever is called so now, or was then."""

    title = _("person")
    inputs = (("person", _("Name or user name"), "search"),)

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        typed = self.typed("person")
        if not typed:
            return queryset
        return queryset.filter(Q(actor_name__icontains=typed) | Q(actor__username__icontains=typed))


class ActFilter(admin.SimpleListFilter):
    """What was done."""

    title = _("act")
    parameter_name = "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return sorted(ACTS.items(), key=lambda act: str(act[1]))

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(act=self.value()) if self.value() else queryset


class KindFilter(admin.SimpleListFilter):
    """What it was done to."""

    title = _("kind of object")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        kinds = [(kind, kind_shown(kind)) for kind in kinds_recorded()]
        return sorted(kinds, key=lambda kind: kind[1])

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(subject_kind=self.value()) if self.value() else queryset


class AgencyFilter(admin.SimpleListFilter):
    """Under which agency it is filed."""

    title = _("agency")
    parameter_name = "agency"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(agency.code, agency) for agency in Agency.objects.all()]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        return queryset.filter(agency_code=self.value()) if self.value() else queryset
