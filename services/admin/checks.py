"""Checks: the kind is chosen first, then its own form is filled in."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters

from accounts.access import Act
from core.admin import HIDDEN, Values, instant
from services.admin.tokens import HeartbeatTokens
from services.admin.trying import TryNow
from services.catalogue import schedule_check, set_enabled
from services.forms.checks import FORMS, KIND_NAMES, form_for, secret_names_of
from services.models import Check, StatusChange

# Those that move the schedule when they change.
_SCHEDULE = frozenset({"is_enabled", "interval_seconds"})


@admin.register(Check)
class CheckAdmin(TryNow, HeartbeatTokens):
    """What is asked of a channel. Secrets are written here and never read."""

    agency_path = "channel__service__agency"
    view_act = Act.VIEW_CHECKS
    edit_act = Act.EDIT_CHECKS
    autocomplete_fields = ("channel",)
    list_display = ("__str__", "kind", "is_essential", "is_enabled", "network", "next_due")
    list_filter = (
        "kind",
        "is_enabled",
        "is_essential",
        "network",
        ("channel__service__agency", admin.RelatedOnlyFieldListFilter),
    )
    search_fields = (
        "name",
        "channel__service__name_ar",
        "channel__service__name_en",
        "channel__service__slug",
    )
    actions = ("enable", "disable")

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Check]:
        return super().get_queryset(request).select_related("channel__service__agency")

    @admin.display(description=_("next due at"), ordering="next_due_at")
    def next_due(self, check: Check) -> str:
        return instant(check.next_due_at)

    # --- One form a kind ----------------------------------------------------------------

    @method_decorator(sensitive_post_parameters())
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        return super().changeform_view(request, object_id, form_url, extra_context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        if request.GET.get("kind") in FORMS or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Add a check"),
            "opts": self.opts,
            "kinds": KIND_NAMES.items(),
            # Whatever the page was opened with goes on to the form, e.g. the channel.
            "carried": [(name, value) for name, value in request.GET.items() if name != "kind"],
        }
        return TemplateResponse(request, "admin/services/check/choose_kind.html", context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm]:
        kind = obj.kind if obj is not None else request.GET.get("kind", "")
        if kind in FORMS:
            kwargs["form"] = form_for(kind, obj)
        return super().get_form(request, obj, change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Check | None = None) -> Any:
        kind = obj.kind if obj is not None else request.GET.get("kind", "")
        if kind not in FORMS or (obj is not None and not self.has_change_permission(request, obj)):
            return self._shown_only()
        form = form_for(kind, obj)
        sections: list[Any] = [
            (None, {"fields": ("channel", "name", ("is_essential", "is_enabled"))}),
            (KIND_NAMES[kind], {"fields": form.spec_inputs()}),
        ]
        if form.secret_fields:
            sections.append((_("Secret headers"), self._secrets_section(form.secret_fields, obj)))
        sections += [
            (
                _("When and from where"),
                {"fields": (("interval_seconds", "timeout_seconds"), "slow_after_ms", "network")},
            ),
            (_("Record"), {"fields": ("why",)}),
        ]
        return sections

    def _secrets_section(self, rows: Any, check: Check | None) -> dict[str, Any]:
        about = _(
            "They are stored encrypted and sent with each request. Nobody can read them here."
        )
        if secret_names_of(check) is None:
            about = _(
                "The keys of this portal do not open the stored secrets. Write them again: what "
                "you write replaces them all."
            )
        return {"fields": rows, "description": about}

    def _shown_only(self) -> Any:
        return [
            (None, {"fields": ("channel", "name", "kind", "is_essential", "is_enabled")}),
            (_("What is asked"), {"fields": ("spec_shown", "secrets_shown")}),
            (
                _("When and from where"),
                {"fields": ("interval_seconds", "timeout_seconds", "slow_after_ms", "network")},
            ),
        ]

    @admin.display(description=_("what is asked"))
    def spec_shown(self, check: Check) -> SafeString:
        text = json.dumps(check.spec, ensure_ascii=False, indent=2, sort_keys=True)
        return format_html('<pre dir="ltr">{}</pre>', text)

    @admin.display(description=_("Secret headers"))
    def secrets_shown(self, check: Check) -> str:
        return ", ".join(f"{name} {HIDDEN}" for name in secret_names_of(check) or ())

    # --- Writing ------------------------------------------------------------------------

    def recorded_values(self, row: models.Model) -> Values:
        if not isinstance(row, Check):
            raise TypeError("Only checks are recorded here.")
        names = secret_names_of(row)
        return {
            **super().recorded_values(row),
            "secret_headers": "?" if names is None else ", ".join(names),
        }

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change or _SCHEDULE & set(form.changed_data):
            schedule_check(check=obj, now=timezone.now())

    @admin.action(description=_("Enable the selected checks"), permissions=["change"])
    def enable(self, request: HttpRequest, queryset: models.QuerySet[Check]) -> None:
        self._set_enabled(request, queryset, True)

    @admin.action(description=_("Disable the selected checks"), permissions=["change"])
    def disable(self, request: HttpRequest, queryset: models.QuerySet[Check]) -> None:
        self._set_enabled(request, queryset, False)

    def _set_enabled(
        self, request: HttpRequest, checks: models.QuerySet[Check], enabled: bool
    ) -> None:
        now = timezone.now()
        changed = 0
        for check in checks:
            # A person may see rows of more agencies than they may write.
            if not self.has_change_permission(request, check):
                continue
            before = self.recorded_values(check)
            if set_enabled(check=check, enabled=enabled, now=now):
                self.write(request, "change", check, before, self.recorded_values(check))
                changed += 1
        self.message_user(
            request,
            ngettext("%(count)s check was changed.", "%(count)s checks were changed.", changed)
            % {"count": changed},
            messages.SUCCESS if changed else messages.WARNING,
        )

    def why_it_stays(self, row: models.Model) -> str | None:
        if not StatusChange.objects.filter(check_ref=row.pk).exists():
            return None
        return gettext("“%(name)s” has a history, which is kept for ever. Disable it instead.") % {
            "name": row
        }
