"""Agencies and people in the admin."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Act
from accounts.models import Agency, Membership, User
from accounts.scoping import ScopedAdmin, ScopedInline
from core.admin import RecordedForm
from core.audit import AuditEntry

# In the language of whoever looks: `str` of it follows the active one.
admin.site.site_header = settings.PORTAL_NAME  # type: ignore[assignment]
admin.site.site_title = settings.PORTAL_NAME  # type: ignore[assignment]
admin.site.index_title = _("Catalogue and people")
# What anybody may do is decided by roles, in accounts.access; groups would decide nothing.
admin.site.unregister(Group)


@admin.register(Agency)
class AgencyAdmin(ScopedAdmin):
    """The register of agencies: only an administrator writes."""

    agency_path = "pk"
    edit_act = Act.EDIT_REGISTER
    list_display = ("__str__", "code", "phone", "position")
    search_fields = ("code", "name_ar", "name_en")
    fieldsets = (
        ("العربية / English", {"fields": (("name_ar", "name_en"),)}),
        (None, {"fields": ("code", "phone", "url", "position")}),
    )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # It stands in addresses and in the record.
        return ("code",) if obj is not None else ()

    def why_it_stays(self, row: models.Model) -> str | None:
        if not isinstance(row, Agency):
            return None
        if row.services.exists():
            return gettext("“%(name)s” still has services. Move or delete them first.") % {
                "name": row
            }
        if row.memberships.exists():
            return gettext("People still work for “%(name)s”. End their memberships first.") % {
                "name": row
            }
        return None


class PersonForm(RecordedForm, UserChangeForm):
    """A person; the password is changed on a page of its own."""


class NewPersonForm(RecordedForm, AdminUserCreationForm):
    """A new person, with a password or with single sign-on alone."""

    class Meta:
        model = User
        fields = ("username",)


class MembershipInline(ScopedInline):
    """What the person is, and for which agency."""

    model = Membership
    template = "admin/edit_inline/tabular.html"
    edit_act = Act.EDIT_PEOPLE
    extra = 0


@admin.register(User)
class PersonAdmin(ScopedAdmin, UserAdmin):
    """People who work with the portal; their roles are memberships."""

    view_act = Act.VIEW_PEOPLE
    edit_act = Act.EDIT_PEOPLE
    form = PersonForm
    add_form = NewPersonForm
    inlines = (MembershipInline,)
    list_display = ("username", "first_name", "last_name", "roles", "is_active")
    list_filter = ("is_active", "memberships__role")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email")}),
        # No is_superuser: the first person is made on the command line, the others get roles.
        (_("Access"), {"fields": ("is_active", "is_staff")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__agency")

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        # Django leaves the inlines out of the first page; a person without a role can do nothing.
        return self.inlines

    @admin.display(description=_("roles"))
    def roles(self, person: User) -> str:
        return " · ".join(
            str(held.get_role_display()) + (f" ({held.agency.code})" if held.agency else "")
            for held in person.memberships.all()
        )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            # Citizens have no account: whoever is added here works with the portal.
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        with transaction.atomic():
            person = self.get_object(request, id)
            if person is not None:
                self.remember(request, person)
            return super().user_change_password(request, id, form_url)

    def why_it_stays(self, row: models.Model) -> str | None:
        if not AuditEntry.objects.filter(actor=row.pk).exists():
            return None
        return gettext(
            "“%(name)s” stands in the record, which is kept for ever. Set them inactive instead."
        ) % {"name": row}
