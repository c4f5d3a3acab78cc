"""Import and export of the catalogue, beside the list of services; for who keeps the register."""

from __future__ import annotations

import secrets
import zlib
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.access import Act, may
from core.admin import address_of
from services.exchange.apply import MovedOn, Unsound, import_catalogue, preview
from services.exchange.faults import Fault
from services.exchange.files import CONTENT_TYPES, CatalogueFile, Format, write
from services.exchange.plan import Item, Plan
from services.exchange.present import load
from services.exchange.records import Record

_LARGEST_MB = 20
# Between looking at what will change and agreeing to it.
_KEPT_SECONDS = 3600
# A page of all changes of a nation would be larger than the file.
_MOST_SHOWN = 200

RECORD_NAMES = {
    Record.AGENCY: _("agencies"),
    Record.CATEGORY: _("categories"),
    Record.SERVICE: _("services"),
    Record.CHANNEL: _("channels"),
    Record.CHECK: _("checks"),
    Record.EDGE: _("dependencies"),
}


class UploadForm(forms.Form):
    """The file. Its faults are no errors of this form: they are a page of their own."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or JSON-LD. Nothing changes before you have seen what will change."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.jsonld,.json"}),
    )
    why = forms.CharField(
        label=_("Why"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Optional. Kept in the record of changes for ever."),
    )

    def clean_file(self) -> Any:
        """Refused before it is read into memory."""
        file = self.cleaned_data["file"]
        if file.size > _LARGEST_MB * 1024 * 1024:
            fault = Fault("too_large", params={"most": _LARGEST_MB})
            raise forms.ValidationError(fault.sentence())
        return file


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A file between its preview and the word to import it.

    In the cache, so that any web process finds it; only whoever handed it in does.
    """

    file: CatalogueFile
    why: str

    def keep(self, request: HttpRequest) -> str:
        """Where it is found again."""
        ticket = secrets.token_urlsafe(24)
        packed = (self.file.name, zlib.compress(self.file.content), self.why)
        cache.set(_place(request, ticket), packed, _KEPT_SECONDS)
        return ticket

    @staticmethod
    def find(request: HttpRequest, ticket: str) -> _Waiting | None:
        """None where it is not there any more."""
        found = cache.get(_place(request, ticket))
        if found is None:
            return None
        name, packed, why = found
        return _Waiting(CatalogueFile(name, zlib.decompress(packed)), why)


def _place(request: HttpRequest, ticket: str) -> str:
    return f"catalogue-file:{request.user.pk}:{ticket}"


class CatalogueFiles(admin.ModelAdmin):
    """Adds the pages of import and export to the admin of services."""

    change_list_template = "admin/services/exchange/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view
        return [
            path("import/", guarded(self.import_view), name="services_service_import"),
            path(
                "export/<str:written_as>/",
                guarded(self.export_view),
                name="services_service_export",
            ),
            *super().get_urls(),
        ]

    def may_exchange(self, request: HttpRequest) -> bool:
        """Files hold agencies, and checks with addresses inside the government network."""
        return may(request.user, Act.EDIT_REGISTER) and may(request.user, Act.EDIT_CHECKS)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        extra = {"may_exchange": self.may_exchange(request), **(extra_context or {})}
        return super().changelist_view(request, extra)

    def export_view(self, request: HttpRequest, written_as: str) -> HttpResponse:
        """The whole catalogue as a file to be saved."""
        if not self.may_exchange(request):
            raise PermissionDenied
        if written_as not in set(Format):
            raise Http404
        chosen = Format(written_as)
        day = timezone.localdate(timezone.now()).isoformat()
        return HttpResponse(
            write(load().present, chosen),
            content_type=CONTENT_TYPES[chosen],
            headers={
                "Content-Disposition": f'attachment; filename="catalogue-{day}.{chosen.value}"',
            },
        )

    def import_view(self, request: HttpRequest) -> HttpResponse:
        """Hand in a file, see what will change, agree to it."""
        if not self.may_exchange(request):
            raise PermissionDenied
        if request.method != "POST":
            return self._ask(request, UploadForm())
        if "ticket" in request.POST:
            return self._import(request)
        form = UploadForm(request.POST, request.FILES)
        if not form.is_valid():
            return self._ask(request, form)
        upload = form.cleaned_data["file"]
        file = CatalogueFile(upload.name, upload.read())
        return self._show(request, preview(file), _Waiting(file, form.cleaned_data["why"]))

    def _import(self, request: HttpRequest) -> HttpResponse:
        waiting = _Waiting.find(request, request.POST["ticket"])
        if waiting is None:
            self.message_user(
                request,
                gettext("The file is not here any more. Choose it again."),
                messages.WARNING,
            )
            return HttpResponseRedirect(reverse("admin:services_service_import"))
        try:
            plan = import_catalogue(
                file=waiting.file,
                actor=request.user,
                now=timezone.now(),
                address=address_of(request),
                reason=waiting.why,
                shown=request.POST.get("shown", ""),
            )
        except Unsound as refused:
            return self._show(request, refused.plan, waiting)
        except MovedOn as moved:
            self.message_user(
                request,
                gettext("The catalogue has changed since. This is what would change now."),
                messages.WARNING,
            )
            return self._show(request, moved.plan, waiting)
        added, changed = len(plan.creates), len(plan.changes)
        parts = [
            ngettext("%(count)s row was added.", "%(count)s rows were added.", added)
            % {"count": added},
            ngettext("%(count)s row was changed.", "%(count)s rows were changed.", changed)
            % {"count": changed},
        ]
        self.message_user(request, " ".join(parts), messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:services_service_changelist"))

    # --- Pages --------------------------------------------------------------------------

    def _ask(self, request: HttpRequest, form: UploadForm) -> HttpResponse:
        context = {**self._context(request), "form": form, "largest_mb": _LARGEST_MB}
        return TemplateResponse(request, "admin/services/exchange/upload.html", context)

    def _show(self, request: HttpRequest, plan: Plan, waiting: _Waiting) -> HttpResponse:
        sound = not plan.faults and not plan.is_empty
        context = {
            **self._context(request),
            "file": waiting.file,
            "plan": plan,
            "faults": plan.faults,
            "counts": [
                {"name": RECORD_NAMES[record], "added": added, "changed": changed}
                for record, (added, changed) in plan.counts().items()
            ],
            "changes": [_shown(item) for item in plan.changes[:_MOST_SHOWN]],
            "creates": [_shown(item) for item in plan.creates[:_MOST_SHOWN]],
            "most_shown": _MOST_SHOWN,
            "more_changes": len(plan.changes) - _MOST_SHOWN,
            "more_creates": len(plan.creates) - _MOST_SHOWN,
            "ticket": waiting.keep(request) if sound else None,
            "shown": plan.digest() if sound else None,
        }
        return TemplateResponse(request, "admin/services/exchange/preview.html", context)

    def _context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),
            "title": gettext("Import a catalogue"),
            "opts": self.opts,
        }


def _shown(item: Item) -> dict[str, Any]:
    return {
        "record": RECORD_NAMES[item.record],
        "name": " · ".join(filter(None, item.key[1:])),
        "line": item.line,
        "differences": item.differences(),
    }
