"""Categories, services with their channels and dependencies, channels, locations."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, agencies
from accounts.scoping import ScopedAdmin, ScopedInline
from services.admin.exchange import CatalogueFiles
from services.catalogue import open_location
from services.forms.catalogue import EdgeFormSet, ServiceForm
from services.models import Category, Channel, Edge, Location, Service, StatusChange

# The same in both languages, on purpose: it says that both stand here.
_BOTH = "العربية / English"


@admin.register(Category)
class CategoryAdmin(ScopedAdmin):
    """What all agencies share: only an administrator writes."""

    edit_act = Act.EDIT_REGISTER
    list_display = ("__str__", "slug", "position")
    search_fields = ("name_ar", "name_en", "slug")
    prepopulated_fields = {"slug": ("name_en",)}
    fieldsets = (
        (_BOTH, {"fields": (("name_ar", "name_en"),)}),
        (None, {"fields": ("slug", "position")}),
    )

    def why_it_stays(self, row: models.Model) -> str | None:
        if not Service.objects.filter(category=row.pk).exists():
            return None
        return gettext("“%(name)s” still has services. Move them to another category first.") % {
            "name": row
        }


@admin.register(Location)
class LocationAdmin(ScopedAdmin):
    """A vantage point; a new or newly enabled one gets the states of all checks."""

    edit_act = Act.EDIT_REGISTER
    list_display = ("code", "name_ar", "name_en", "is_enabled")
    fieldsets = (
        (None, {"fields": ("code", "is_enabled")}),
        (_BOTH, {"fields": (("name_ar", "name_en"),)}),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        open_location(location=obj)

    def why_it_stays(self, row: models.Model) -> str | None:
        if not StatusChange.objects.filter(location=row.pk).exists():
            return None
        return gettext("“%(name)s” has a history, which is kept for ever. Disable it instead.") % {
            "name": row
        }


class ChannelInline(ScopedInline):
    """Channels of a service. Removing one happens on its own page, where its checks stand."""

    model = Channel
    parent_path = "agency"
    extra = 0
    can_delete = False
    show_change_link = True
    fields = (("kind", "position"), ("url", "phone"), ("hours_ar", "hours_en"))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Channel]:
        # Each line is headed by the name of its row, which is that of its service.
        return super().get_queryset(request).select_related("service")


class EdgeInline(ScopedInline):
    """What the service depends on."""

    model = Edge
    fk_name = "dependant"
    parent_path = "agency"
    formset = EdgeFormSet
    extra = 0
    fields = (("upstream", "kind"), "channel", ("alternative_ar", "alternative_en"))
    verbose_name = _("dependency")
    verbose_name_plural = _("What it depends on")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Edge]:
        return super().get_queryset(request).select_related("upstream", "dependant", "channel")

    def formfield_for_foreignkey(
        self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any
    ) -> forms.ModelChoiceField | None:
        if db_field.name == "upstream":
            # The one choice that crosses agencies: shared services are there to be depended on.
            allowed = agencies(request.user, self.edit_act)
            rows = Service.objects.all()
            if allowed is not None:
                rows = rows.filter(Q(is_shared=True) | Q(agency__in=allowed))
            kwargs["queryset"] = rows
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Service)
class ServiceAdmin(CatalogueFiles, ScopedAdmin):
    """A service in both languages, with its channels and what it depends on."""

    agency_path = "agency"
    form = ServiceForm
    inlines = (ChannelInline, EdgeInline)
    list_display = ("__str__", "slug", "agency", "tier", "is_shared", "visibility")
    list_select_related = ("agency",)
    list_filter = (
        ("agency", admin.RelatedOnlyFieldListFilter),
        ("category", admin.RelatedOnlyFieldListFilter),
        "tier",
        "is_shared",
        "visibility",
        "is_beta",
    )
    search_fields = ("name_ar", "name_en", "slug", "aliases_ar", "aliases_en")
    prepopulated_fields = {"slug": ("name_en",)}
    fieldsets = (
        (
            _BOTH,
            {
                "fields": (
                    ("name_ar", "name_en"),
                    ("description_ar", "description_en"),
                    ("aliases_ar", "aliases_en"),
                    ("hours_ar", "hours_en"),
                    ("meanwhile_ar", "meanwhile_en"),
                ),
            },
        ),
        (None, {"fields": ("agency", "category", "slug", "phone", "audience")}),
        (
            _("How it counts and who sees it"),
            {"fields": ("tier", "is_shared", "visibility", "is_beta", "position")},
        ),
        (_("What it is now"), {"fields": ("status_now",)}),
    )
    readonly_fields = ("status_now",)

    @admin.display(description=_("Status"))
    def status_now(self, service: Service) -> SafeString | str:
        if service._state.adding:
            return gettext("Not known before it is saved.")
        return format_html(
            '<a href="{}">{}</a>',
            reverse("ops:why", args=(service.slug_stored,)),  # type: ignore[attr-defined]
            gettext("Why it is so"),
        )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Service | None:
        service = super().get_object(request, object_id, from_field)
        if service is not None:
            # A form that is shown again holds what was typed, which leads nowhere.
            service.slug_stored = service.slug
        return service

    def formfield_for_dbfield(
        self, db_field: models.Field, request: HttpRequest, **kwargs: Any
    ) -> forms.Field | None:
        formfield = super().formfield_for_dbfield(db_field, request, **kwargs)
        if formfield is not None and isinstance(db_field, models.TextField):
            formfield.widget.attrs["rows"] = 4
        return formfield

    def why_it_stays(self, row: models.Model) -> str | None:
        dependants = Edge.objects.filter(upstream=row.pk).count()
        if dependants:
            return ngettext(
                "%(count)s service depends on “%(name)s”. Remove this dependency first.",
                "%(count)s services depend on “%(name)s”. Remove these dependencies first.",
                dependants,
            ) % {"count": dependants, "name": row}
        if StatusChange.objects.filter(service=row.pk).exists():
            return gettext(
                "“%(name)s” has a history, which is kept for ever. Set its visibility to “Hidden” "
                "and disable its checks instead."
            ) % {"name": row}
        return None


@admin.register(Channel)
class ChannelAdmin(ScopedAdmin):
    """One way to reach a service, and the way to its checks."""

    agency_path = "service__agency"
    autocomplete_fields = ("service",)
    list_display = ("__str__", "kind", "url", "phone")
    list_filter = ("kind", ("service__agency", admin.RelatedOnlyFieldListFilter))
    search_fields = ("service__name_ar", "service__name_en", "service__slug")
    readonly_fields = ("checks_of_it",)
    fieldsets = (
        (None, {"fields": ("service", "kind", "url", "phone", "position", "checks_of_it")}),
        (_BOTH, {"fields": (("hours_ar", "hours_en"),)}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Channel]:
        # Also for choices that are searched: the name of a channel is that of its service.
        return super().get_queryset(request).select_related("service__agency")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if agencies(request.user, Act.VIEW_CHECKS) != set():
            return fieldsets
        # Links to pages that would not open.
        (title, shown), *others = fieldsets
        return [
            (title, {"fields": [name for name in shown["fields"] if name != "checks_of_it"]}),
            *others,
        ]

    @admin.display(description=_("Checks"))
    def checks_of_it(self, channel: Channel) -> SafeString | str:
        if channel._state.adding:
            return gettext("Save the channel first; then add its checks.")
        links = [
            (reverse("admin:services_check_change", args=(check.pk,)), check.name or check.kind)
            for check in channel.checks.all()
        ]
        add = f"{reverse('admin:services_check_add')}?channel={channel.pk}"
        return format_html(
            '<ul class="plain-list">{}<li><a href="{}">{}</a></li></ul>',
            format_html_join("", '<li><a href="{}">{}</a></li>', links),
            add,
            gettext("Add a check"),
        )

    def why_it_stays(self, row: models.Model) -> str | None:
        if not StatusChange.objects.filter(channel=row.pk).exists():
            return None
        return gettext(
            "“%(name)s” has a history, which is kept for ever. Disable its checks instead."
        ) % {"name": row}
