"""Tokens of agencies' systems in the admin: made and shown once, looked at, revoked."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts import tokens
from accounts.access import Act, agencies, may
from accounts.models import Agency, ApiToken, User
from accounts.scoping import ScopedAdmin
from accounts.token_models import Scope
from accounts.token_operations import issue, revoke
from accounts.tokens import Standing
from core.admin import ACTS, address_of, instant

ACTS["make token"] = pgettext_lazy("what somebody did", "Made a token")
ACTS["revoke token"] = pgettext_lazy("what somebody did", "Revoked a token")

STANDING: dict[Standing, Promise] = {
    Standing.VALID: pgettext_lazy("how a token stands", "Valid"),
    Standing.EXPIRED: pgettext_lazy("how a token stands", "Expired"),
    Standing.REVOKED: pgettext_lazy("how a token stands", "Revoked"),
}
NOTHING = "–"
_PROPOSED = timedelta(days=90)
_SOON = timedelta(days=30)
# The last day counts to its end, so a day less than the longest life.
_LONGEST = tokens.LONGEST_LIFE - timedelta(days=1)


def _why() -> forms.CharField:
    return forms.CharField(
        label=_("Why"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
        help_text=_("Optional. Kept in the record of changes for ever."),
    )


class NewTokenForm(forms.Form):
    """What has to be known of a token before it is made."""

    agency = forms.ModelChoiceField(label=_("agency"), queryset=Agency.objects.none())
    name = forms.CharField(
        label=_("name"),
        max_length=120,
        widget=forms.TextInput(attrs={"dir": "auto"}),
        help_text=_("The system that will use it, for people."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("allowed to"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    last_day = forms.DateField(
        label=_("last day"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "dir": "ltr"}),
        help_text=_("It works to the end of this day, at most for a year."),
    )
    why = _why()

    def expires_at(self) -> datetime:
        """The end of the chosen day, in the deployment's zone; of a valid form only."""
        day = self.cleaned_data["last_day"] + timedelta(days=1)
        return datetime.combine(day, time(), ZoneInfo(settings.TIME_ZONE))


class RevokeForm(forms.Form):
    """Why a token is revoked."""

    why = _why()


class StandingFilter(admin.SimpleListFilter):
    """Those that open a door, and those that do no longer."""

    title = _("how it stands")
    parameter_name = "stands"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        found: list[tuple[str, Any]] = [(one.value, STANDING[one]) for one in Standing]
        # A heartbeat whose token ran out becomes an outage that is none.
        return [*found, ("soon", _("Expires within 30 days"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet) -> models.QuerySet:
        now = timezone.now()
        match self.value():
            case Standing.VALID:
                return queryset.filter(revoked_at=None, expires_at__gt=now)
            case "soon":
                ahead = (now, now + _SOON)
                return queryset.filter(revoked_at=None, expires_at__range=ahead)
            case Standing.EXPIRED:
                return queryset.filter(revoked_at=None, expires_at__lte=now)
            case Standing.REVOKED:
                return queryset.filter(revoked_at__isnull=False)
        return queryset


@admin.register(ApiToken)
class ApiTokenAdmin(ScopedAdmin):
    """Which systems may call, for what, until when. Nothing of a token is changed afterwards."""

    agency_path = "agency"
    view_act = Act.VIEW_TOKENS
    edit_act = Act.MANAGE_TOKENS
    actions = None
    change_form_template = "admin/accounts/apitoken/change_form.html"
    list_display = ("shown", "name", "agency", "allowed", "stands", "expires", "used")
    list_filter = (StandingFilter, ("agency", admin.RelatedOnlyFieldListFilter))
    list_select_related = ("agency", "created_by", "revoked_by")
    search_fields = ("public_id", "name", "agency__code")
    ordering = ("-created_at", "-pk")
    fields = (
        "shown",
        "name",
        "agency",
        "allowed",
        "stands",
        "made",
        "maker",
        "expires",
        "used",
        "revoked",
        "revoker",
    )
    readonly_fields = fields

    # --- Who may what -------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # It stands in the record; revoked, it does no more harm.
        return False

    # --- What is shown ------------------------------------------------------------------------

    @admin.display(description=_("token"), ordering="public_id")
    def shown(self, token: ApiToken) -> str:
        return str(token)

    @admin.display(description=_("allowed to"))
    def allowed(self, token: ApiToken) -> str:
        return " · ".join(str(Scope(scope).label) for scope in token.scopes)

    @admin.display(description=_("how it stands"))
    def stands(self, token: ApiToken) -> Promise:
        return STANDING[_standing(token)]

    @admin.display(description=_("made at"), ordering="created_at")
    def made(self, token: ApiToken) -> str:
        return instant(token.created_at)

    # Names and no links: few of those who read this may read of people.
    @admin.display(description=_("made by"))
    def maker(self, token: ApiToken) -> str:
        return str(token.created_by)

    @admin.display(description=_("revoked by"))
    def revoker(self, token: ApiToken) -> str:
        return str(token.revoked_by or NOTHING)

    @admin.display(description=_("expires at"), ordering="expires_at")
    def expires(self, token: ApiToken) -> str:
        return instant(token.expires_at)

    @admin.display(description=_("last used at"), ordering="last_used_at")
    def used(self, token: ApiToken) -> str:
        return instant(token.last_used_at)

    @admin.display(description=_("revoked at"))
    def revoked(self, token: ApiToken) -> str:
        return instant(token.revoked_at)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        token = context.get("original")
        if isinstance(token, ApiToken):
            context["may_revoke"] = token.revoked_at is None and may(
                request.user, Act.MANAGE_TOKENS, token.agency_id
            )
        return super().render_change_form(request, context, *args, **kwargs)

    # --- Acts ---------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("<path:pk>/revoke/", wrap(self.revoke_view), name="accounts_apitoken_revoke"),
            *super().get_urls(),
        ]

    @sensitive_variables("text", "context")
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask, then make a token and show it on the answer to the POST, this one time."""
        actor = request.user
        if not self.has_add_permission(request) or not isinstance(actor, User):
            raise PermissionDenied
        now = timezone.now()
        form = self._form(request, now)
        if form.is_valid():
            said = form.cleaned_data
            try:
                token, text = issue(
                    agency=said["agency"],
                    name=said["name"],
                    scopes=said["scopes"],
                    expires_at=form.expires_at(),
                    actor=actor,
                    now=now,
                    address=address_of(request),
                    reason=said["why"],
                )
            except ValidationError as refused:
                for field, sentences in refused.message_dict.items():
                    form.add_error("last_day" if field == "expires_at" else field, sentences)
            else:
                return self._shown_once(request, token, text)
        context = {"title": gettext("Make a token"), "form": form}
        return self._page(request, "make.html", context)

    def _form(self, request: HttpRequest, now: datetime) -> NewTokenForm:
        today = timezone.localtime(now).date()
        allowed = agencies(request.user, Act.MANAGE_TOKENS)
        rows = Agency.objects.all()
        rows = rows if allowed is None else rows.filter(pk__in=allowed)
        form = NewTokenForm(
            request.POST if request.method == "POST" else None,
            initial={
                "last_day": today + _PROPOSED,
                # Most people work for one agency: there is nothing to choose.
                "agency": rows.first() if allowed is not None and len(allowed) == 1 else None,
            },
        )
        chosen = form.fields["agency"]
        assert isinstance(chosen, forms.ModelChoiceField)
        chosen.queryset = rows
        form.fields["last_day"].widget.attrs |= {
            "min": today.isoformat(),
            "max": (today + _LONGEST).isoformat(),
        }
        return form

    def _shown_once(self, request: HttpRequest, token: ApiToken, text: str) -> HttpResponse:
        context = {"title": gettext("The new token"), "token": token, "text": text}
        response = self._page(request, "token.html", context)
        # Neither a proxy nor the browser's "back" may show it a second time.
        response["Cache-Control"] = "no-store"
        return response

    def revoke_view(self, request: HttpRequest, pk: str) -> HttpResponse:
        """Ask, then shut every door for one token, for ever."""
        token, actor = self.get_object(request, unquote(pk)), request.user
        if not isinstance(token, ApiToken) or not isinstance(actor, User):
            raise Http404
        if not may(actor, Act.MANAGE_TOKENS, token.agency_id):
            raise PermissionDenied
        form = RevokeForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            context = {"title": gettext("Revoke a token"), "token": token, "form": form}
            return self._page(request, "revoke.html", context)
        revoke(
            token_id=token.pk,
            actor=actor,
            now=timezone.now(),
            address=address_of(request),
            reason=form.cleaned_data["why"],
        )
        self.message_user(
            request,
            gettext("The token %(token)s is revoked.") % {"token": f"\u2068{token}\u2069"},
            messages.SUCCESS,
        )
        return HttpResponseRedirect(reverse("admin:accounts_apitoken_change", args=(token.pk,)))

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        return TemplateResponse(
            request,
            f"admin/accounts/apitoken/{name}",
            {**self.admin_site.each_context(request), "opts": self.opts, **context},
        )


def _standing(token: ApiToken) -> Standing:
    return tokens.standing(
        expires_at=token.expires_at, revoked_at=token.revoked_at, now=timezone.now()
    )
