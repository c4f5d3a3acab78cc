"""Agencies and people in the admin."""

from __future__ import annotations

from typing import Any

# Imported for what they register, which is taken back below.
import allauth.account.admin
import allauth.mfa.admin
import allauth.socialaccount.admin
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.db import models
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts import mails, operations
from accounts.access import Act
from accounts.models import Agency, Membership, User
from accounts.scoping import ScopedAdmin, ScopedInline
from core.admin import ACTS, RecordedForm, address_of

# In the language of whoever looks: `str` of it follows the active one.
admin.site.site_header = settings.PORTAL_NAME  # type: ignore[assignment]
admin.site.site_title = settings.PORTAL_NAME  # type: ignore[assignment]
admin.site.index_title = _("Catalogue and people")
# What anybody may do is decided by roles, in accounts.access; groups would decide nothing.
admin.site.unregister(Group)
# Factors, addresses and accounts at providers are changed by their owners alone, on our pages;
# these pages would show secrets, and know neither roles nor the record.
for _theirs in (allauth.account.admin, allauth.mfa.admin, allauth.socialaccount.admin):
    for _model in [
        model
        for model, page in admin.site._registry.items()
        if type(page).__module__ == _theirs.__name__
    ]:
        admin.site.unregister(_model)

ACTS |= {
    "sign_in": pgettext_lazy("what somebody did", "Signed in"),
    "sign_in_refused": pgettext_lazy("what somebody did", "Was refused at the sign-in"),
    "sign_out": pgettext_lazy("what somebody did", "Signed out"),
    "break_glass": pgettext_lazy("what somebody did", "Signed in past single sign-on"),
    "factor_add": pgettext_lazy("what somebody did", "Added a second factor"),
    "factor_remove": pgettext_lazy("what somebody did", "Removed a second factor"),
    "password_change": pgettext_lazy("what somebody did", "Changed the password"),
    "invite": pgettext_lazy("what somebody did", "Invited"),
    "accept_invitation": pgettext_lazy("what somebody did", "Accepted an invitation"),
    "deactivate": pgettext_lazy("what somebody did", "Shut out"),
}


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
    """A person. Nobody sets another's password: people are invited to choose their own."""

    # Django's way to leave a field out.
    password = None  # type: ignore[assignment]


class NewPersonForm(RecordedForm):
    """A new person, who will choose what they sign in with by their invitation."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name", "email")


class MembershipInline(ScopedInline):
    """What the person is, and for which agency."""

    model = Membership
    template = "admin/edit_inline/tabular.html"
    edit_act = Act.EDIT_PEOPLE
    extra = 0
    # What single sign-on gave it takes back too: to be seen, not to be set.
    readonly_fields = ("from_sso",)


@admin.register(User)
class PersonAdmin(ScopedAdmin, UserAdmin):
    """People who work with the portal; their roles are memberships."""

    view_act = Act.VIEW_PEOPLE
    edit_act = Act.EDIT_PEOPLE
    form = PersonForm
    add_form = NewPersonForm
    # Django's own speaks of a password.
    add_form_template = None
    inlines = (MembershipInline,)
    list_display = ("username", "first_name", "last_name", "roles", "has_factor", "is_active")
    list_filter = ("is_active", "memberships__role", "may_break_glass")
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined", "factor_since")
    actions = ("invite", "deactivate")
    fieldsets = (
        (None, {"fields": ("username",)}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email")}),
        # No is_superuser: the first person is made on the command line, the others get roles.
        (_("Access"), {"fields": ("is_active", "is_staff", "may_break_glass")}),
        (_("Dates"), {"fields": ("last_login", "date_joined", "factor_since")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": ("username", ("first_name", "last_name"), "email"),
                "description": _("They are invited to choose how they sign in."),
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[User]:
        return super().get_queryset(request).prefetch_related("memberships__agency")

    def get_urls(self) -> list[URLPattern]:
        # Past UserAdmin, which adds a page for setting somebody else's password.
        urls: list[URLPattern] = super(UserAdmin, self).get_urls()
        return urls

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        # Django leaves the inlines out of the first page; a person without a role can do nothing.
        return self.inlines

    @admin.display(description=_("roles"))
    def roles(self, person: User) -> str:
        return " · ".join(
            str(held.get_role_display()) + (f" ({held.agency.code})" if held.agency else "")
            for held in person.memberships.all()
        )

    @admin.display(boolean=True, description=_("second factor"))
    def has_factor(self, person: User) -> bool:
        return person.factor_since is not None

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            # Citizens have no account: whoever is added here works with the portal.
            obj.is_staff = True
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if change and {"is_active", "is_staff", "may_break_glass"} & set(form.changed_data):
            operations.shut_out(person=obj, now=timezone.now())

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            self._invite(request, form.instance)

    @admin.action(description=_("Invite: send a link to begin anew"), permissions=["change"])
    def invite(self, request: HttpRequest, people: models.QuerySet[User]) -> None:
        """Each gets a new link; their password and factors hold until they accept it."""
        for person in people:
            self._invite(request, person)

    def _invite(self, request: HttpRequest, person: User) -> None:
        now = timezone.now()
        try:
            token = operations.invite(
                person=person, actor=request.user, now=now, address=address_of(request)
            )
        except operations.InvitationOver:
            text = gettext("%(name)s is inactive and was not invited.")
            self.message_user(request, text % {"name": person}, messages.WARNING)
            return
        link = settings.PUBLIC_URL + reverse("invitation_link", args=(token,))
        if settings.EMAIL_HOST and person.email:
            mails.queue_invitation(person.invitations.get(ended_at=None), link)
            text = gettext("An invitation is on its way to %(name)s, at %(email)s.")
            self.message_user(request, text % {"name": person, "email": person.email})
            return
        # Without mail somebody has to carry it, and it is nowhere kept.
        text = gettext(
            "Give this link to %(name)s yourself. It is shown only now, works once, and for three"
            " days: %(link)s"
        )
        self.message_user(request, text % {"name": person, "link": link}, messages.WARNING)

    @admin.action(
        description=_("Shut out: end their sessions, keep their history"), permissions=["change"]
    )
    def deactivate(self, request: HttpRequest, people: models.QuerySet[User]) -> None:
        """Those who have left."""
        for person in people:
            try:
                operations.deactivate(
                    person=person,
                    actor=request.user,
                    now=timezone.now(),
                    address=address_of(request),
                )
            except operations.CannotDeactivate:
                self.message_user(
                    request, gettext("You cannot shut yourself out."), messages.WARNING
                )

    def why_it_stays(self, row: models.Model) -> str | None:
        return gettext(
            "People are not deleted, for what they did stays in the record. Set “%(name)s”"
            " inactive instead."
        ) % {"name": row}
